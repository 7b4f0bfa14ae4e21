"""The kind of the option `strokes`."""

from dataclasses import dataclass
from typing import Any

from pipeline import strokes
from pipeline.options.kinds import File


@dataclass(frozen=True)
class StrokeList(File):
    """Strokes as `pipeline.strokes` describes them: a list, or the bytes of a JSON file."""

    @property
    def form(self) -> str:
        return "a list of strokes"

    def read(self, value: Any) -> Any:
        return strokes.parse(value)

    def described(self, value: Any) -> Any:
        return [stroke.described() for stroke in value]
