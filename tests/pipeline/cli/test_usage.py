"""Wrong usage, wrong flags, and the help."""

import re
import shlex

import pytest

from pipeline.cli.arguments import parser
from pipeline.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cut", "{in}/nowhere.jpg", "-o", "{out}"], "nowhere.jpg does not exist"),
        (["cut", "{in}/a.jpg", "-o", "{in}"], "so results could overwrite originals. Choose another folder"),
        (["cut", "{in}", "-o", "{out}", "--trimap", "{in}/a.jpg"], "--trimap works with one image; you gave 3."),
        (["cut", "{in}", "-o", "{out}", "--format", "jpeg"], "cannot be transparent"),
        (["cut", "{in}", "-o", "{out}", "--canvas", "huge"], "hairline: --canvas is"),
        (["cut", "{in}", "-o", "{out}", "--shadow-opacity", "200"], "hairline: --shadow-opacity is 200, but must be"),
        (["cut", "{in}", "-o", "{out}", "--background", "whit"], "--background: 'whit' is neither a colour"),
        (["cut", "{in}", "-o", "{out}", "--background", "{in}/none.png"], "nor an image file"),
        (["cut", "{in}", "-o", "{out}", "--model", "u3net"], "Unknown model 'u3net'. Did you mean u2net?"),
        (["cut", "{in}", "-o", "{out}", "--model-dir", "{in}"], "weights"),
        (["cut", "{in}", "-o", "{out}", "--model", "auto", "--model-dir", "{half}"], "weights auto"),
        (["cut", "{empty}", "-o", "{out}"], "no image in"),
        (["matte", "{in}/a.jpg", "{in}/none.png", "-o", "{out}.png"], "cannot be read"),
    ],
)
def test_wrong_usage_exits_with_2_and_writes_nothing(folder, weights, capsys, arguments, words):
    for name in ("empty", "half"):
        (folder / name).mkdir()
    (folder / "half" / "u2netp.onnx").symlink_to(weights / "u2netp.onnx")
    names = {"in": folder / "in", "out": folder / "out"} | {name: folder / name for name in ("empty", "half")}
    assert main([argument.format(**names) for argument in arguments]) == 2
    assert words in capsys.readouterr().err
    assert not (folder / "out").exists()


@pytest.mark.parametrize("arguments", [[], ["cut"], ["cut", "a.jpg"], ["cut", "a", "-o", "b", "--jobs", "0"], ["fly"]])
def test_unknown_arguments_exit_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--jobs", "0"], "--jobs: must be a whole number of at least 1, not 0"),
        (["--shift", "wide"], "--shift: must be a number from -50 to 50, not 'wide'"),
        (["--format", "gif"], "--format: invalid choice: 'gif'"),
        (["--shadow_opacity", "30"], "unrecognized arguments: --shadow_opacity"),
    ],
)
def test_the_message_about_a_wrong_flag_says_what_it_must_be(arguments, words, capsys):
    with pytest.raises(SystemExit):
        main(["cut", "a.jpg", "-o", "out", *arguments])
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("command", ["cut", "apply", "matte"])
def test_the_help_shows_defaults_an_example_and_the_exit_status(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert caught.value.code == 0
    assert "exit status: 0 all went well" in text
    example = re.search(rf"example:.*?(hairline {command} .*?) exit status", text)[1]
    parser().parse_args(shlex.split(example)[1:])
    flags = re.findall(r" (--[a-z-]+)(?= [^-]*?\(default: )", text)
    assert flags
