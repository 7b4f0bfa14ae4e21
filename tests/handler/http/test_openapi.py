"""The API keeps to its own description; `python -m bench.fuzz` sends 2,000 requests, this test a few."""

import jsonschema
import pytest

from bench.fuzz import fuzz
from handler.http.headers import CREDITS, JUDGEMENT, SIZES
from handler.http.openapi import document


def test_no_answer_is_a_fault_or_undescribed(site):
    status, told = fuzz(site.url, site.key, 30, "fuzzing,stateful")
    assert status == 0, told
    assert "Fuzzing" in told
    assert "Stateful" in told


def test_the_description_names_the_headers_of_an_image_and_no_empty_text():
    paths = document()["paths"]
    for path, expected in (("/v1.0/removebg", SIZES | CREDITS), ("/v1/cutouts", SIZES | JUDGEMENT)):
        assert expected.keys() <= paths[path]["post"]["responses"]["200"]["headers"].keys()
    for parameter in paths["/v1/cutouts"]["post"]["parameters"]:
        schema = parameter["schema"]
        assert schema["type"] != "string" or "enum" in schema or schema["minLength"] == 1


@pytest.mark.parametrize(
    ("value", "good"), [(True, True), (1, True), ("Yes", True), ("off", True), (2, False), ("maybe", False)]
)
def test_a_switch_may_be_written_as_text_and_the_description_says_so(value, good):
    schema = document()["paths"]["/v1.0/removebg"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert jsonschema.validators.validator_for(schema)(schema["properties"]["crop"]).is_valid(value) == good
