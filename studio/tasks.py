"""What the studio's worker processes do: each function is called in one of them, with arguments that can be pickled."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import segment, views
from pipeline.models import ModelSpec
from pipeline.options import Options
from pipeline.run import Analysis
from pipeline.segment import Segmenter
from pipeline.types import Encoded


@dataclass(frozen=True, slots=True)
class Model:
    """A model and where its weights are."""

    spec: ModelSpec
    folder: Path

    def open(self) -> Segmenter:
        """The model, opened once a process."""
        return _opened(self.spec, self.folder)


@functools.cache
def _opened(spec: ModelSpec, folder: Path) -> Segmenter:
    return segment.open_model(spec, folder)


@functools.lru_cache(maxsize=3)
def _analysed(path: Path, _modified: int, model: Model, options: Options) -> Analysis:
    """What the model sees in the image, reduced: no stroke changes it. _modified: so that a new file is read again."""
    return views.analyse(path.read_bytes(), model.open(), options)


def preview(path: Path, model: Model, options: Options) -> tuple[bytes, float]:
    """The cutout as a small PNG, and its confidence. Raises HairlineError, OSError."""
    return views.preview(functools.partial(_analysed, path, path.stat().st_mtime_ns, model), options)


def original(path: Path, options: Options) -> Encoded:
    """See `views.original`. Raises InputError, OSError."""
    return views.original(path.read_bytes(), options)


def thumbnail(path: Path, options: Options) -> Encoded:
    """See `views.thumbnail`. Raises InputError, OSError."""
    return views.thumbnail(path.read_bytes(), options)


def download(path: Path, alpha: Path, options: Options) -> tuple[Encoded, dict[str, Any]]:
    """See `views.download`. Raises HairlineError, OSError."""
    return views.download(path.read_bytes(), alpha.read_bytes(), options)
