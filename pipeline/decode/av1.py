"""The cost of decoding AV1, from the headers of a bitstream (AV1 Bitstream and Decoding Process, 5.3 to 5.9)."""

from collections.abc import Iterator

from pipeline.errors import CorruptImage

_SEQUENCE, _FRAMES = 1, (3, 6)
"""Types of OBU: a sequence header; and a frame header alone or with its frame."""
_MAX_UNITS = 2000
_LONGEST_HEADER = 512  # bytes; one with all 32 operating points has about 200
_DAMAGED = "This AVIF is damaged: its frames make no sense. Export it again."


def pixels(data: bytes) -> int:
    """The pixels of all frames together, each at the largest size that its sequence header allows.

    Raises CorruptImage.
    """
    total = largest = 0
    for kind, at, end in _units(data):
        if kind == _SEQUENCE:
            largest = _largest_frame(data[at : min(end, at + _LONGEST_HEADER)])
        elif kind in _FRAMES:
            total += largest
    return total


def _units(data: bytes) -> Iterator[tuple[int, int, int]]:
    """For each OBU, its type and the (start, end) of its contents."""
    at = 0
    for _ in range(_MAX_UNITS):
        if at >= len(data):
            return
        kind, extended, sized = data[at] >> 3 & 15, data[at] & 4, data[at] & 2
        at += 2 if extended else 1
        end = len(data)
        if sized:
            length, at = _leb128(data, at)
            end = at + length
        yield kind, at, end
        at = end
    raise CorruptImage(_DAMAGED)


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data[at : at + 8]):
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    raise CorruptImage(_DAMAGED)


class _Bits:
    def __init__(self, data: bytes) -> None:
        self.value, self.left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        """The next `count` bits as a number. Raises CorruptImage after the end."""
        self.left -= count
        if self.left < 0:
            raise CorruptImage(_DAMAGED)
        return self.value >> self.left & ((1 << count) - 1)


def _largest_frame(data: bytes) -> int:
    """The pixels of the largest frame that a sequence header allows."""
    bits = _Bits(data)
    bits.take(4)  # profile, still picture
    if bits.take(1):  # reduced still picture header
        bits.take(5)
    else:
        _skip_operating_points(bits)
    wide, high = bits.take(4) + 1, bits.take(4) + 1
    return (bits.take(wide) + 1) * (bits.take(high) + 1)


def _skip_operating_points(bits: _Bits) -> None:
    model = delay = 0
    if bits.take(1):  # timing info
        bits.take(64)
        if bits.take(1):  # equal picture interval, as uvlc()
            zeros = 0
            while not bits.take(1):
                zeros += 1
            bits.take(zeros)
        model = bits.take(1)
        if model:
            delay = bits.take(5) + 1
            bits.take(42)
    display = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:  # level
            bits.take(1)
        if model and bits.take(1):
            bits.take(2 * delay + 1)
        if display and bits.take(1):
            bits.take(4)
