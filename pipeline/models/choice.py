"""Find the model of a name: a row, or two rows that share the work."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from pipeline.errors import BadOptions, ModelUnavailable, unknown_name
from pipeline.models import MODELS, ModelSpec, own

AUTO = "auto"
SMALL = "u2netp"
"""What `auto` asks first."""
STRONGER = ("isnet-general-use", "birefnet-general-lite", "isnet")
"""What `auto` asks when the first is unsure: the first of these whose weights are there. Free licences come first."""

_ONE = r"[a-z0-9][a-z0-9._-]{0,63}"
FORM = re.compile(rf"{_ONE}(\+{_ONE})?")
"""A model, or FIRST+STRONGER. The template has the same pattern."""


class Shelf(Protocol):
    """Where weights, and rows of models of your own, are kept."""

    def has(self, file: str) -> bool:
        """Whether the file is there."""
        ...

    def row(self, file: str) -> bytes | None:
        """The content of a row's file; None if it is not there."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine as a Shelf."""

    path: Path

    def has(self, file: str) -> bool:
        return (self.path / file).is_file()

    def row(self, file: str) -> bytes | None:
        try:
            return (self.path / file).read_bytes()
        except FileNotFoundError:
            return None


def chosen(name: str, shelf: Shelf) -> ModelSpec:
    """The row of a model by its name: of `MODELS`, of your own, "auto", or two names as FIRST+STRONGER.

    Raises BadOptions for a name that means nothing, and ModelUnavailable for a bad row and for "auto" without weights.
    """
    if FORM.fullmatch(name) is None:
        raise BadOptions(unknown_name("model", name, [*MODELS, AUTO]))
    first, plus, stronger = (SMALL, "+", _strongest(shelf)) if name == AUTO else name.partition("+")
    spec = _one(first, shelf)
    return replace(spec, stronger=_one(stronger, shelf)) if plus else spec


def _strongest(shelf: Shelf) -> str:
    for name in STRONGER:
        if shelf.has(MODELS[name].file):
            return name
    raise ModelUnavailable(
        f"Model auto needs the weights of one of {', '.join(STRONGER)} beside those of {SMALL}. Run `python -m weights "
        "auto`."
    )


def _one(name: str, shelf: Shelf) -> ModelSpec:
    if name in MODELS:
        return MODELS[name]
    data = shelf.row(f"{name}.json")
    if data is None:
        raise BadOptions(f"{unknown_name('model', name, [*MODELS, AUTO])} A model of your own needs {name}.json.")
    return own.parsed(name, data)
