"""Names of results: whatever the names of the inputs, no result overwrites another one or an input."""

import unicodedata
from pathlib import Path, PurePath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.names import REPORT, BadPaths, Source, assign, endings
from pipeline.encode import encode
from pipeline.options import STAGES, Options
from pipeline.types import Canvas

ROOT = PurePath("/data")
OUT = PurePath("/data/out")

NAMES = (
    *("a.jpg", "a.png", "A.JPG", "a", "a.png.png", "a.jpg-2", "a.alpha.jpg", "a.sheet.png", "a.report", "a.etsy.tif"),
    *("é.jpg", "e\u0301.jpg", "ß.gif", "SS.gif", "index", "\udcff.jpg", "out", "x", "X"),
)
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map(lambda parts: PurePath(*parts))
stages = st.lists(st.sampled_from(STAGES), unique=True)
runs = st.one_of(
    st.builds(Options, format=st.sampled_from(["webp", "tiff", "avif", "zip"]), stages=stages),
    st.builds(
        Options,
        format=st.sampled_from(["png", "auto"]),
        stages=stages,
        marketplaces=st.lists(st.sampled_from(["etsy", "ebay"]), unique=True),
    ),
)


def folded(path):
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", str(path)).casefold())


def source(path, *, depth=0):
    """The image at this path; the user named the folder `depth` levels above its own, or (0) the file."""
    absolute = ROOT / path
    parts = absolute.parent.parts
    return Source(Path(absolute), absolute, PurePath(*parts[len(parts) - depth :]))


def files(tasks):
    return [path for task in tasks for path in task.targets()]


def stems(*found, options=None):
    tasks = assign(found, Path("out"), OUT, endings(options or Options()))
    return [str(task.target("").relative_to("out")) for task in tasks]


@given(st.lists(st.tuples(paths, st.integers(0, 4)), unique_by=lambda item: item[0], max_size=8), paths, runs)
def test_no_two_results_share_a_name_and_none_is_an_input(inputs, out, options):
    taken = {path for path, _ in inputs}
    inputs = [(path, depth) for path, depth in inputs if not taken.intersection(path.parents)]  # as a file system is
    found = [source(path, depth=min(depth, len(path.parents) - 1)) for path, depth in inputs]
    root = ROOT / out
    try:
        tasks = assign(found, Path(root), root, endings(options), ["index.html"])
    except BadPaths:
        return
    assert [task.source for task in tasks] == [one.path for one in found]
    written = [folded(path) for path in [*files(tasks), root / "index.html"]]
    assert len(set(written)) == len(written)
    assert not set(written) & {folded(one.absolute) for one in found}
    folders = {folded(parent) for path in files(tasks) for parent in path.parents}
    assert not folders & set(written)
    assert not folders & {folded(one.absolute) for one in found}
    assert all(path.is_relative_to(root) for path in files(tasks))


@given(st.lists(paths, unique=True, min_size=1, max_size=8), runs)
def test_every_image_gets_a_name_if_the_output_is_elsewhere(inputs, options):
    found = [source(path) for path in inputs]
    elsewhere = PurePath("/elsewhere")
    assert len(assign(found, Path(elsewhere), elsewhere, endings(options))) == len(found)


def test_equal_names_in_two_folders_keep_the_folders():
    assert stems(source("c1/main.jpg"), source("c2/main.jpg"), source("c2/b.jpg")) == ["c1/main", "c2/main", "b"]


def test_as_few_folders_are_kept_as_distinguish_the_names():
    found = [source("shop/1/raw/main.jpg", depth=1), source("shop/2/raw/main.png", depth=1)]
    assert stems(*found) == ["1/raw/main", "2/raw/main"]


def test_equal_stems_keep_their_endings():
    assert stems(source("in/a.jpg"), source("in/a.png"), source("in/b.jpg")) == ["a.jpg", "a.png", "b"]


def test_names_that_differ_only_in_case_or_unicode_form_are_kept_apart():
    assert stems(source("in/p.jpg"), source("in/P.webp")) == ["p.jpg", "P.webp"]
    assert stems(source("in/p.jpg"), source("in/p.JPG")) == ["p.jpg", "p.JPG-2"]
    assert stems(source("in/é.jpg"), source("in/e\u0301.jpg")) == ["é.jpg", "e\u0301.jpg-2"]


def test_a_stage_of_one_image_is_not_the_cutout_of_another():
    options = Options(stages=("alpha",))
    assert stems(source("in/photo.alpha.jpg"), source("in/photo.jpg"), options=options) == ["photo.alpha", "photo.jpg"]
    assert stems(source("in/photo.alpha.jpg"), source("in/photo.jpg")) == ["photo.alpha", "photo"]


def test_a_folder_may_have_the_name_of_a_result():
    assert stems(source("in/cat.jpg"), source("in/cat.png/0.jpg", depth=1)) == ["cat.jpg", "cat.png/0"]


def test_results_never_go_into_the_folder_of_an_input():
    with pytest.raises(BadPaths, match="Choose another folder for -o"):
        assign([source("out/a.jpg")], Path("out"), OUT, (".png",))
    with pytest.raises(BadPaths, match="Choose another folder for -o"):
        assign([source("out/c1/a.jpg"), source("out/c2/a.jpg")], Path("out"), OUT, (".png",))


@pytest.mark.parametrize("form", ["png", "webp", "jpeg", "tiff", "avif", "zip", "auto"])
@pytest.mark.parametrize("opaque", [True, False])
def test_the_planned_endings_are_those_of_the_encoder(form, opaque):
    if form == "jpeg" and not opaque:
        return
    alpha = None if opaque else np.zeros((2, 2), np.float32)
    made = encode(Canvas(np.zeros((2, 2, 3), np.uint8), alpha), format=form)
    planned = endings(Options(format=form, background="white" if form == "jpeg" else None))
    assert f".{made.extension}" in planned
    assert planned[-1] == REPORT
