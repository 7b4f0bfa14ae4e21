"""A packed release: complete, the same bytes each time, and never half written."""

import os
import re
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

from layers import build, function
from layers.target import Target
from layers.tools import ToolMissing
from release import __main__ as release

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def layers(tmp_path: Path) -> dict[str, Path]:
    """A stand-in for each layer's zip: packing does not look into them."""
    made = {name: tmp_path / name / "layer.zip" for name in build.LAYERS}
    for path in made.values():
        path.parent.mkdir()
        path.write_text(path.parent.name)
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_two_packings_give_the_same_bytes(layers: dict[str, Path], tmp_path: Path) -> None:
    first = release.pack("x86_64", layers, tmp_path / "one")
    old = os.umask(0o077)
    try:
        again = release.pack("x86_64", layers, tmp_path / "two")
    finally:
        os.umask(old)
    assert contents(first) == contents(again)
    assert first.name == again.name == "hairline-0.1.0-x86_64"


@pytest.mark.slow
def test_two_builds_of_a_layer_give_the_same_bytes(tmp_path: Path) -> None:
    try:
        one, two = (
            build.build("SmallLayer", Target(), folder=tmp_path / name) / "layer.zip" for name in ("one", "two")
        )
    except ToolMissing as error:
        pytest.skip(f"the layer cannot be built here: {error}")
    assert one.read_bytes() == two.read_bytes()


def test_the_checksums_are_of_all_files(layers: dict[str, Path], tmp_path: Path) -> None:
    made = release.pack("x86_64", layers, tmp_path / "dist")
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=made, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    checked = {line.partition(":")[0] for line in done.stdout.splitlines()}
    assert checked == contents(made).keys() - {"SHA256SUMS"}
    assert {"LICENSE", "NOTICE", "DEPLOY.txt", "template.yaml"} < checked


def test_the_template_names_the_uploaded_files(layers: dict[str, Path], tmp_path: Path) -> None:
    made = release.pack("x86_64", layers, tmp_path / "dist")
    described = yaml.safe_load((made / "template.yaml").read_text())
    keys = [described["Globals"]["Function"]["CodeUri"]["Key"]]
    keys += [described["Resources"][name]["Properties"]["ContentUri"]["Key"] for name in build.LAYERS]
    upload = re.search(r"aws s3 cp \. s3://BUCKET/(\S+/) --recursive", (made / "DEPLOY.txt").read_text())
    assert upload
    assert sorted(keys) == sorted(f"{upload[1]}{path.name}" for path in made.glob("*.zip"))


def test_the_functions_zip_holds_the_deployed_files(layers: dict[str, Path], tmp_path: Path) -> None:
    (zipped,) = release.pack("x86_64", layers, tmp_path / "dist").glob("functions-*.zip")
    with zipfile.ZipFile(zipped) as archive:
        assert archive.namelist() == sorted(path.as_posix() for path in function.files())


def test_a_release_takes_the_place_of_an_older_one_and_leaves_nothing_else(
    layers: dict[str, Path], tmp_path: Path
) -> None:
    release.pack("x86_64", layers, tmp_path / "dist")
    layers["SmallLayer"].write_text("changed")
    made = release.pack("x86_64", layers, tmp_path / "dist")
    assert len(list(made.glob("SmallLayer-*.zip"))) == 1
    assert list((tmp_path / "dist").iterdir()) == [made]


def test_a_packing_that_fails_leaves_the_older_release(layers: dict[str, Path], tmp_path: Path) -> None:
    before = contents(release.pack("x86_64", layers, tmp_path / "dist"))
    layers["SmallLayer"].unlink()
    with pytest.raises(FileNotFoundError):
        release.pack("x86_64", layers, tmp_path / "dist")
    (left,) = (tmp_path / "dist").iterdir()
    assert contents(left) == before


def test_a_layer_that_cannot_be_built_is_a_message_and_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert release.main(["--interpreter", str(tmp_path / "python3.13")]) == 1
    assert "python3.13: does not run" in capsys.readouterr().err


def test_the_documentation_shows_the_releases_own_commands() -> None:
    own = re.findall(r"^    (aws .*)$", (ROOT / "release" / "DEPLOY.txt").read_text(), re.MULTILINE)
    assert len(own) == 3
    shown = (ROOT / "docs" / "deploy.md").read_text()
    assert all(line.replace("{name}", "hairline-0.1.0-x86_64") in shown.splitlines() for line in own)
