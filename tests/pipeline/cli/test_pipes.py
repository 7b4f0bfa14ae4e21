"""Images through standard input and output."""

import io
import sys

import pytest

from pipeline.cli.main import main
from tests.pipeline.cli.commands import contents, files_in


@pytest.fixture
def pipe(monkeypatch):
    """A function that replaces standard input with bytes, and returns a buffer that replaces standard output."""

    class Output(io.BytesIO):
        pass

    def connect(data):
        output = Output()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output))
        return output

    return connect


def test_an_image_goes_through_a_pipe(folder, photo, pipe):
    assert main(["cut", str(folder / "in/a.jpg"), "-o", str(folder / "out")]) == 0
    expected = (folder / "out/a.png").read_bytes()
    for source in ("-", str(folder / "in/a.jpg")):
        output = pipe(photo)
        assert main(["cut", source, "-o", "-"]) == 0
        assert output.getvalue() == expected
    output = pipe(photo)
    assert main(["cut", "-", "-o", str(folder / "piped")]) == 0
    assert files_in(folder / "piped") == ["stdin.png", "stdin.report.json"]
    assert (folder / "piped/stdin.png").read_bytes() == expected


def test_a_file_named_minus_is_not_standard_input_or_output(folder, photo, pipe, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "-").write_bytes(photo)
    pipe(b"")
    assert main(["cut", "./-", "-o", "out"]) == 0
    assert files_in(folder / "out") == ["-.png", "-.report.json"]
    (folder / "-").unlink()
    assert main(["cut", "in/a.jpg", "-o", "./-"]) == 0
    assert files_in(folder / "-") == ["a.png", "a.report.json"]


def test_a_rejected_image_leaves_standard_output_empty(folder, pipe, capsys):
    output = pipe(b"<html>")
    assert main(["cut", "-", "-o", "-"]) == 1
    assert output.getvalue() == b""
    assert "not_an_image" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cut", "-", "{in}/a.jpg", "-o", "{out}"], "Leave the other inputs out"),
        (["cut", "{in}", "-o", "-"], "Give one image"),
        (["cut", "{in}/a.jpg", "-o", "-", "--stages"], "writes the cutout alone"),
        (["apply", "-", "{in}/a.jpg", "-o", "{out}"], "hairline cut only"),
        (["apply", "{in}/a.jpg", "{in}/a.jpg", "-o", "-"], "hairline cut only"),
        (["matte", "{in}/a.jpg", "-", "-o", "{out}.png"], "hairline cut only"),
    ],
)
def test_a_pipe_is_rejected_where_it_makes_no_sense(folder, pipe, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(folder)
    before = contents(folder)
    output = pipe(b"")
    names = {"in": folder / "in", "out": folder / "out"}
    assert main([argument.format(**names) for argument in arguments]) == 2
    assert words in capsys.readouterr().err
    assert (output.getvalue(), contents(folder)) == (b"", before)


def test_an_image_is_never_written_to_a_terminal(folder, pipe, capsys):
    pipe(b"").isatty = lambda: True
    assert main(["cut", str(folder / "in/a.jpg"), "-o", "-"]) == 2
    assert "Redirect standard output" in capsys.readouterr().err
