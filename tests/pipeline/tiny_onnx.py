"""ONNX files of networks with a few nodes, written byte by byte, so that the tests do not need the package onnx.

The fields are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, in Protocol Buffers' wire format.
"""

import hashlib
import json
from pathlib import Path

FLOAT = 1


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _tensor(name: str, shape: tuple[int | str, ...]) -> bytes:
    dims = b"".join(_field(1, _field(2 if isinstance(side, str) else 1, side)) for side in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, FLOAT) + _field(2, dims)))


def _node(kind: str, source: str, target: str, *attributes: bytes) -> bytes:
    return _field(1, source) + _field(2, target) + _field(4, kind) + b"".join(_field(5, one) for one in attributes)


def brightness(side: int | str, *, last: str = "Sigmoid") -> bytes:
    """A network whose output, (1, 1, side, side), is `last` of the mean of the channels: bright pixels are subject."""
    axes = _field(1, "axes") + _field(8, 1) + _field(20, 7)
    graph = (
        _field(1, _node("ReduceMean", "image", "mean", axes))
        + _field(1, _node(last, "mean", "answer"))
        + _field(2, "brightness")
        + _field(11, _tensor("image", (1, 3, side, side)))
        + _field(12, _tensor("answer", (1, 1, side, side)))
    )
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))


def installed(folder: Path, name: str = "mine", data: bytes | None = None, **row: object) -> Path:
    """`folder` with such a network and its row; row: what is other than usual in it."""
    data = brightness(64) if data is None else data
    (folder / f"{name}.onnx").write_bytes(data)
    usual = {
        "file": f"{name}.onnx",
        "sha256": hashlib.sha256(data).hexdigest(),
        "side": 64,
        "mean": [0.5, 0.5, 0.5],
        "std": [0.05, 0.05, 0.05],
        "licence": "LicenseRef-ours",
    }
    (folder / f"{name}.json").write_text(json.dumps(usual | row))
    return folder
