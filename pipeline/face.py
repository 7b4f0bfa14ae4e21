"""The public functions of the package, which take images as bytes, paths, Pillow images or numpy arrays.

They call `pipeline.run` and `pipeline.apply`, as the command line and the functions on AWS do with bytes.
"""

import functools
import io
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pipeline import apply, models, run, segment
from pipeline.errors import UnsupportedFormat
from pipeline.models.choice import Folder, chosen
from pipeline.options import Options
from pipeline.report import AppliedReport, CutReport
from pipeline.segment import Segmenter
from pipeline.types import Result

ImageLike = bytes | str | PathLike[str] | Image.Image | NDArray[np.uint8]
"""An image: the bytes of a file, its path, a Pillow image, or sRGB pixels as uint8: (height, width) for grey, or
(height, width, 3 or 4), where the fourth channel is straight alpha."""

_DEFAULTS = Options()
_ANY_SIZE = 2**31
_PNG_MODES = frozenset(("1", "L", "LA", "P", "RGB", "RGBA", "I;16"))


def cut_out(image: ImageLike, options: Options = _DEFAULTS, *, model: Segmenter | None = None) -> Result[CutReport]:
    """Cut the subject out of an image.

    image: an ImageLike. A path, bytes and a Pillow image are turned upright by their EXIF orientation. options: how to
    cut and what to return, such as Options(background="white", crop=True, margin="5%") or Options(trimap=data).
    `max_bytes` limits files only, not pixels in memory. model: from `open_model`. None means u2netp, which is opened
    once and then reused.

    The same image, options and model give the same bytes. `result.to_pil()` and `result.to_numpy()` decode the cutout,
    `result.data` holds its file, and `result.report` says how far to trust it.

    Raises OSError if a path cannot be read; InputError if the image or the options are at fault (BadOptions,
    UnsupportedFormat, CorruptImage, ImageTooLarge, NoSubject); ModelUnavailable if the weights are missing;
    OutOfMemory; MattingFailed. All but the first are HairlineErrors.
    """
    data, options = _file(image, options)
    return run.cut_out(data, _default_model() if model is None else model, options)


def apply_matte(image: ImageLike, matte: ImageLike, options: Options = _DEFAULTS) -> Result[AppliedReport]:
    """Cut the subject out of an image with the matte of another size of it, without running the model or the solver.

    image: an ImageLike. matte: an ImageLike too: a grey matte, or a cutout, whose transparency is the matte. Its size
    may differ, but not its aspect ratio, so it must not be cropped. options: those that shape the output.

    Raises OSError if a path cannot be read; InputError if the image is at fault; BadOptions if the matte or an option
    is, AspectMismatch if the aspect ratios differ.
    """
    data, options = _file(image, options)
    alpha, options = _file(matte, options)
    return apply.apply_matte(data, alpha, options)


def open_model(
    name: str = "u2netp", *, folder: str | PathLike[str] = models.DEFAULT_FOLDER, threads: int | None = None
) -> Segmenter:
    """Open a model for `cut_out`. Open it once for many images; several threads may share it.

    name: of a model in docs/models.md, such as "isnet", or "auto", or a model of your own. folder: of the weights;
    `python -m weights NAME` downloads them. threads: None means as many as the process may use; the result does not
    depend on it.

    Raises BadOptions for an unknown name, ModelUnavailable if weights are missing or have the wrong checksum.
    """
    where = Path(folder)
    return segment.open_model(chosen(name, Folder(where)), where, threads=threads)


@functools.cache
def _default_model() -> Segmenter:
    return open_model()


def _file(image: ImageLike, options: Options) -> tuple[bytes, Options]:
    """The image as a lossless file, and the options to decode it with. Raises OSError, UnsupportedFormat."""
    if isinstance(image, bytes):
        return image, options
    if isinstance(image, str | PathLike):
        return Path(image).read_bytes(), options
    upright = ImageOps.exif_transpose(image) if isinstance(image, Image.Image) else Image.fromarray(_pixels(image))
    if upright.mode == "CMYK":
        form: dict[str, Any] = {"format": "TIFF"}
    elif upright.mode in _PNG_MODES:
        form = {"format": "PNG", "compress_level": 0}
    else:
        raise UnsupportedFormat(f"The image has Pillow's mode {upright.mode}. Convert it first: image.convert('RGB').")
    file = io.BytesIO()
    upright.save(file, icc_profile=upright.info.get("icc_profile"), **form)
    return file.getvalue(), replace(options, max_bytes=_ANY_SIZE)


def _pixels(array: Any) -> NDArray[np.uint8]:
    """The array itself. Raises UnsupportedFormat unless it is uint8 (H, W), (H, W, 3) or (H, W, 4) and not empty."""
    if not isinstance(array, np.ndarray):
        raise UnsupportedFormat(
            f"The image is a {type(array).__name__}. Pass bytes, a path, a Pillow image or a numpy array."
        )
    if array.dtype != np.uint8 or array.size == 0 or not (array.ndim == 2 or array.shape[2:] in ((3,), (4,))):
        raise UnsupportedFormat(
            f"The array is {array.dtype} of shape {array.shape}. Pass uint8 of shape (height, width), "
            "(height, width, 3) or (height, width, 4)."
        )
    return array
