"""What makes a new version of the function, and what rolls it back."""

import re
from typing import Any

from handler.local import template
from pipeline import models
from tests.template.deployments import TEMPLATE, deployed, everything, properties


def parameters_of(node: Any) -> set[str]:
    """The parameters that a part of the template depends on, also by its conditions."""
    found: set[str] = set()
    for part in everything(node):
        match part:
            case {"Ref": str(name)} if name in TEMPLATE["Parameters"]:
                found.add(name)
            case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), _]}:
                found |= set(re.findall(r"\$\{(\w+)\}", text)) & TEMPLATE["Parameters"].keys()
            case {"Fn::If": [condition, *_]} | {"Condition": str(condition)}:
                found |= parameters_of(TEMPLATE["Conditions"][condition])
    return found


NOT_IN_A_VERSION = {
    "Rollout": "how to deploy, no part of what is deployed",
    **dict.fromkeys(("UploadConcurrency", "ShopConcurrency", "JobConcurrency"), "a mapping's, outside the version"),
    "ExistingInputBucket": "of another bucket's pictures the role may read none; docs/deploy.md: make a new stack",
    "ExistingOutputBucket": "as the input bucket",
    "ExistingStateBucket": "as the input bucket",
    "KmsKeyArn": "as the buckets",
    "Architecture": "the layer for it has other bytes, which make a new version",
    "ModelBucket": "too long for it; docs/deploy.md: change it together with something else",
}


def test_a_changed_parameter_makes_a_new_version() -> None:
    function = properties("CutoutFunction")
    assert function["AutoPublishAliasAllProperties"] is True
    reaching = parameters_of({name: value for name, value in function.items() if name != "VersionDescription"})
    assert parameters_of(function["VersionDescription"]) == reaching - NOT_IN_A_VERSION.keys()
    assert reaching >= {"DefaultOptions", "MemorySize", "SnapStart"}


def test_the_longest_version_description_fits() -> None:
    description = properties("CutoutFunction")["VersionDescription"]
    longest = template.defaults(TEMPLATE)
    for name in parameters_of(description):
        rule = TEMPLATE["Parameters"][name]
        texts = rule.get("AllowedValues") or ["x" * rule["MaxLength"] if "MaxLength" in rule else rule["MaxValue"]]
        longest[name] = max(map(str, texts), key=len)
    assert len(template.resolve(description, longest, TEMPLATE)) <= 256


def test_any_two_of_the_models_fit_into_the_parameter() -> None:
    names = sorted(models.MODELS, key=len)
    assert len("+".join(names[-2:])) <= TEMPLATE["Parameters"]["Model"]["MaxLength"]


def test_alarms_roll_a_new_version_back() -> None:
    made, _ = deployed()
    rollout = made["CutoutFunction"]["Properties"]["DeploymentPreference"]
    assert rollout["Alarms"] == ["<NewVersionErrorsAlarm>", "<NewVersionFailingAlarm>"]
    dimensions = {each["Name"]: each["Value"] for each in made["NewVersionErrorsAlarm"]["Properties"]["Dimensions"]}
    assert dimensions == {
        "FunctionName": "<CutoutFunction>",
        "Resource": "<CutoutFunction>:live",
        "ExecutedVersion": "<CutoutFunction.Version.Version>",
    }


def test_a_failing_version_does_not_keep_the_one_that_fixes_it_from_being_deployed() -> None:
    """CodeDeploy deploys nothing while one of its alarms fires, so each must watch the newest version only."""
    made, _ = deployed()
    newest = "<CutoutFunction.Version.Version>"
    for name in made["CutoutFunction"]["Properties"]["DeploymentPreference"]["Alarms"]:
        alarm = made[name.strip("<>")]["Properties"]
        metrics = [m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m] or [alarm]
        for metric in metrics:
            assert newest in [dimension["Value"] for dimension in metric["Dimensions"]]
