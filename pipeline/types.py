"""The types that flow from stage to stage, each validated when it is created.

Each takes ownership of its arrays and makes them read-only, so that no later stage can change an earlier one's result.
A wrong shape, dtype or range is a bug in Hairline and raises AssertionError, even under `python -O`.
Two values are equal only if they are the same object, because comparing arrays gives no single truth value.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.box import Box
from pipeline.errors import BadOptions
from pipeline.models import ModelSpec
from pipeline.report import AppliedReport, CutReport, MattingFacts, SegmentFacts, TrimapFacts

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

BACKGROUND, UNKNOWN, FOREGROUND = 0, 128, 255
"""The three values that a trimap holds."""

_Scalar = TypeVar("_Scalar", bound=np.generic)
_Report_co = TypeVar("_Report_co", bound=CutReport | AppliedReport, covariant=True)


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _freeze(array: NDArray[_Scalar], name: str, dtype: type[_Scalar], *tail: int) -> NDArray[_Scalar]:
    """`array`, read-only and C-contiguous. Raises AssertionError unless it is (H, W, *tail) of `dtype`, not empty."""
    _check(array.dtype == dtype, f"{name} is {array.dtype}, expected {np.dtype(dtype)}")
    _check(
        array.ndim == 2 + len(tail) and array.shape[2:] == tail, f"{name} has shape {array.shape}, not (H, W, *{tail})"
    )
    _check(array.size > 0, f"{name} is empty: {array.shape}")
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def _check_unit_range(array: Float32, name: str) -> None:
    # NaN fails both comparisons, so this catches it as well.
    _check(bool(array.min() >= 0.0 and array.max() <= 1.0), f"{name} is not within 0..1")


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded image, upright, in sRGB.

    rgb: uint8 (H, W, 3). alpha: uint8 (H, W), the source's own transparency, or None if it is opaque. format: the
    source's file format in lower case, such as "jpeg". notes: what decoding left out or changed, for the user, such as
    "first of 12 frames".
    """

    rgb: UInt8
    alpha: UInt8 | None = None
    format: str = "raw"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "rgb", _freeze(self.rgb, "Picture.rgb", np.uint8, 3))
        if self.alpha is not None:
            object.__setattr__(self, "alpha", _freeze(self.alpha, "Picture.alpha", np.uint8))
            check_same_size(self.rgb, self.alpha)


@dataclass(frozen=True, slots=True, eq=False)
class ProbabilityMap:
    """The probability of each pixel to belong to the subject.

    values: float32 (H, W), 0..1, as the model gives them, not stretched to fill the range.
    cell: the side of one pixel of the model's input, in pixels of the picture; below 1 if the picture is smaller than
    the input. `values` show no detail finer than this.
    facts: for the report. spec: the model that gave the values, also for the report; None if no model did.
    """

    values: Float32
    cell: float
    facts: SegmentFacts = field(default_factory=SegmentFacts)
    spec: ModelSpec | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _freeze(self.values, "ProbabilityMap.values", np.float32))
        _check_unit_range(self.values, "ProbabilityMap.values")
        _check(self.cell > 0, f"ProbabilityMap.cell is {self.cell}")


@dataclass(frozen=True, slots=True, eq=False)
class Trimap:
    """values: uint8 (H, W), each BACKGROUND (0), UNKNOWN (128) or FOREGROUND (255). facts: for the report."""

    values: UInt8
    facts: TrimapFacts = field(default_factory=TrimapFacts)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _freeze(self.values, "Trimap.values", np.uint8))
        known = sum(np.count_nonzero(self.values == value) for value in (BACKGROUND, UNKNOWN, FOREGROUND))
        _check(known == self.values.size, f"Trimap.values holds {self.values.size - known} pixels of other values")


@dataclass(frozen=True, slots=True, eq=False)
class Matte:
    """alpha: float32 (H, W), 0..1, opacity; as matting returns it, equal to the trimap where that is known.

    facts: for the report.
    """

    alpha: Float32
    facts: MattingFacts = field(default_factory=MattingFacts)

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", _freeze(self.alpha, "Matte.alpha", np.float32))
        _check_unit_range(self.alpha, "Matte.alpha")


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """rgba: uint8 (H, W, 4), straight (not premultiplied) alpha, sRGB; RGB is zero where alpha is zero."""

    rgba: UInt8

    def __post_init__(self) -> None:
        object.__setattr__(self, "rgba", _freeze(self.rgba, "Cutout.rgba", np.uint8, 4))


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """An image that is ready to be encoded.

    rgb: uint8 (H, W, 3) sRGB, or None for alpha alone. alpha: float32 (H, W), 0..1, or None if the canvas is opaque. At
    least one of the two is set. subject: the box of the subject's visible part, in pixels of this canvas; None if there
    is none.
    """

    rgb: UInt8 | None
    alpha: Float32 | None
    subject: Box | None = None

    def __post_init__(self) -> None:
        _check(self.rgb is not None or self.alpha is not None, "Canvas has neither rgb nor alpha")
        if self.rgb is not None:
            object.__setattr__(self, "rgb", _freeze(self.rgb, "Canvas.rgb", np.uint8, 3))
        if self.alpha is not None:
            object.__setattr__(self, "alpha", _freeze(self.alpha, "Canvas.alpha", np.float32))
            _check_unit_range(self.alpha, "Canvas.alpha")
        if self.rgb is not None and self.alpha is not None:
            check_same_size(self.rgb, self.alpha)
        if self.subject is not None:
            box = self.subject
            filled = box.width > 0 and box.height > 0 and box == box.within(Box(0, 0, *self.size))
            _check(filled, f"Canvas.subject {self.subject} is empty or not within {self.size}")

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        array = self.rgb if self.rgb is not None else self.alpha
        assert array is not None  # for mypy: __post_init__ checked it
        return array.shape[1], array.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A finished file: its bytes, media type ("image/png") and file name extension without the dot ("png")."""

    data: bytes
    content_type: str
    extension: str

    def to_pil(self) -> Image.Image:
        """The image as Pillow decodes it, in mode RGBA, RGB, L or I;16. Raises BadOptions for a ZIP of two images."""
        if self.extension == "zip":
            raise BadOptions("format zip holds two images. Choose another format, or unzip the data.")
        image = Image.open(io.BytesIO(self.data))
        image.load()
        return image

    def to_numpy(self) -> NDArray[Any]:
        """The pixels: uint8 (H, W, 4), (H, W, 3) or, for a matte, (H, W); uint16 with depth 16. See `to_pil`."""
        return np.array(self.to_pil())


@dataclass(frozen=True, slots=True, eq=False)
class Result(Generic[_Report_co]):
    """The result of `cut_out` and `apply_matte`.

    output: the cutout, the matte or the composite, as the options say. stages: the images that `Options.stages` names,
    by name: "probability", "trimap" and "alpha" as PNG files of the size at which the image was cut, "sheet" as a JPEG.
    listings: the listing images, by marketplace. report: JSON values only; see `pipeline.report`.
    """

    output: Encoded
    stages: Mapping[str, Encoded]
    listings: Mapping[str, Encoded]
    report: _Report_co

    @property
    def data(self) -> bytes:
        """The bytes of `output`."""
        return self.output.data

    def to_pil(self) -> Image.Image:
        """`output` as a Pillow image; see `Encoded.to_pil`."""
        return self.output.to_pil()

    def to_numpy(self) -> NDArray[Any]:
        """`output` as an array; see `Encoded.to_numpy`."""
        return self.output.to_numpy()


def check_same_size(*arrays: NDArray[Any]) -> None:
    """Raise AssertionError unless all arrays have the same height and width."""
    sizes = {array.shape[:2] for array in arrays}
    _check(len(sizes) == 1, f"sizes differ between stages: {sorted(sizes)}")


def to_uint8(alpha: Float32) -> UInt8:
    """`alpha`, float32 (H, W) of 0..1, as uint8 of 0..255, rounded to nearest."""
    # OpenCV needs no float copy of the image. It returns uint8, which its type stubs do not say.
    return cv2.convertScaleAbs(alpha, alpha=255.0).astype(np.uint8, copy=False)
