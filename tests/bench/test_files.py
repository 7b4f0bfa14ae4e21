"""A folder of odd files, one of each kind: all are read as Pillow reads them, cut, or rejected by name."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench import files
from pipeline import decode
from pipeline.types import Picture
from tests.pipeline.pictures import bmp, chunk, exif, gif, gradient, heic, in_two_tables, png, profile, samples, saved

RGB = gradient()
RGBA = np.dstack((RGB, np.where(RGB[..., 0] > 120, 255, 90).astype(np.uint8)))
INK = saved(Image.fromarray(np.dstack((RGB, RGB[..., 0] // 3)), "CMYK"), "JPEG", quality=95)
ADOBE = INK.index(b"\xff\xee")
DEEP = (RGB >> np.array((3, 2, 3), np.uint8)).astype(np.uint16)


def corpus() -> dict[str, bytes]:
    """Files by name."""
    found = {f"{name}.{name.split()[0]}": data for name, data in samples().items()}
    found |= {f"turned {turn}.jpg": saved(RGB, "JPEG", exif=b"Exif\0\0" + exif(turn)) for turn in range(1, 9)}
    found |= {f"turned {turn}.hif": heic(RGB, exif=b"Exif\0\0" + exif(turn)) for turn in range(1, 9)}
    return found | {
        "rgb565.bmp": bmp(
            (DEEP[..., 0] << 11 | DEEP[..., 1] << 5 | DEEP[..., 2])[::-1].tobytes(), 36, 24, 16, masks=(63488, 2016, 31)
        ),
        "without adobe's mark.jpg": INK[:ADOBE] + INK[ADOBE + 16 :],
        "from windows.jfif": saved(RGB, "JPEG"),
        "two views.mpo": saved(Image.fromarray(RGB), "MPO", save_all=True, append_images=[Image.fromarray(RGB)]),
        "small frame.gif": gif((50, 40), RGB, 6, 9),
        "old mac.png": png(RGB, chunk(b"gAMA", (55556).to_bytes(4, "big"))),
        "old cavif.avif": in_two_tables(saved(RGBA, "AVIF", speed=10, quality=95)),
        "damaged profile.png": saved(RGB, "PNG", icc_profile=profile()[:200]),
        "no ending": saved(RGB, "PNG"),
        "name\nwith a line.png": saved(RGB, "PNG"),
        "targa.tga": saved(RGB, "TGA"),
        "page.jpg": b"<html><body>Not found</body></html>",
        "empty.png": b"",
        "half.webp": saved(RGB, "WEBP")[:60],
        "document.pdf": b"%PDF-1.7",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in/sub").mkdir(parents=True)
    for name, data in corpus().items():
        (tmp_path / "in" / name).write_bytes(data)
    (tmp_path / "in/sub/rgb565.bmp").write_bytes(corpus()["rgb565.bmp"])  # a name that is there already
    return tmp_path / "in"


@pytest.mark.slow
def test_every_odd_file_is_cut_or_rejected(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = files.main([str(folder)])
    out = capsys.readouterr().out.splitlines()
    assert status == 0, out
    count = len(corpus()) + 1
    assert out == [
        f"{count - 5} decoded, 2 not_an_image, 1 empty_image, 1 truncated_image, 1 unsupported_format",
        f"{count - 5} cut, 5 rejected (2 not_an_image, 1 empty_image, 1 truncated_image, 1 unsupported_format)",
    ]


@pytest.mark.slow
def test_a_different_outcome_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("colour", "size", "crash", "good"):
        (tmp_path / f"{name}.png").write_bytes(saved(RGB, "PNG"))
    true, calls = decode.decode, iter(range(9))

    def wrong(data: bytes, **limits: Any) -> Picture:
        picture, call = true(data, **limits), next(calls)  # in the order of the names: colour, crash, good, size
        if call == 1:
            raise KeyError("6")
        rgb = {0: 255 - picture.rgb, 3: picture.rgb.swapaxes(0, 1)}.get(call, picture.rgb)
        return Picture(np.ascontiguousarray(rgb), None, format="png")

    monkeypatch.setattr(decode, "decode", wrong)
    assert files.main([str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "3 decoded, 1 failed" in out
    for words in (
        "colour.png: is ",
        "levels off Pillow",
        "crash.png: KeyError: '6'",
        "size.png: is 24 x 36 pixels, by",
    ):
        assert words in out
    assert "colour.png: its cutout is" in out
    assert "good.png" not in out
