"""The comparison with rembg, with Hairline's worker in the place of rembg's, which has an environment of its own."""

import sys

import pytest

from bench import results, speed

pytestmark = pytest.mark.slow


@pytest.fixture
def no_rembg(monkeypatch):
    monkeypatch.setitem(speed.COMMANDS, "rembg", speed.COMMANDS["Hairline"])


def test_the_methods_take_turns_and_the_table_has_times_and_peaks(no_rembg, photos, tmp_path, monkeypatch, capsys):
    page = tmp_path / "RESULTS.md"
    page.write_text("# Results\n")
    monkeypatch.setattr(results, "PATH", page)
    assert speed.main(["--photo", str(photos / "astronaut.png"), "--megapixels", "0.05", "--repeats", "1"]) == 0
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| 0.05 |")]
    values = [float(cell) for cell in row.split("|")[3:-1]]
    assert len(values) == 6
    assert 0.1 < values[2] < 10
    assert values[3] > 50
    assert 0.8 < values[5] < 1.25
    assert page.read_text() == "# Results\n"  # not all sizes were measured


def test_a_worker_that_ends_early_is_an_error(tmp_path):
    command = [sys.executable, "-c", "input()"]
    with speed.Worker(command) as worker, pytest.raises(RuntimeError, match="ended on"):
        worker.seconds(tmp_path / "in.jpg", tmp_path / "out.png")
