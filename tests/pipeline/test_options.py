"""Every option is checked, named when it is wrong, and part of the digest exactly when it shapes the result."""

import dataclasses
import importlib.util
import json
import pickle
from pathlib import Path

import pytest

from handler.http import queries
from pipeline.cli import arguments, options_page
from pipeline.errors import BadOptions
from pipeline.geometry import Colour, Margin, Position, Region, Size
from pipeline.options import Options, kinds
from pipeline.options.row import GROUPS, Option
from pipeline.strokes import Stroke

BAD: dict[str, tuple[object, ...]] = {
    "max_megapixels": (0, -1, "50", True, None, float("nan")),
    "max_bytes": (0, 1.5, None),
    "shrink_to_megapixels": (0, 0.009, 1001, "1", True),
    "strokes": (b"", b"{}", "[]", {}, [{}], [{"tool": "pen", "radius": 1, "points": [[0, 0]]}], None),
    "holes": ("", "all", None, True),
    "matting": ("", "FAST", None, 1),
    "trimap": (b"", "trimap.png"),
    "scribbles": (b"", "strokes.png"),
    "roi": ("", "5%", "1 2 3", "1 2 3 4 5", "-1px 0 5 5", 5),
    "shift": (-51, 51, "1", None, True, float("nan")),
    "feather": (-1, 51, "1", None, True),
    "format": ("jpg", "gif", None),
    "quality": (0, 101, 50.5, "90", True),
    "channels": ("rgb", None),
    "depth": (1, 12, "8", True),
    "background": ("", "nocolour", "#12", "#00000000", b"", 255),
    "blend": ("gamma",),
    "crop": ("true", 1, None),
    "margin": ("", "-5px", "5 5 5", "5em", "1 2 3 4 5", 5, None),
    "scale": (9, 101, "50%", True),
    "position": ("", "middle", "50", "50% 50% 50%", "101%", 50),
    "canvas": ((0, 5), (5,), (5, 5, 5), (1.5, 2), (20_001, 1), (20_000, 20_000), "5", "20001x1", [5, 5, 5], [True, 5]),
    "shadow": ("soft", None, True),
    "shadow_opacity": (-1, 101, 50.5, "50", None, True),
    "marketplaces": (["etsy", 1], (1,), {"etsy": 1}, 1, None),
    "stages": ([["alpha"]], 1, None),
    "matte": ("true", 1, None),
    "threads": (0, -1, 1.5, True),
}
OPERATOR = {"max_megapixels", "max_bytes", "threads"}
GOOD = {
    "max_megapixels": 0.5,
    "max_bytes": 10,
    "shrink_to_megapixels": 0.01,
    "holes": "keep",
    "matting": "exact",
    "trimap": b"x",
    "scribbles": b"x",
    "strokes": (Stroke("keep", 2.5, ((1.0, 2.0),)), Stroke("matting", 8.0, ((1.5, 2.5), (30.0, 2.0)))),
    "roi": "10px 5% 300px 95%",
    "shift": -1.5,
    "feather": 2,
    "format": "webp",
    "quality": 100,
    "channels": "alpha",
    "depth": 8,
    "background": "rebeccapurple",
    "blend": "srgb",
    "crop": True,
    "margin": "10px 5% 0 2.5%",
    "scale": 10,
    "position": "20% 80%",
    "canvas": (20_000, 5_000),
    "shadow": "contact",
    "shadow_opacity": 0,
    "marketplaces": ("etsy", "amazon-main"),
    "stages": ("alpha", "trimap"),
    "matte": False,
    "threads": 4,
}


def test_every_option_is_in_these_tables():
    names = [field.name for field in dataclasses.fields(Options)]
    assert sorted(BAD) == sorted(GOOD) == sorted(names)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_bad_value_is_rejected_by_name(name, value):
    with pytest.raises(BadOptions, match=f"^{name} is "):
        Options(**{name: value})


PARSED = {
    "roi": Region.parse("10px 5% 300px 95%"),
    "background": Colour(102, 51, 153),
    "margin": Margin.parse("10px 5% 0 2.5%"),
    "position": Position(0.2, 0.8),
    "canvas": Size(20_000, 5_000),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_value_is_parsed_and_changes_the_digest_unless_only_the_operator_sets_it(name):
    options = Options(**{name: GOOD[name]})
    held = PARSED.get(name, GOOD[name])
    assert getattr(options, name) == held
    assert Options(**{name: held}) == options
    moved = options.digest() != Options().digest()
    assert moved == (name not in OPERATOR and held != getattr(Options(), name))


@pytest.mark.parametrize("name", [name for name in GOOD if name not in {"trimap", "scribbles", *OPERATOR}])
def test_the_description_of_a_value_is_canonical_json_that_gives_the_same_options(name):
    options = Options(**{name: GOOD[name]})
    described = json.loads(json.dumps(options.described()))
    again = Options().overridden_by({name: described[name]})
    assert again == options
    assert again.described() == described


@pytest.mark.parametrize(
    ("name", "given", "held"),
    [
        ("canvas", "800x600", Size(800, 600)),
        ("canvas", [800, 600], Size(800, 600)),
        ("marketplaces", "ebay, etsy", ("ebay", "etsy")),
        ("marketplaces", ["ebay"], ("ebay",)),
        ("marketplaces", ["ebay", "etsy", "ebay"], ("ebay", "etsy")),
        ("stages", "alpha,alpha", ("alpha",)),
        ("stages", "alpha,sheet", ("alpha", "sheet")),
        ("position", "original", "original"),
        ("background", b"image", b"image"),
        ("shift", 1, 1.0),
    ],
)
def test_text_is_parsed(name, given, held):
    assert getattr(Options(**{name: given}), name) == held


def test_values_are_parsed_once(monkeypatch):
    options = Options(margin="5%", roi="0 0 50% 50%", background="white", position="center", canvas="80x60")
    for type_ in (Margin, Region, Colour, Position, Size):
        monkeypatch.delattr(type_, "parse")
    assert dataclasses.replace(options, crop=True).margin is options.margin


def test_options_can_be_pickled_and_copied():
    options = Options(margin="5%", crop=True, threads=2)
    assert pickle.loads(pickle.dumps(options)) == options
    assert hash(dataclasses.replace(options)) == hash(options)
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.margin = "6%"


@pytest.mark.parametrize(
    "changes",
    [
        {"shrink_to_megapixels": 1, "trimap": b"x"},
        {"shrink_to_megapixels": 1, "scribbles": b"x"},
        {"depth": 16},
        {"depth": 16, "channels": "alpha", "format": "webp"},
        {"channels": "alpha", "background": "white"},
        {"channels": "alpha", "format": "zip"},
        {"format": "jpeg"},
        {"channels": "alpha", "shadow": "drop"},
    ],
)
def test_contradicting_options_are_rejected(changes):
    with pytest.raises(BadOptions):
        Options(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "webp"},
        {"format": "jpeg", "background": "white"},
        {"background": "white"},
        {"background": b"picture"},
        {"quality": 90},
        {"canvas": (1600, 1600)},
        {"crop": True},
        {"margin": "5%"},
        {"scale": 80},
        {"position": "center"},
        {"channels": "alpha"},
        {"shadow": "contact"},
    ],
)
def test_an_option_that_a_marketplace_sets_is_rejected_by_both_names(changes):
    with pytest.raises(BadOptions, match=f"{next(iter(changes))} .* the marketplace walmart"):
        Options(marketplaces=("etsy", "walmart"), **changes) if "shadow" in changes else Options(
            marketplaces=("walmart",), **changes
        )


@pytest.mark.parametrize("changes", [{"format": "auto"}, {"blend": "srgb"}, {"shadow": "drop"}, {"stages": ("alpha",)}])
def test_other_options_may_be_set_with_a_marketplace(changes):
    assert Options(marketplaces=("shopify", "etsy"), **changes).marketplaces == ("shopify", "etsy")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["amzon-main"], "Did you mean amazon-main"),
        (["etsy", "Amazon"], "Did you mean amazon-main"),
        ("ebay,shopfy", "Did you mean shopify"),
        (["zalando"], "Unknown marketplace 'zalando'. Known: amazon-main, google-shopping"),
        ("", "Known: "),
    ],
)
def test_the_message_for_an_unknown_marketplace_names_the_nearest(names, words):
    with pytest.raises(BadOptions, match=words):
        Options().overridden_by({"marketplaces": names})


def test_a_request_overrides_only_the_options_that_it_names():
    base = Options(format="webp", max_bytes=5)
    options = base.overridden_by({"canvas": "800x600", "stages": ["trimap"], "quality": 80})
    assert (options.format, options.max_bytes, options.canvas) == ("webp", 5, Size(800, 600))
    assert options.stages == ("trimap",)
    assert base.overridden_by({"marketplaces": []}).marketplaces == ()
    for names in (["ebay", "etsy"], "ebay,etsy", "ebay, etsy"):
        assert Options().overridden_by({"marketplaces": names}).marketplaces == ("ebay", "etsy")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"fromat": "png"}, "Unknown option 'fromat'. Did you mean format?"),
        ({"zzz": 1}, "Unknown option 'zzz'. Known: roi, holes"),
        ({"max_bytes": 1}, "max_bytes is set by the operator and cannot be changed for one image"),
        ({"max_megapixels": 60}, "one image. To shrink large images, use shrink_to_megapixels"),
        ({"threads": 1}, "threads is set by the operator"),
        ({"trimap": b"x"}, "trimap is an image file. Give it on the command line or in Python"),
        ({"canvas": "800"}, "canvas is '800'"),
        ({"stages": [["alpha"]]}, "stages is"),
        ({"format": {"a": 1}}, "format is"),
    ],
)
def test_a_wrong_request_is_rejected_by_name(request_, words):
    with pytest.raises(BadOptions, match=words):
        Options().overridden_by(request_)


def test_the_description_is_json_with_the_sha256_of_images():
    described = Options(trimap=b"abc", stages=("alpha",)).described()
    assert described["trimap"].startswith("sha256:ba7816bf")
    assert described["stages"] == ["alpha"]
    assert not set(described) & OPERATOR


@dataclasses.dataclass(frozen=True, kw_only=True)
class MoreOptions(Options):
    glow: Option[int, int] = Option(
        kinds.Whole(0, 9, metavar="LEVEL"), 3, "strength of the glow", group="Output", needs="background"
    )


def test_a_new_row_is_checked_and_described():
    assert MoreOptions().described()["glow"] == 3
    with pytest.raises(BadOptions, match=r"^glow is 10, but must be a whole number from 0 to 9\.$"):
        MoreOptions(glow=10)


def test_a_new_row_is_an_option_in_json():
    assert MoreOptions().overridden_by({"glow": 4}).glow == 4
    with pytest.raises(BadOptions, match="Did you mean glow"):
        MoreOptions().overridden_by({"glo": 4})


def test_a_new_row_is_a_flag_with_its_help():
    parser = arguments.parser(MoreOptions.table())
    assert parser.parse_args(["cut", "a.jpg", "-o", "out", "--glow", "5"]).glow == 5
    with pytest.raises(SystemExit):
        parser.parse_args(["cut", "a.jpg", "-o", "out", "--glow", "much"])


def test_a_new_row_is_in_the_help(capsys):
    with pytest.raises(SystemExit):
        arguments.parser(MoreOptions.table()).parse_args(["apply", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "--glow LEVEL strength of the glow; needs background (default: 3)" in text


def test_a_new_row_is_in_the_query_and_its_description():
    rows = queries.queries(MoreOptions.table())
    assert queries.changes({"glow": ["5"]}, rows) == {"glow": 5}
    (described,) = [parameter for parameter in queries.parameters(rows) if parameter["name"] == "glow"]
    assert described["schema"] == {"type": "integer", "minimum": 0, "maximum": 9}
    assert described["description"] == "Strength of the glow (default: 3)."


def test_a_new_row_is_in_the_documentation():
    line = "| `glow` | Strength of the glow. A whole number from 0 to 9. Needs background. | `3` | all |"
    assert line in options_page.page(MoreOptions.table()).splitlines()


def test_the_documentation_is_the_table():
    path = Path(__file__).resolve().parents[2] / "docs" / "options.md"
    assert path.read_text() == options_page.page(), "run `python -m pipeline.cli.options_page docs/options.md`"


@pytest.mark.parametrize("row", Options.table().values(), ids=lambda row: row.name)
def test_a_row_says_what_it_does_and_what_its_default_is(row):
    assert row.help[:1].islower()
    assert not row.help.endswith(".")
    assert row.group in GROUPS
    assert bool(row.unset) == (row.default in (None, ()))


@pytest.mark.pymatting
def test_pymatting_is_rejected_by_name_where_it_is_not_installed(monkeypatch):
    assert Options(matting="pymatting").matting == "pymatting"
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(BadOptions, match=r"matting pymatting needs the package pymatting.*Choose fast or exact"):
        Options(matting="pymatting")
    assert Options(matting="exact").matting == "exact"
