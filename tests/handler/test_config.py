"""The functions' settings as typed values."""

from pathlib import Path

import pytest

from handler.config import CutoutConfig, FetchConfig, ModelConfig, parse_options
from handler.errors import BadConfig
from handler.http.config import ApiCutoutConfig
from handler.settings import SETTINGS, Function
from pipeline.errors import BadOptions
from pipeline.models import DEFAULT_FOLDER
from pipeline.options import Options

COMPLETE = {
    "HAIRLINE_INPUT_BUCKET": "in",
    "HAIRLINE_OUTPUT_BUCKET": "out",
    "HAIRLINE_DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/dead",
}


def test_defaults_are_those_of_the_pipeline():
    config = CutoutConfig.from_env({**COMPLETE, "PATH": "/bin"})
    assert (config.input_bucket, config.output_bucket) == ("in", "out")
    assert config.model.name == "u2netp"
    assert config.model.folder == DEFAULT_FOLDER
    assert config.options == Options()


def test_every_setting_arrives():
    config = CutoutConfig.from_env(
        COMPLETE
        | {
            "HAIRLINE_MODEL": "u2netp",
            "HAIRLINE_MODEL_DIR": "/opt/models",
            "HAIRLINE_MODEL_BUCKET": "weights",
            "HAIRLINE_OPTIONS": '{"format": "webp", "quality": 90}',
            "HAIRLINE_MAX_MEGAPIXELS": "12.5",
            "HAIRLINE_MAX_BYTES": "1000000",
        }
    )
    assert config.model == ModelConfig("u2netp", Path("/opt/models"), "weights")
    assert config.options == Options(max_megapixels=12.5, max_bytes=1_000_000, format="webp", quality=90)
    listed = CutoutConfig.from_env(COMPLETE | {"HAIRLINE_OPTIONS": '{"marketplaces": ["amazon-main", "ebay"]}'})
    assert listed.options == Options(marketplaces=("amazon-main", "ebay"))


def test_options_are_checked_together():
    jpeg = COMPLETE | {"HAIRLINE_OPTIONS": '{"format": "jpeg", "background": "white"}'}
    assert CutoutConfig.from_env(jpeg).options == Options(format="jpeg", background="white")


@pytest.mark.parametrize(
    ("name", "first"), [("u2net", "u2net"), ("auto", "u2netp"), ("isnet+mine", "isnet"), ("mine", None)]
)
def test_the_first_model_is_known_without_its_weights_unless_it_is_your_own(name, first):
    known = CutoutConfig.from_env(COMPLETE | {"HAIRLINE_MODEL": name}).model.known
    assert (known.name if known else None) == first


def test_an_empty_setting_counts_as_absent():
    assert CutoutConfig.from_env(COMPLETE | {"HAIRLINE_OPTIONS": "", "HAIRLINE_MODEL": " "}).options == Options()


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_setting_is_named(name, value):
    env = {k: v for k, v in COMPLETE.items() if k != name} | ({} if value is None else {name: value})
    with pytest.raises(BadConfig, match=name):
        CutoutConfig.from_env(env)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("HAIRLINE_OUTPUT_BUCKET", "in", "both 'in'"),
        ("HAIRLINE_OUTPUT_BUCKET", " in ", "both 'in'"),
        ("HAIRLINE_OUTPUT_BUKET", "x", "Unknown setting HAIRLINE_OUTPUT_BUKET"),
        ("HAIRLINE_MODEL", "../u2net", "HAIRLINE_MODEL is '../u2net'"),
        ("HAIRLINE_OPTIONS", '{"format": "psd"}', "format"),
        ("HAIRLINE_OPTIONS", '{"format": "jpeg"}', "background"),
        ("HAIRLINE_OPTIONS", '{"marketplaces": ["ebay", "ebuy"]}', "Did you mean ebay"),
        ("HAIRLINE_FORMAT", "webp", "Unknown setting HAIRLINE_FORMAT"),
        ("HAIRLINE_REGISTRY", "x", "Unknown setting HAIRLINE_REGISTRY. CutoutFunction reads HAIRLINE_INPUT_BUCKET"),
        ("HAIRLINE_EVENT_BUS", "default", "HAIRLINE_CALLBACK_QUEUE_URL and HAIRLINE_STATE_BUCKET must be set too"),
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
def test_a_wrong_setting_is_named(name, value, words):
    with pytest.raises(BadConfig, match=words):
        CutoutConfig.from_env(COMPLETE | {name: value})


@pytest.mark.parametrize("text", ["", "hello", "1", "null", '"png"', "[" * 100_000])
def test_options_must_be_a_json_object(text):
    with pytest.raises(BadOptions, match="The metadata"):
        parse_options(text, "The metadata")


def test_downloads_have_the_size_limit_of_all_files():
    env = {name: "x" for name, row in SETTINGS.items() if Function.FETCH in row.required}
    assert FetchConfig.from_env(env).max_bytes == Options().max_bytes
    assert FetchConfig.from_env(env | {"HAIRLINE_MAX_BYTES": "5"}).max_bytes == 5


API = {name: "x" for name, row in SETTINGS.items() if Function.API_CUTOUT in row.required}


@pytest.mark.parametrize(
    ("rate", "burst", "named"),
    [
        ("10", "", "HAIRLINE_API_BURST"),
        ("", "5", "HAIRLINE_API_RATE"),
        ("x", "5", "HAIRLINE_API_RATE"),
        ("0", "5", "RATE"),
    ],
)
def test_an_incomplete_or_empty_usage_plan_is_rejected(rate, burst, named):
    with pytest.raises(BadConfig, match=named):
        ApiCutoutConfig.from_env(API | {"HAIRLINE_API_RATE": rate, "HAIRLINE_API_BURST": burst})


@pytest.mark.parametrize(("memory_mb", "threads"), [("128", 1), ("1769", 1), ("3008", 2), ("3538", 2), ("10240", 6)])
def test_a_function_uses_a_thread_for_each_processor_that_lambda_grants(memory_mb, threads):
    grant = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": memory_mb}
    assert CutoutConfig.from_env(COMPLETE | grant).options.threads == threads
    assert ApiCutoutConfig.from_env(API | grant).options.threads == threads
    # Threads do not shape the result, so another memory size cuts nothing again.
    assert CutoutConfig.from_env(COMPLETE | grant).options.described() == Options().described()
