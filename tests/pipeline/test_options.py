"""Every option is checked, named when it is wrong, and part of the digest exactly when it shapes the result."""

import dataclasses

import pytest

from pipeline.errors import BadOptions
from pipeline.options import LIMITS, Options

BAD = {
    "max_megapixels": (0, -1, "50", True, None, float("nan")),
    "max_bytes": (0, 1.5, None),
    "megapixels": (0, 0.009, 1001, "1", True),
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
    "canvas": ((0, 5), (5,), (5, 5, 5), (1.5, 2), (20_001, 1), (20_000, 20_000), "5x5", [5, 5]),
    "shadow": ("soft", None, True),
    "shadow_opacity": (-1, 101, 50.5, "50", None, True),
    "marketplaces": (("amzon-main",), "etsy", ["etsy"], (1,), None),
    "stages": (("cutout",), "alpha", ["alpha"], None),
    "threads": (0, -1, 1.5, True),
}
GOOD = {
    "max_megapixels": 0.5,
    "max_bytes": 10,
    "megapixels": 0.01,
    "matting": "exact",
    "trimap": b"x",
    "scribbles": b"x",
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
    "threads": 4,
}


def test_every_option_is_in_these_tables():
    names = [field.name for field in dataclasses.fields(Options)]
    assert sorted(BAD) == sorted(GOOD) == sorted(names)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_bad_value_is_refused_by_name(name, value):
    with pytest.raises(BadOptions, match=f"^{name} is "):
        Options(**{name: value})


@pytest.mark.parametrize("name", GOOD)
def test_a_good_value_is_kept_and_moves_the_digest_unless_it_is_a_limit(name):
    options = Options(**{name: GOOD[name]})
    assert getattr(options, name) == GOOD[name]
    moved = options.digest() != Options().digest()
    assert moved == (name not in LIMITS and GOOD[name] != getattr(Options(), name))


@pytest.mark.parametrize(
    "wish",
    [
        {"megapixels": 1, "trimap": b"x"},
        {"megapixels": 1, "scribbles": b"x"},
        {"depth": 16},
        {"depth": 16, "channels": "alpha", "format": "webp"},
        {"channels": "alpha", "background": "white"},
        {"channels": "alpha", "format": "zip"},
        {"format": "jpeg"},
        {"channels": "alpha", "shadow": "drop"},
    ],
)
def test_what_does_not_go_together_is_refused(wish):
    with pytest.raises(BadOptions):
        Options(**wish)


@pytest.mark.parametrize(
    "wish",
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
def test_what_a_profile_decides_itself_is_refused_by_both_names(wish):
    with pytest.raises(BadOptions, match=f"{next(iter(wish))} .* the marketplace walmart"):
        Options(marketplaces=("etsy", "walmart"), **wish) if "shadow" in wish else Options(
            marketplaces=("walmart",), **wish
        )


@pytest.mark.parametrize("wish", [{"format": "auto"}, {"blend": "srgb"}, {"shadow": "drop"}, {"stages": ("alpha",)}])
def test_what_a_profile_leaves_open_may_be_asked_for(wish):
    assert Options(marketplaces=("shopify", "etsy"), **wish).marketplaces == ("shopify", "etsy")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["amzon-main"], "Did you mean amazon-main"),
        (["etsy", "Amazon"], "Did you mean amazon-main"),
        ("ebay,shopfy", "Did you mean shopify"),
        (["zalando"], "There are: amazon-main, google-shopping"),
        ("", "There are: "),
    ],
)
def test_an_unknown_profile_is_told_the_near_one(names, words):
    with pytest.raises(BadOptions, match=words):
        Options().overlaid({"marketplaces": names})


def test_a_request_is_laid_over_and_leaves_the_rest():
    base = Options(format="webp", max_bytes=5)
    options = base.overlaid({"canvas": "800x600", "stages": ["trimap"], "quality": 80})
    assert (options.format, options.max_bytes, options.canvas) == ("webp", 5, (800, 600))
    assert base.overlaid({"canvas": [800, 600]}).canvas == (800, 600)
    assert options.stages == ("trimap",)
    assert base.overlaid({"marketplaces": []}).marketplaces == ()
    for names in (["ebay", "etsy"], "ebay,etsy", "ebay, etsy"):
        assert Options().overlaid({"marketplaces": names}).marketplaces == ("ebay", "etsy")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"fromat": "png"}, "Did you mean format"),
        ({"zzz": 1}, "There are: megapixels"),
        ({"max_bytes": 1}, "no option 'max_bytes'"),
        ({"canvas": "800"}, "canvas is '800'"),
        ({"stages": [["alpha"]]}, "stages is"),
        ({"format": {"a": 1}}, "format is"),
    ],
)
def test_a_wrong_request_is_refused_by_name(request_, words):
    with pytest.raises(BadOptions, match=words):
        Options().overlaid(request_)


def test_the_description_is_json_and_hides_pictures_behind_their_hash():
    described = Options(trimap=b"abc", stages=("alpha",)).described()
    assert described["trimap"].startswith("sha256:ba7816bf")
    assert described["stages"] == ["alpha"]
    assert not set(described) & set(LIMITS)
