"""The pages of a run are made from the reports on disk, whether its images were cut now or before."""

import re

import pytest

from pipeline.cli import gallery
from pipeline.cli.main import main
from tests.pipeline.cli.test_gallery import _names, _Reader


@pytest.fixture
def folder(tmp_path, photo, monkeypatch):
    monkeypatch.setattr(gallery, "PER_PAGE", 2)
    (tmp_path / "in").mkdir()
    for number in range(4):
        (tmp_path / f"in/{number}.jpg").write_bytes(photo + bytes(number))
    (tmp_path / "in/bad.jpg").write_bytes(b"<html>")
    return tmp_path


def pages(folder):
    return {path.name: path.read_text() for path in sorted((folder / "out").glob("*.html"))}


def test_many_images_are_shown_on_several_pages_that_link_to_each_other(folder):
    line = ["cut", str(folder / "in"), "-o", str(folder / "out"), "--sheet"]
    assert main(line) == 1
    made = pages(folder)
    assert list(made) == ["index-2.html", "index-3.html", "index.html"]
    shown = [_names(made[name]) for name in ("index.html", "index-2.html", "index-3.html")]
    assert shown == [["bad.jpg", "0.jpg"], ["1.jpg", "2.jpg"], ["3.jpg"]]
    for name, links in (
        ("index.html", ["index-2"]),
        ("index-2.html", ["index", "index-3"]),
        ("index-3.html", ["index-2"]),
    ):
        assert re.findall(r'<a href="./(index[^"]*).html">', made[name]) == links * 2  # above and below
        words = "".join(_Reader(made[name]).words)
        assert "5 images" in words
        assert re.search(r"Page \d of 3", words)
    assert main(line) == 1  # all of it done before
    assert pages(folder) == made


def test_surplus_pages_of_an_earlier_run_are_removed(folder):
    line = ["cut", str(folder / "in"), "-o", str(folder / "out"), "--sheet"]
    main(line)
    (folder / "out/index-9.html").write_text("mine")
    for name in ("3.jpg", "bad.jpg", "2.jpg"):
        (folder / "in" / name).unlink()
    assert main(line) == 0
    assert list(pages(folder)) == ["index-9.html", "index.html"]
    assert "Page" not in pages(folder)["index.html"]


def test_a_later_page_that_hairline_did_not_write_is_not_replaced(folder, capsys):
    (folder / "out").mkdir()
    (folder / "out/index-3.html").write_text("mine")
    assert main(["cut", str(folder / "in"), "-o", str(folder / "out"), "--sheet"]) == 2
    assert "index-3.html exists" in capsys.readouterr().err
