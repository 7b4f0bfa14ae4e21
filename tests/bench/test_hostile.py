"""The worst file of each kind is decoded or rejected within the limits on time and memory."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from bench import hostile
from bench.hostile_files import KINDS
from pipeline import decode

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc"),
]


@pytest.mark.parametrize("name", KINDS)
def test_a_hostile_file_costs_little(name: str) -> None:
    build, most = KINDS[name]
    data = build(*most)
    assert len(data) <= hostile.MAX_BYTES
    found = hostile.cost(data)
    assert found.acceptable, found


@pytest.mark.parametrize("name", KINDS)
def test_a_small_hostile_file_costs_next_to_nothing(name: str) -> None:
    build, most = KINDS[name]
    found = hostile.cost(build(*[min(limit, 64) for limit in most]))
    assert found.outcome
    assert found.seconds < 1
    assert found.megabytes < 100


def test_the_cost_of_an_image_is_measured() -> None:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (2000, 3000, 3), np.uint8)).save(file, "JPEG")
    found = hostile.cost(file.getvalue())
    assert found.outcome == "3000 x 2000"
    assert found.seconds > 0.02
    assert 18 < found.megabytes < 60  # the file, and Pillow's copy of four bytes a pixel


def test_a_process_that_ends_without_an_outcome_is_not_acceptable(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(decode, "decode", crash)
    assert not hostile.cost(b"").acceptable


def test_the_exit_status_says_whether_a_file_cost_too_much(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hostile, "KINDS", {"gif blocks": KINDS["gif blocks"]})
    assert hostile.main(["--files", "2"]) == 0
    monkeypatch.setattr(hostile, "MAX_SECONDS", 0.0)
    assert hostile.main(["--files", "2"]) == 1
    assert capsys.readouterr().out.count("TOO MUCH") == 2
