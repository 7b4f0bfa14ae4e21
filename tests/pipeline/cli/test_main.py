"""The command line as a user runs it: input files, output files, exit codes, and no half-written files."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from pipeline import matting
from pipeline.cli.main import main
from pipeline.errors import OutOfMemory
from tests.pipeline.cli.commands import contents, files_in


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_bad_image_in_a_folder_is_rejected_and_the_others_are_cut(folder, capsys, jobs):
    assert main(["cut", str(folder / "in"), "-o", str(folder / "out"), "--jobs", jobs]) == 1
    names = ["a.png", "a.report.json", "page.report.json", "sub/b.png", "sub/b.report.json"]
    assert files_in(folder / "out") == names
    report = json.loads((folder / "out/page.report.json").read_text())
    assert (report["status"], report["reason"]["code"]) == ("rejected", "not_an_image")
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert [line for line in err.splitlines() if "not_an_image" in line]


def test_stages_are_written_beside_the_cutout(folder):
    assert main(["cut", str(folder / "in/a.jpg"), "-o", str(folder / "out"), "--stages", "--format", "webp"]) == 0
    endings = ["alpha.png", "probability.png", "report.json", "trimap.png", "webp"]
    assert files_in(folder / "out") == [f"a.{ending}" for ending in endings]


def test_a_folder_gets_contact_sheets_and_a_page_that_links_to_them(folder):
    assert main(["cut", str(folder / "in"), "-o", str(folder / "out"), "--sheet"]) == 1
    written = files_in(folder / "out")
    assert [name for name in written if "sheet" in name] == ["a.sheet.jpg", "sub/b.sheet.jpg"]
    page = (folder / "out/index.html").read_text()
    links = {link.removeprefix("./") for link in re.findall(r'(?:href|src)="([^"]*)"', page)}
    assert links == set(written) - {"index.html"}
    assert "not_an_image" in page
    with Image.open(folder / "out/a.sheet.jpg") as sheet:
        assert sheet.width > 4 * 240


def test_the_sheet_of_one_image_does_not_replace_an_existing_page(folder):
    (folder / "out").mkdir()
    (folder / "out/index.html").write_text("mine")
    assert main(["cut", str(folder / "in/a.jpg"), "-o", str(folder / "out"), "--sheet"]) == 0
    assert files_in(folder / "out") == ["a.png", "a.report.json", "a.sheet.jpg", "index.html"]
    assert (folder / "out/index.html").read_text() == "mine"


def test_options_shape_the_result(folder):
    arguments = ["--background", "#ff0000", "--format", "jpeg", "--canvas", "300x200", "--crop", "--margin", "5%"]
    assert main(["cut", str(folder / "in/a.jpg"), "-o", str(folder / "out"), *arguments]) == 0
    with Image.open(folder / "out/a.jpg") as made:
        assert (made.size, made.mode, made.format) == ((300, 200), "RGB", "JPEG")
        assert made.getpixel((1, 1))[0] > 240


def test_a_matte_from_the_users_trimap_has_16_bits(folder, photo):
    grey = np.full((256, 256), 128, np.uint8)
    grey[:60], grey[200:] = 0, 255
    Image.fromarray(grey).save(folder / "trimap.png")
    for method in ("fast", "exact"):
        target = folder / f"{method}.png"
        command = ["matte", str(folder / "in/a.jpg"), str(folder / "trimap.png"), "-o", str(target), "--method", method]
        assert main(command) == 0
        with Image.open(target) as made:
            alpha = np.array(made)
        assert (alpha.dtype, alpha.shape) == (np.uint16, (256, 256))
        assert (alpha[:60] == 0).all()
        assert (alpha[200:] == 65535).all()
        assert len(np.unique(alpha)) > 300


def test_a_matte_that_fails_exits_with_1(folder, capsys, monkeypatch):
    def too_large(*_, **__):
        raise OutOfMemory("There is not enough memory.")

    monkeypatch.setattr(matting, "solve", too_large)
    Image.fromarray(np.full((256, 256), 255, np.uint8)).save(folder / "trimap.png")
    assert main(["matte", str(folder / "in/a.jpg"), str(folder / "trimap.png"), "-o", str(folder / "x.png")]) == 1
    assert "a.jpg: out_of_memory: There is not enough memory." in capsys.readouterr().err


def test_a_rejected_matte_exits_with_1(folder, capsys):
    assert main(["matte", str(folder / "in/a.jpg"), str(folder / "in/page.jpg"), "-o", str(folder / "x.png")]) == 1
    assert "bad_options: The trimap: This is an HTML page" in capsys.readouterr().err
    assert not (folder / "x.png").exists()


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_leaves_only_whole_files(folder, photo, jobs):
    for number in range(60):
        (folder / f"in/{number:02}.jpg").write_bytes(photo)
    command = [sys.executable, "-m", "pipeline", "cut", str(folder / "in"), "-o", str(folder / "out"), "--jobs", jobs]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True, text=True)
    while not list((folder / "out").rglob("*.report.json")):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not list((folder / "out").rglob("*.part"))
    for path in (folder / "out").rglob("*.png"):
        with Image.open(path) as made:
            made.load()
    for path in (folder / "out").rglob("*.report.json"):
        report = json.loads(path.read_text())
        assert report["status"] == "rejected" or path.with_name(path.name.replace(".report.json", ".png")).exists()


def test_one_matte_is_applied_to_other_sizes(folder, capsys):
    assert main(["cut", str(folder / "in/a.jpg"), "-o", str(folder / "cut")]) == 0
    with Image.open(folder / "in/a.jpg") as picture:
        for name, size in (("small", (100, 100)), ("large", (500, 500)), ("wide", (300, 200))):
            (folder / "sizes").mkdir(exist_ok=True)
            picture.resize(size).save(folder / f"sizes/{name}.png")
    line = ["apply", str(folder / "cut/a.png"), str(folder / "sizes"), "-o", str(folder / "out"), "--format", "webp"]
    assert main(line) == 1
    names = ["large.report.json", "large.webp", "small.report.json", "small.webp", "wide.report.json"]
    assert files_in(folder / "out") == names
    assert json.loads((folder / "out/wide.report.json").read_text())["reason"]["code"] == "aspect_mismatch"
    with Image.open(folder / "out/large.webp") as made:
        assert made.size == (500, 500)
        assert 60 < np.asarray(made.getchannel("A")).mean() < 200
    assert "wide.png: aspect_mismatch" in capsys.readouterr().err


def test_the_matte_is_not_overwritten(folder):
    (folder / "sizes").mkdir()
    (folder / "sizes/a.jpg").write_bytes((folder / "in/a.jpg").read_bytes())
    Image.new("L", (256, 256), 255).save(folder / "in/a.png")
    assert main(["apply", str(folder / "in/a.png"), str(folder / "sizes"), "-o", str(folder / "in")]) == 2
    assert not list((folder / "in").glob("*.report.json"))


def test_listings_are_written_beside_the_cutout(folder, capsys):
    line = ["cut", str(folder / "in/a.jpg"), "-o", str(folder / "out"), "--marketplace", "amazon-main,etsy"]
    assert main(line) == 1, "a small image, enlarged, breaks the rules of both"
    assert "breaks amazon-main: touches_edge 0.4004 (at most 0), enlarged 7.8125 (at most 2)" in capsys.readouterr().out
    assert files_in(folder / "out") == ["a.amazon-main.jpg", "a.etsy.jpg", "a.png", "a.report.json"]
    assert main([*line[:-1], "amazon-mian"]) == 2
    assert "Unknown marketplace 'amazon-mian'. Did you mean amazon-main?" in capsys.readouterr().err


def test_equal_names_in_two_folders_are_both_cut(folder, photo):
    for name in ("c1", "c2"):
        (folder / name).mkdir()
        (folder / name / "main.jpg").write_bytes(photo)
    assert main(["cut", str(folder / "c1"), str(folder / "c2"), "-o", str(folder / "out")]) == 0
    assert [name for name in files_in(folder / "out") if name.endswith(".png")] == ["c1/main.png", "c2/main.png"]


def test_a_matte_replaces_neither_its_inputs_nor_another_file(folder, capsys):
    Image.fromarray(np.full((256, 256), 255, np.uint8)).save(folder / "trimap.png")
    (folder / "in/a.png").write_bytes((folder / "in/a.jpg").read_bytes())
    (folder / "link.png").symlink_to(folder / "in/a.png")
    before = contents(folder)
    command = ["matte", str(folder / "in/a.png"), str(folder / "trimap.png"), "-o"]
    wrong = {
        "trimap.png": "is the input",
        "in/a.png": "is the input",
        "link.png": "is the input",
        "in/b.jpg": "must end in .png",
        "in/none.jpg": "must end in .png",
        "in": "must end in .png",
    }
    for name, words in wrong.items():
        assert main([*command, str(folder / name)]) == 2
        assert words in capsys.readouterr().err
    assert contents(folder) == before
    (folder / "mine.png").write_bytes(b"mine")
    assert main([*command, str(folder / "mine.png")]) == 2
    assert "exists" in capsys.readouterr().err
    assert (folder / "mine.png").read_bytes() == b"mine"
    assert main([*command, str(folder / "mine.png"), "--force"]) == 0
    assert (folder / "mine.png").read_bytes() != b"mine"


def test_a_rejection_removes_the_results_of_an_earlier_run(folder, capsys):
    line = ["cut", str(folder / "in/a.jpg"), "-o", str(folder / "out"), "--stages"]
    assert main(line) == 0
    (folder / "out/a.note.txt").write_text("mine")
    (folder / "in/a.jpg").write_bytes(b"xx")
    assert main(line) == 1
    assert files_in(folder / "out") == ["a.note.txt", "a.report.json"]
    report = json.loads((folder / "out/a.report.json").read_text())
    assert report["source"] == {"name": "a.jpg", "sha256": hashlib.sha256(b"xx").hexdigest()}
    assert report["files"] == []


def test_another_format_replaces_the_cutout_of_an_earlier_run(folder):
    line = ["cut", str(folder / "in/a.jpg"), "-o", str(folder / "out")]
    assert main([*line, "--stages"]) == 0
    assert main([*line, "--format", "webp"]) == 0
    assert files_in(folder / "out") == ["a.report.json", "a.webp"]


def test_a_file_that_hairline_did_not_write_is_replaced_only_with_force(folder, capsys):
    (folder / "out").mkdir()
    (folder / "out/b.png").write_bytes(b"mine")
    line = ["cut", str(folder / "in/a.jpg"), str(folder / "in/sub/b.jpg"), "-o", str(folder / "out")]
    assert main(line) == 2
    assert "out/b.png exists" in capsys.readouterr().err
    assert contents(folder / "out") == {folder / "out/b.png": b"mine"}
    assert main([*line, "--force"]) == 0
    assert (folder / "out/b.png").read_bytes() != b"mine"


def test_an_image_over_the_limit_is_accepted_if_it_is_shrunk(folder, capsys):
    with Image.open(folder / "in/a.jpg") as picture:
        picture.resize((7200, 7200)).save(folder / "in/a.jpg", quality=30)
    line = ["cut", str(folder / "in/a.jpg"), "-o", str(folder / "out")]
    assert main(line) == 1
    err = capsys.readouterr().err
    assert "51.8 megapixels" in err
    assert "--max-megapixels" in err
    assert main([*line, "--shrink-to-megapixels", "0.1", "--max-megapixels", "50"]) == 1
    assert main([*line, "--shrink-to-megapixels", "0.1"]) == 0
    report = json.loads((folder / "out/a.report.json").read_text())
    assert (report["source"]["width"], report["output"]["width"]) == (7200, 316)


def test_a_listing_that_breaks_a_rule_needs_review_on_the_page(folder):
    (folder / "in/page.jpg").unlink()
    line = ["cut", str(folder / "in"), "-o", str(folder / "out"), "--sheet", "--marketplace", "etsy"]
    assert main(line) == 1
    page = (folder / "out/index.html").read_text()
    assert "2 images, 2 of which need review" in page
    assert page.count("Listing image breaks etsy: touches_edge 0.4004 (at most 0), enlarged 7.8125 (at most 2).") == 2


def test_a_trimap_without_exact_values_is_rejected_with_its_range(folder, capsys):
    grey = np.full((256, 256), 128, np.uint8)
    grey[:60], grey[200:] = 1, 254
    Image.fromarray(grey).save(folder / "trimap.png")
    assert main(["matte", str(folder / "in/a.jpg"), str(folder / "trimap.png"), "-o", str(folder / "x.png")]) == 1
    assert "bad_options: trimap is unknown everywhere: its values are 1 to 254" in capsys.readouterr().err
