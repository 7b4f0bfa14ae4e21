"""The networks that Hairline knows, as data. What differs between two of them is a row, never a class.

Checksums of u2netp: md5 as rembg publishes it for its release file; sha256 of that same file.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import BadOptions, ModelUnavailable


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """How to feed a network, and who says that we may.

    file: its name in a folder of models. sha256, size (bytes): of that file.
    side: the network's square input, in pixels. mean, std: of each RGB channel on the scale 0..1:
    input = (pixel / 255 - mean) / std. licence: the weights' SPDX name. source: where they were published.
    """

    name: str
    file: str
    sha256: str
    size: int
    side: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    licence: str
    source: str


_IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}

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
        ),
    )
}

DEFAULT_FOLDER = Path(__file__).resolve().parent.parent / "models"
"""Where set-up puts the weights in a checkout."""


def named(name: str) -> ModelSpec:
    """The row of that name. Raises BadOptions."""
    if name not in MODELS:
        raise BadOptions(f"There is no model {name!r}. There are: {', '.join(MODELS)}.")
    return MODELS[name]


def read_weights(spec: ModelSpec, folder: Path) -> bytes:
    """The weights' bytes, checked. Raises ModelUnavailable where they are missing or not the ones that we know."""
    path = folder / spec.file
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelUnavailable(
            f"The weights of {spec.name} are not in {folder}: run `python -m layers.fetch {spec.name}`."
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != spec.sha256:
        raise ModelUnavailable(f"{path} has sha256 {found}, but {spec.name} is {spec.sha256}: fetch it again.")
    return data
