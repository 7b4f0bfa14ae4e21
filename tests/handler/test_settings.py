"""The settings, and the README's list of them; tests/template holds the template to the same names."""

import re
from pathlib import Path

import pytest

from handler.errors import BadConfig
from handler.settings import REQUIRED, Config, Network, names, parse_options
from pipeline.errors import BadOptions
from pipeline.models import DEFAULT_FOLDER, named
from pipeline.options import Options

COMPLETE = {
    "HAIRLINE_INPUT_BUCKET": "in",
    "HAIRLINE_OUTPUT_BUCKET": "out",
    "HAIRLINE_DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/dead",
}


def test_defaults_are_those_of_the_pipeline():
    config = Config.from_env({**COMPLETE, "PATH": "/bin"})
    assert (config.input_bucket, config.output_bucket) == ("in", "out")
    assert config.network.model.name == "u2netp"
    assert config.network.folder == DEFAULT_FOLDER
    assert config.options == Options()


def test_every_setting_arrives():
    config = Config.from_env(
        COMPLETE
        | {
            "HAIRLINE_MODEL": "u2netp",
            "HAIRLINE_MODEL_DIR": "/opt/models",
            "HAIRLINE_MODEL_BUCKET": "weights",
            "HAIRLINE_FORMAT": "webp",
            "HAIRLINE_OPTIONS": '{"quality": 90}',
            "HAIRLINE_MAX_MEGAPIXELS": "12.5",
            "HAIRLINE_MAX_BYTES": "1000000",
        }
    )
    assert config.network == Network(named("u2netp"), Path("/opt/models"), "weights")
    assert config.options == Options(max_megapixels=12.5, max_bytes=1_000_000, format="webp", quality=90)
    listed = Config.from_env(COMPLETE | {"HAIRLINE_MARKETPLACES": "amazon-main, ebay"})
    assert listed.options == Options(marketplaces=("amazon-main", "ebay"))


def test_the_options_are_laid_over_the_format():
    both = COMPLETE | {"HAIRLINE_FORMAT": "webp", "HAIRLINE_OPTIONS": '{"format": "avif"}'}
    assert Config.from_env(both).options == Options(format="avif")
    jpeg = COMPLETE | {"HAIRLINE_FORMAT": "jpeg", "HAIRLINE_OPTIONS": '{"background": "white"}'}
    assert Config.from_env(jpeg).options == Options(format="jpeg", background="white")


def test_two_networks_are_a_model_too():
    assert [one.name for one in Config.from_env(COMPLETE | {"HAIRLINE_MODEL": "auto"}).network.model.networks] == [
        "u2netp",
        "isnet",
    ]


def test_an_empty_value_is_none_since_a_template_cannot_leave_one_out():
    assert Config.from_env(COMPLETE | {"HAIRLINE_OPTIONS": "", "HAIRLINE_MODEL": " "}).options == Options()


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_setting_is_named(name, value):
    env = {k: v for k, v in COMPLETE.items() if k != name} | ({} if value is None else {name: value})
    with pytest.raises(BadConfig, match=name):
        Config.from_env(env)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("HAIRLINE_OUTPUT_BUCKET", "in", "both 'in'"),
        ("HAIRLINE_OUTPUT_BUCKET", " in ", "both 'in'"),
        ("HAIRLINE_OUTPUT_BUKET", "x", "no setting HAIRLINE_OUTPUT_BUKET"),
        ("HAIRLINE_MODEL", "u3net", "u3net"),
        ("HAIRLINE_FORMAT", "psd", "format"),
        ("HAIRLINE_FORMAT", "jpeg", "background"),
        ("HAIRLINE_MARKETPLACES", "ebay,ebuy", "Did you mean ebay"),
        ("HAIRLINE_OPTIONS", "{", "HAIRLINE_OPTIONS is not JSON"),
        ("HAIRLINE_OPTIONS", "[]", "HAIRLINE_OPTIONS must be a JSON object"),
        ("HAIRLINE_OPTIONS", '{"formt": "png"}', "Did you mean format"),
        ("HAIRLINE_OPTIONS", '{"max_bytes": 5}', "max_bytes"),
        ("HAIRLINE_MAX_MEGAPIXELS", "many", "HAIRLINE_MAX_MEGAPIXELS is 'many'"),
        ("HAIRLINE_MAX_MEGAPIXELS", "nan", "max_megapixels"),
        ("HAIRLINE_MAX_MEGAPIXELS", "-1", "max_megapixels"),
        ("HAIRLINE_MAX_BYTES", "1.5", "HAIRLINE_MAX_BYTES is '1.5'"),
        ("HAIRLINE_MAX_BYTES", "0", "max_bytes"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_name(name, value, words):
    with pytest.raises(BadConfig, match=words):
        Config.from_env(COMPLETE | {name: value})


@pytest.mark.parametrize("text", ["", "hello", "1", "null", '"png"', "[" * 100_000])
def test_options_that_are_no_json_object_are_refused(text):
    with pytest.raises(BadOptions, match="The metadata"):
        parse_options(text, "The metadata")


def test_the_readme_lists_exactly_these():
    readme = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
    assert re.findall(r"^\| `(HAIRLINE_\w+)` \|", readme, re.MULTILINE) == list(names())
