"""The words in which a person who reviews images reads a listing image's rules."""

import re
from pathlib import Path

from pipeline import views
from pipeline.marketplaces import MARKETPLACES, rules
from pipeline.quality.reasons import RULES

STRINGS = Path(__file__).parents[2] / "studio" / "page" / "strings.js"


def test_every_measure_that_a_marketplace_has_a_rule_for_has_words():
    measured = {rule.measure for marketplace in MARKETPLACES.values() for rule in rules(marketplace)}
    assert measured == set(views.MEASURES)


def test_a_rule_is_shown_in_words_and_units():
    facts = {
        "bytes": {"passes": True, "value": 478_031, "most": 10_000_000},
        "fill": {"passes": False, "value": 0.8496, "least": 0.85, "most": 1},
        "format": {"passes": True, "value": "JPEG", "among": ("JPEG", "PNG")},
    }
    assert views.rules({"complies": False, "rules": facts}) == {
        "complies": False,
        "rules": [
            {"measure": "File size", "value": "0.478 MB", "required": "at most 10 MB", "passes": True},
            {
                "measure": "Product's share of the frame",
                "value": "84.96 %",
                "required": "at least 85 % and at most 100 %",
                "passes": False,
            },
            {"measure": "File format", "value": "JPEG", "required": "one of JPEG, PNG", "passes": True},
        ],
    }


def test_the_pages_own_advice_is_for_reasons_that_exist_and_for_all_that_name_an_option():
    (table,) = re.findall(r"\n  advice: \{\n(.*?)\n  \},", STRINGS.read_text(), re.DOTALL)
    codes = set(re.findall(r"^    (\w+):", table, re.MULTILINE))
    assert codes <= {rule.code for rule in RULES}
    assert {rule.code for rule in RULES if re.search(r"\bset (roi|holes)\b|scribbles", rule.advice)} == codes
