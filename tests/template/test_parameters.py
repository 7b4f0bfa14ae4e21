"""Parameters and rules: which values are accepted and rejected."""

import json
import re

import pytest

from handler.local import template
from pipeline import marketplaces, models
from pipeline.models import choice
from pipeline.options import Options
from tests.template.deployments import FUNCTIONS, TEMPLATE, deployed, each_deployment, properties


@pytest.mark.parametrize(
    ("rule", "parameters", "refused"),
    [
        ("BucketsMustDiffer", {}, False),
        ("BucketsMustDiffer", {"ExistingInputBucket": "a"}, False),
        ("BucketsMustDiffer", {"ExistingOutputBucket": "a"}, False),
        ("BucketsMustDiffer", {"ExistingInputBucket": "a", "ExistingOutputBucket": "b"}, False),
        ("BucketsMustDiffer", {"ExistingInputBucket": "a", "ExistingOutputBucket": "a"}, True),
        ("BucketsMustDiffer", {"ExistingStateBucket": "a"}, False),
        ("BucketsMustDiffer", {"ExistingInputBucket": "b", "ExistingStateBucket": "a"}, False),
        ("BucketsMustDiffer", {"ExistingInputBucket": "a", "ExistingStateBucket": "a"}, True),
        ("BucketsMustDiffer", {"ExistingOutputBucket": "a", "ExistingStateBucket": "a"}, True),
        ("LargeModelsNeedABucket", {}, False),
        ("LargeModelsNeedABucket", {"ModelBucket": "a"}, False),
        ("LargeModelsNeedABucket", {"Model": "isnet", "ModelBucket": "a"}, False),
        ("LargeModelsNeedABucket", {"Model": "isnet"}, True),
        ("ADomainNeedsACertificate", {}, False),
        ("ADomainNeedsACertificate", {"ApiDomainName": "a.example", "ApiCertificateArn": "arn:x"}, False),
        ("ADomainNeedsACertificate", {"ApiDomainName": "a.example"}, True),
    ],
)
def test_parameters_that_contradict_each_other_are_rejected(
    rule: str, parameters: dict[str, str], refused: bool
) -> None:
    described = TEMPLATE["Rules"][rule]
    names = template.defaults(TEMPLATE) | parameters
    applies = "RuleCondition" not in described or template.resolve(described["RuleCondition"], names, TEMPLATE)
    asserted = [template.resolve(each["Assert"], names, TEMPLATE) for each in described["Assertions"]]
    assert (applies and not all(asserted)) is refused


@pytest.mark.parametrize("pattern", ["", "in/*", "in/*.jpg", "a.b_c-1/x/*/y*.JPG", "apis/*", "shops2/*", "in/a.png"])
def test_a_key_pattern_begins_with_a_folder_of_uploads(pattern: str) -> None:
    assert re.fullmatch(TEMPLATE["Parameters"]["KeyPatterns"]["AllowedPattern"], pattern)


@pytest.mark.parametrize(
    "pattern", ["*.jpg", "a*/b", "api/*", "shops/*", "/a", "a", "in/**", "in/a b*", 'in/"*', "in/\\*", "in/ü"]
)
def test_a_key_pattern_matches_no_image_of_a_job_or_shop_and_is_valid_in_a_rule(pattern: str) -> None:
    assert not re.fullmatch(TEMPLATE["Parameters"]["KeyPatterns"]["AllowedPattern"], pattern)


@pytest.mark.parametrize(
    ("options", "accepted"),
    [
        ("{}", True),
        ('{"format": "webp", "crop": true}', True),
        ("{", False),  # what `sam deploy --parameter-overrides 'DefaultOptions={"format": "webp"}'` sends
        ('{"format":', False),
        ('\'{"format": "webp"}\'', False),
        ("", False),
    ],
)
def test_default_options_that_were_cut_off_are_rejected(options: str, accepted: bool) -> None:
    assert bool(re.fullmatch(TEMPLATE["Parameters"]["DefaultOptions"]["AllowedPattern"], options)) is accepted


def test_the_names_of_models_have_the_pipelines_form_and_the_description_lists_them() -> None:
    parameter = TEMPLATE["Parameters"]["Model"]
    assert parameter["AllowedPattern"] == f"^{choice.FORM.pattern}$"
    assert {*models.MODELS, choice.AUTO} <= set(re.findall(r"[\w-]+", parameter["Description"]))


def test_every_marketplace_and_more_fit_into_the_default_options() -> None:
    names = [*marketplaces.MARKETPLACES, "a-seventh-one", "an-eighth-one"]
    options = json.dumps({"format": "webp", "marketplaces": names, "crop": True, "margin": "10%"})
    assert len(options) <= TEMPLATE["Parameters"]["DefaultOptions"]["MaxLength"]
    Options().overridden_by({"marketplaces": tuple(marketplaces.MARKETPLACES)})


def test_the_largest_file_fits_into_the_memory_of_every_function_that_reads_one() -> None:
    limits = TEMPLATE["Parameters"]
    smallest = template.defaults(TEMPLATE) | {"MemorySize": limits["MemorySize"]["MinValue"]}
    readers = [
        properties(name)["MemorySize"]
        for name in FUNCTIONS
        if "HAIRLINE_MAX_BYTES" in properties(name)["Environment"]["Variables"]
    ]
    assert 512 in readers
    # A buffer that grows may be an eighth larger. The function itself needs 75 MB, and Lambda's runtime some more.
    needed_mb = 1.125 * limits["MaxBytes"]["MaxValue"] / 2**20 + 150
    assert all(template.resolve(memory, smallest, TEMPLATE) >= needed_mb for memory in readers)


def test_the_firewall_lets_a_key_send_what_its_plan_permits() -> None:
    rate, limit = (int(TEMPLATE["Parameters"][name]["Default"]) for name in ("ApiRate", "ApiFirewallLimit"))
    assert limit >= 1.5 * 300 * rate
    made, _ = deployed(ApiFirewall="on", ApiFirewallLimit="9000")
    acl = made["ApiWebAcl"]["Properties"]
    (rule,) = [rule["Statement"]["RateBasedStatement"] for rule in acl["Rules"] if "Action" in rule]
    assert (rule["Limit"], rule["EvaluationWindowSec"]) == ("9000", 300)


def test_an_address_that_sends_too_much_is_answered_as_a_key_that_does() -> None:
    made, _ = deployed(ApiFirewall="on")
    acl = made["ApiWebAcl"]["Properties"]
    (response,) = [rule["Action"]["Block"]["CustomResponse"] for rule in acl["Rules"] if "Action" in rule]
    body = acl["CustomResponseBodies"][response["CustomResponseBodyKey"]]
    throttled = made["ImageApi"]["Properties"]["GatewayResponses"]["THROTTLED"]
    assert (response["ResponseCode"], body["Content"]) == (
        throttled["StatusCode"],
        throttled["ResponseTemplates"]["application/json"],
    )


@pytest.mark.parametrize(("parameter", "detailed"), [("off", False), ("on", True)])
def test_detailed_metrics_of_the_api_are_a_parameter(parameter: str, detailed: bool) -> None:
    (settings,) = deployed(ApiMetrics=parameter)[0]["ImageApi"]["Properties"]["MethodSettings"]
    assert settings["MetricsEnabled"] is detailed


@pytest.mark.parametrize("parameter", TEMPLATE["Parameters"])
def test_a_parameters_description_is_complete_alone(parameter: str) -> None:
    described = TEMPLATE["Parameters"][parameter]
    assert re.fullmatch(r"\S.*\.", described["Description"])
    assert ("AllowedPattern" in described) is ("ConstraintDescription" in described)
    # CloudFormation puts it behind "failed to satisfy constraint:".
    assert re.match(r"must be", described.get("ConstraintDescription", "must be"))


def test_every_parameter_is_in_one_group_of_the_console() -> None:
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(TEMPLATE["Parameters"])


@each_deployment
def test_every_name_refers_to_something_in_the_deployment(parameters: dict[str, str]) -> None:
    made, names = deployed(**parameters)  # raises KeyError for such a name
    assert all(output["Value"] for output in made["Outputs"].values())
    # and what the template makes or not, it makes where nothing existing was given
    assert ("InputBucket" in made) is ("ExistingInputBucket" not in parameters)
    assert ("OutputBucket" in made) is ("ExistingOutputBucket" not in parameters)
    assert (
        names["AWS::StackName"]
        == made["CutoutFunction"]["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    )
