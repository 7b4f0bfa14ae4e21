"""A model of your own: a JSON row beside its weights, read into a `ModelSpec`.

docs/models.md shows the row. Every value is checked, because people write it by hand.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from pipeline.errors import ModelUnavailable
from pipeline.models import Closer, ModelSpec
from pipeline.options.kinds import Number, Switch, Whole

MOST_LOOKS = 4
"""Closer looks. Each costs as much as the first."""


def parsed(name: str, data: bytes) -> ModelSpec:
    """The row of the model `name`. data: the bytes of NAME.json. Raises ModelUnavailable, which names what is wrong."""
    file = f"{name}.json"
    try:
        row = json.loads(data)
    except ValueError as error:  # also bytes that are not UTF-8
        raise ModelUnavailable(f"{file} is not JSON: {error}.") from error
    if not isinstance(row, dict):
        raise ModelUnavailable(f"{file} must be a JSON object with the keys {', '.join(_REQUIRED)}.")
    for key in row:
        if key not in _KEYS:
            raise ModelUnavailable(f"{file} has the unknown key {key!r}. Known: {', '.join(_KEYS)}.")
    for key in _REQUIRED:
        if key not in row:
            raise ModelUnavailable(f"{file} lacks the key {key!r}.")
    return ModelSpec(name=name, size=0, **{key: _read(file, key, value) for key, value in row.items()})


def _read(file: str, key: str, value: Any) -> Any:
    form, read = _KEYS[key]
    try:
        return read(value)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        shown = json.dumps(value)
        shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
        raise ModelUnavailable(f"{file}: {key} is {shown}, but must be {form}.") from error


def _text(pattern: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(value)
        return str(value)

    return read


def _three(read: Callable[[Any], float]) -> Callable[[Any], tuple[float, float, float]]:
    def all_three(value: Any) -> tuple[float, float, float]:
        red, green, blue = map(read, value)
        return red, green, blue

    return all_three


def _looks(value: Any) -> tuple[Closer, ...]:
    if len(value) > MOST_LOOKS or any(look.keys() != {"above", "widened"} for look in map(dict, value)):
        raise ValueError(value)
    return tuple(Closer(Number(0, 1).read(look["above"]), Number(0, 10).read(look["widened"])) for look in value)


_KEYS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "file": ("a file name that ends in .onnx, without a folder", _text(r"\w[\w.-]*\.onnx")),
    "sha256": ("64 lower-case hexadecimal digits", _text(r"[0-9a-f]{64}")),
    "side": ("a whole number of pixels from 32 to 4096", Whole(32, 4096).read),
    "mean": ("three numbers from -1000 to 1000", _three(Number(-1000, 1000).read)),
    "std": ("three numbers from 0.000001 to 1000", _three(Number(1e-6, 1000).read)),
    "licence": ("1 to 100 characters in one line", _text(r"[^\n]{1,100}")),
    "source": ("1 to 500 characters in one line", _text(r"[^\n]{1,500}")),
    "logits": ("true or false", Switch().read),
    "stretched": ("a percentage from 0 to 20", Number(0, 20).read),
    "closer": (f"up to {MOST_LOOKS} objects with above (0 to 1) and widened (0 to 10)", _looks),
}
"""Each key's form, which completes "must be ...", and what reads it."""
_REQUIRED = ("file", "sha256", "side", "mean", "std", "licence")
