"""Every parameter of remove.bg's: good values, bad ones with their code, and those at the boundary."""

import pytest

from handler.http.api_errors import ApiError
from handler.http.parameters import BACKGROUNDS, PARAMETERS, SOURCES
from handler.http.removebg import in_percent, parse
from pipeline.geometry import Region
from pipeline.options import Options

FILE = {"image_file": b"picture"}


def options(**texts):
    """The options that these texts ask for, as JSON."""
    table = Options.table()
    return {name: table[name].described(table[name].read(value)) for name, value in parse(texts, FILE).options.items()}


def code(texts, files=FILE):
    with pytest.raises(ApiError) as caught:
        parse(texts, files)
    return caught.value.code


GOOD = [
    ("size", "preview", {"shrink_to_megapixels": 0.25}),
    ("size", "small", {"shrink_to_megapixels": 0.25}),
    ("size", "regular", {"shrink_to_megapixels": 0.25}),
    ("size", "medium", {"shrink_to_megapixels": 1.5}),
    ("size", "hd", {"shrink_to_megapixels": 4}),
    ("size", "full", {"shrink_to_megapixels": 10}),
    ("size", "4k", {"shrink_to_megapixels": 10}),
    ("size", "auto", {"shrink_to_megapixels": 10}),
    ("size", "50MP", {"shrink_to_megapixels": 50}),
    *(("type", name, {}) for name in ("auto", "person", "product", "car", "animal", "graphic", "transportation")),
    *(("type_level", name, {}) for name in ("none", "1", "2", "latest")),
    ("format", "auto", {"format": "auto"}),
    ("format", "png", {"format": "png"}),
    ("format", "jpg", {"format": "jpeg", "background": "#ffffff"}),
    ("format", "webp", {"format": "webp"}),
    ("format", "zip", {"format": "zip"}),
    *(("crop", text, {"crop": True}) for text in ("true", "True", "1", "yes")),
    *(("crop", text, {"crop": False}) for text in ("false", "0", "no")),
    ("roi", "0% 0% 100% 100%", {"roi": "0% 0% 100% 100%"}),
    ("roi", "10px 20% 30px 100%", {"roi": "10px 20% 30px 100%"}),
    ("scale", "original", {"scale": None}),
    ("scale", "10%", {"scale": 10}),
    ("scale", "100%", {"scale": 100}),
    ("scale", "33.5%", {"scale": 33.5}),
    ("position", "original", {"position": "original"}),
    ("position", "center", {"position": "50% 50%"}),
    ("position", "0%", {"position": "0% 0%"}),
    ("position", "100% 20%", {"position": "100% 20%"}),
    ("channels", "rgba", {"channels": "rgba"}),
    ("channels", "alpha", {"channels": "alpha"}),
    ("add_shadow", "true", {"shadow": "drop"}),
    ("add_shadow", "false", {"shadow": "none"}),
    ("shadow_type", "none", {"shadow": "none"}),
    ("shadow_type", "drop", {"shadow": "drop"}),
    ("shadow_type", "auto", {"shadow": "drop"}),
    ("semitransparency", "true", {}),
    ("semitransparency", "false", {}),
    ("bg_color", "81d4fa", {"background": "#81d4fa"}),
    ("bg_color", "#81d4fa", {"background": "#81d4fa"}),
    ("bg_color", "fff", {"background": "#ffffff"}),
    ("bg_color", "ffff", {"background": "#ffffff"}),
    ("bg_color", "#81d4faff", {"background": "#81d4fa"}),
    ("bg_color", "81d4fa00", {"background": None}),
    ("bg_color", "green", {"background": "#008000"}),
]


@pytest.mark.parametrize(("name", "text", "expected"), GOOD)
def test_a_good_value_becomes_options(name, text, expected):
    made = options(**{name: text})
    assert {field: made[field] for field in expected} == expected
    Options().overridden_by(made)


@pytest.mark.parametrize(
    ("text", "margin"),
    [("0", "0px"), ("30px", "30px"), ("500px", "500px"), ("50%", "50%"), ("1px 2%", "1px 2%"), ("5% 5% 5% 5%", "5%")],
)
def test_a_margin_counts_only_with_crop(text, margin):
    assert options(crop="true", crop_margin=text)["margin"] == margin
    assert "margin" not in options(crop_margin=text)


def test_four_margins_are_in_the_order_of_css():
    assert options(crop="1", crop_margin="1px 2px 3px 4px")["margin"] == "1px 2px 3px 4px"


@pytest.mark.parametrize(("text", "percent"), [("0", 0), ("100", 100), ("auto", None)])
def test_the_opacity_of_a_shadow(text, percent):
    assert options(shadow_type="drop", shadow_opacity=text).get("shadow_opacity") == percent
    assert "shadow_opacity" not in options(shadow_opacity=text)


def test_a_shadow_for_a_type_counts_if_that_type_is_given():
    texts = {"type": "product", "shadow_type": "none", "shadow_type[product]": "drop", "shadow_type[car]": "none"}
    assert options(**texts)["shadow"] == "drop"
    assert options(**{**texts, "type": "person"})["shadow"] == "none"


def test_a_shadow_for_a_type_that_the_request_does_not_name_has_no_effect():
    for shadow in ("drop", "car", "3D"):
        assert options(**{"shadow_type[car]": shadow})["shadow"] == "none"
        assert options(**{"type": "person", "shadow_type[car]": shadow})["shadow"] == "none"


@pytest.mark.parametrize(
    ("name", "shadow"),
    [
        ("shadow_type[bogus]", "drop"),
        ("shadow_type[]", "drop"),
        ("shadow_type[Car]", "drop"),
        ("shadow_type[car]", "soft"),
        ("shadow_type[product]", "car"),
    ],
)
def test_a_shadow_without_a_type_or_of_an_unknown_kind_is_rejected(name, shadow):
    assert code({"type": "product", name: shadow}) == "invalid_shadow_type"


BAD = {
    "size": ("invalid_size", ["tiny", "FULL", "51MP"]),
    "type": ("invalid_type", ["dog", "Person"]),
    "type_level": ("invalid_type_level", ["3", "0", "all"]),
    "format": ("invalid_format", ["gif", "jpeg", "PNG"]),
    "roi": ("invalid_roi", ["1 2 3", "1", "a b c d", "-1px 0 10px 10px", "1px 1px 2px 2em"]),
    "crop": ("invalid_crop", ["maybe", "2"]),
    "crop_margin": ("invalid_crop_margin", ["501px", "50.1%", "-1px", "1px 2px 3px", "5em", "1px 2px 3px 4px 5px"]),
    "scale": ("invalid_scale", ["9%", "9.9%", "101%", "50", "half", "-10%"]),
    "position": ("invalid_position", ["middle", "101%", "50", "1% 2% 3%", "-1%"]),
    "channels": ("invalid_channels", ["rgb", "RGBA"]),
    "add_shadow": ("invalid_add_shadow", ["drop"]),
    "shadow_type": ("invalid_shadow_type", ["car", "3D", "soft"]),
    "shadow_opacity": ("invalid_shadow_opacity", ["-1", "101", "50%", "1.5", "low"]),
    "semitransparency": ("invalid_semitransparency", ["maybe"]),
    "bg_color": ("invalid_bg_color", ["12", "12345", "nocolour", "#81d4fa80", "8888", "12345678901"]),
}


def test_every_parameter_is_in_these_tables():
    assert BAD.keys() == PARAMETERS.keys()
    assert PARAMETERS.keys() == {name for name, _, _ in GOOD} | {"crop_margin", "shadow_opacity"}


@pytest.mark.parametrize(
    ("name", "expected", "text"), [(name, row[0], text) for name, row in BAD.items() for text in row[1]]
)
def test_a_bad_value_has_the_code_of_its_parameter(name, expected, text):
    assert code({name: text}) == expected


def test_an_unknown_parameter_is_ignored_as_remove_bg_does():
    assert options(colour="red") == options()


def test_exactly_one_image_is_required():
    assert code({}, {}) == "missing_source"
    for first in SOURCES:
        for second in SOURCES:
            if first != second:
                assert code({first: "x"}, {second: b"x"}) == "multiple_sources"


def test_backgrounds_exclude_one_another():
    for first in BACKGROUNDS:
        for second in BACKGROUNDS:
            if first != second:
                assert code({first: "white"}, {**FILE, second: b"x"}) == "multiple_bg_sources"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"channels": "alpha", "format": "zip"}, "invalid_format"),
        ({"channels": "alpha", "bg_color": "red"}, "invalid_channels"),
        ({"channels": "alpha", "bg_image_url": "https://example.com/a.jpg"}, "invalid_channels"),
        ({"channels": "alpha", "add_shadow": "1"}, "invalid_channels"),
    ],
)
def test_contradictory_parameters_are_rejected(texts, expected):
    assert code(texts) == expected


@pytest.mark.parametrize(
    ("texts", "megapixels"),
    [
        ({"bg_color": "fff"}, 25),
        ({"bg_color": "fff", "format": "png"}, 10),
        ({"bg_color": "ffffff00"}, 10),
        ({"channels": "alpha"}, 10),
        ({"add_shadow": "true"}, 10),
    ],
)
def test_a_full_size_that_becomes_a_jpeg_is_larger_than_a_png(texts, megapixels):
    assert options(size="full", **texts)["shrink_to_megapixels"] == megapixels


def test_a_background_image_makes_a_jpeg_too():
    made = parse({"size": "auto"}, {**FILE, "bg_image_file": b"x"})
    assert made.options["shrink_to_megapixels"] == 25


@pytest.mark.parametrize(("size", "expected"), [("auto", True), ("full", False), ("50MP", False), ("preview", False)])
def test_only_size_auto_may_shrink_to_fit(size, expected):
    assert parse({"size": size}, FILE).shrink_to_fit is expected
    assert not parse({}, FILE).shrink_to_fit


@pytest.mark.parametrize(
    ("size", "form", "megapixels"),
    [("full", "jpg", 25), ("full", "zip", 25), ("auto", "webp", 25), ("4k", "png", 10), ("50MP", "png", 50)],
)
def test_a_full_png_is_smaller_than_other_formats(size, form, megapixels):
    assert options(size=size, format=form)["shrink_to_megapixels"] == megapixels


@pytest.mark.parametrize("more", [{"bg_color": "red"}, {"channels": "alpha"}, {"bg_image_url": "https://a.b/c"}])
def test_a_jpeg_is_white_unless_the_request_names_a_background(more):
    assert options(format="jpg", **more)["background"] == ("#ff0000" if "bg_color" in more else None)


def test_a_long_value_is_shown_in_part():
    with pytest.raises(ApiError) as caught:
        parse({"size": "x" * 5000}, FILE)
    assert len(caught.value.detail) < 300


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("0 0 200px 100px", "0% 0% 100% 100%"),
        ("1px 0 100% 33px", "0.5% 0% 100% 33%"),
        ("50px 10% 100% 50px", "25% 10% 100% 50%"),
    ],
)
def test_a_region_holds_for_a_picture_of_any_size(text, made):
    assert in_percent(Region.parse(text), (200, 100)) == Region.parse(made)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 0 201px 100px", "roi_exceeds_bounds"),
        ("0 0 100% 100.1%", "roi_exceeds_bounds"),
        ("50px 0 50px 100%", "roi_region_empty"),
        ("0 60% 100% 40%", "roi_region_empty"),
    ],
)
def test_an_empty_region_or_one_outside_the_image_is_rejected(text, expected):
    with pytest.raises(ApiError) as caught:
        in_percent(Region.parse(text), (200, 100))
    assert caught.value.code == expected
