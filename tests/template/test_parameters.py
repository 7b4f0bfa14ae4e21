"""Parameters and rules: what may be chosen, and what is refused."""

import re
from urllib.parse import quote_plus

import pytest

from handler.local import template
from pipeline import marketplaces, models
from pipeline.options import CHOICES
from tests.template.deployments import TEMPLATE, deployed, each_deployment


@pytest.mark.parametrize(
    ("rule", "parameters", "refused"),
    [
        ("NotOneBucketForBoth", {}, False),
        ("NotOneBucketForBoth", {"ExistingInputBucket": "a"}, False),
        ("NotOneBucketForBoth", {"ExistingOutputBucket": "a"}, False),
        ("NotOneBucketForBoth", {"ExistingInputBucket": "a", "ExistingOutputBucket": "b"}, False),
        ("NotOneBucketForBoth", {"ExistingInputBucket": "a", "ExistingOutputBucket": "a"}, True),
        ("LargeModelsComeFromABucket", {}, False),
        ("LargeModelsComeFromABucket", {"ModelBucket": "a"}, False),
        ("LargeModelsComeFromABucket", {"Model": "isnet", "ModelBucket": "a"}, False),
        ("LargeModelsComeFromABucket", {"Model": "isnet"}, True),
        ("ListingsDecideTheirFormat", {"OutputFormat": "webp"}, False),
        ("ListingsDecideTheirFormat", {"OutputFormat": "auto", "Profiles": "ebay"}, False),
        ("ListingsDecideTheirFormat", {"OutputFormat": "webp", "Profiles": "ebay"}, True),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(
    rule: str, parameters: dict[str, str], refused: bool
) -> None:
    described = TEMPLATE["Rules"][rule]
    names = template.defaults(TEMPLATE) | parameters
    applies = template.resolve(described["RuleCondition"], names, TEMPLATE)
    asserted = [template.resolve(each["Assert"], names, TEMPLATE) for each in described["Assertions"]]
    assert (applies and not all(asserted)) is refused


@pytest.mark.parametrize("parameter", ["KeyPrefix", "KeySuffix"])
def test_a_filter_reads_the_same_plain_and_encoded(parameter: str) -> None:
    pattern = TEMPLATE["Parameters"][parameter]["AllowedPattern"]
    accepted = {chr(code) for code in range(0x250) if re.fullmatch(pattern, chr(code))}
    assert accepted == {each for each in accepted if quote_plus(each, safe="/") == each}
    assert {*"aZ9/._-"} <= accepted


def test_what_may_be_chosen_is_what_the_pipeline_knows() -> None:
    assert tuple(TEMPLATE["Parameters"]["OutputFormat"]["AllowedValues"]) == CHOICES["format"]
    pattern = TEMPLATE["Parameters"]["Profiles"]["AllowedPattern"]
    assert all(
        re.fullmatch(pattern, name) for name in [*marketplaces.MARKETPLACES, ",".join(marketplaces.MARKETPLACES)]
    )
    assert len(",".join(marketplaces.MARKETPLACES)) <= TEMPLATE["Parameters"]["Profiles"]["MaxLength"]
    assert sorted(TEMPLATE["Parameters"]["Model"]["AllowedValues"]) == sorted(models.CHOICES)


@each_deployment
def test_nothing_names_what_is_not_there(parameters: dict[str, str]) -> None:
    made, names = deployed(**parameters)  # raises KeyError for such a name
    assert all(output["Value"] for output in made["Outputs"].values())
    # and what the template makes or not, it makes where nothing existing was given
    assert ("InputBucket" in made) is ("ExistingInputBucket" not in parameters)
    assert ("OutputBucket" in made) is ("ExistingOutputBucket" not in parameters)
    assert (
        names["AWS::StackName"]
        == made["CutoutFunction"]["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    )
