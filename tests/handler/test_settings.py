"""The table of settings, and the page that shows it. tests/template compares the template's variables with it."""

from pathlib import Path

import pytest

from handler import settings
from handler.backfill.config import BackfillConfig, BackfillEndConfig
from handler.config import CallbackConfig, CutoutConfig, DeadLetterConfig, FetchConfig, WebhookConfig
from handler.errors import BadConfig
from handler.http.config import ApiCutoutConfig, ApiJobConfig
from handler.settings import SETTINGS, Function
from pipeline.options import Options

CONFIGS = {
    Function.CUTOUT: CutoutConfig,
    Function.API_CUTOUT: ApiCutoutConfig,
    Function.API_JOB: ApiJobConfig,
    Function.WEBHOOK: WebhookConfig,
    Function.FETCH: FetchConfig,
    Function.CALLBACK: CallbackConfig,
    Function.DEAD_LETTER: DeadLetterConfig,
    Function.BACKFILL: BackfillConfig,
    Function.BACKFILL_END: BackfillEndConfig,
}


def required(function):
    return {name: f"value of {name}" for name, row in SETTINGS.items() if function in row.required}


def test_the_page_shows_the_table():
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `HAIRLINE_")]
    assert rows == [f"| {' | '.join(row)} |" for row in settings.documented()]


def test_the_defaults_on_the_page_are_those_of_the_options():
    assert SETTINGS["HAIRLINE_MAX_MEGAPIXELS"].default == Options.table()["max_megapixels"].default_text
    assert SETTINGS["HAIRLINE_MAX_BYTES"].default == str(Options().max_bytes)


def test_no_setting_is_both_required_and_optional():
    for row in SETTINGS.values():
        assert row.required or row.optional
        assert not set(row.required) & set(row.optional)


@pytest.mark.parametrize("function", CONFIGS)
def test_required_settings_are_enough(function):
    CONFIGS[function].from_env(required(function) | {"PATH": "/bin"})


@pytest.mark.parametrize(("function", "name"), [(each, name) for each in CONFIGS for name in required(each)])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_setting_is_named(function, name, value):
    env = {k: v for k, v in required(function).items() if k != name} | ({} if value is None else {name: value})
    with pytest.raises(BadConfig, match=f"{name} must be set for {function}"):
        CONFIGS[function].from_env(env)


@pytest.mark.parametrize("function", CONFIGS)
def test_a_setting_that_the_function_does_not_read_is_rejected(function):
    foreign = [name for name in SETTINGS if name not in settings.names(function)]
    for name in ("HAIRLINE_TYPO", *foreign):
        with pytest.raises(BadConfig, match=f"Unknown setting {name}"):
            CONFIGS[function].from_env(required(function) | {name: "x"})


@pytest.mark.parametrize("function", [each for each in CONFIGS if "HAIRLINE_ALLOW_LOOPBACK" in settings.names(each)])
@pytest.mark.parametrize(("value", "allowed"), [(None, False), ("no", False), ("yes", True)])
def test_loopback_is_off_limits_unless_it_is_allowed(function, value, allowed):
    env = required(function) | ({} if value is None else {"HAIRLINE_ALLOW_LOOPBACK": value})
    assert CONFIGS[function].from_env(env).allow_loopback is allowed
    with pytest.raises(BadConfig, match="HAIRLINE_ALLOW_LOOPBACK is 'maybe', but must be yes or no"):
        CONFIGS[function].from_env(env | {"HAIRLINE_ALLOW_LOOPBACK": "maybe"})
