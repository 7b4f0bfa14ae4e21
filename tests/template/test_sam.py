"""template.yaml as CloudFormation gets it, after SAM's own translation."""

import copy
import graphlib
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from handler.local import template
from tests.template.deployments import DEPLOYMENTS, IMAGE_QUEUES, everything


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """SAM knows its region when it translates, and the time, which the test may change."""
    clock = SimpleNamespace(now=1_800_000_000)
    clock.time = lambda: clock.now
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setattr("samtranslator.model.apigateway.time", clock)
    return clock


def translated(layer: str = "s3://packages/layer", **parameters: str) -> dict[str, Any]:
    """The whole template as written with these parameters, and the layer uploaded as `layer`.

    Raises InvalidDocumentException where SAM refuses it.
    """
    return by_sam(template.read(), layer, **parameters)


def by_sam(described: dict[str, Any], layer: str = "s3://packages/layer", **parameters: str) -> dict[str, Any]:
    described = copy.deepcopy(described)
    described.setdefault("Globals", {}).setdefault("Function", {})["CodeUri"] = "s3://packages/code"  # by `sam deploy`
    for resource in described["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"].pop("CodeUri", None)
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = layer
    values = template.defaults(described) | parameters
    made: dict[str, Any] = Translator({}, Parser()).translate(described, values)
    return made


def of_type(made: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in made["Resources"].items() if each["Type"] == kind}


def named(node: Any) -> Iterator[str]:
    for part in everything(node):
        match part:
            case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
                yield name


def substituted(node: Any) -> Iterator[str]:
    for part in everything(node):
        match part:
            case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), _]}:
                yield from re.findall(r"\$\{([\w.]+)\}", text)


def depends(made: dict[str, Any]) -> list[str]:
    found = made.get("DependsOn", [])
    return [found] if isinstance(found, str) else found


@pytest.mark.parametrize("parameters", DEPLOYMENTS.values(), ids=DEPLOYMENTS)
def test_sam_translates_the_template_and_every_reference_resolves(parameters: dict[str, str]) -> None:
    made = translated(**parameters)
    known = made["Resources"].keys() | made["Parameters"].keys()
    assert {name for name in named([made["Resources"], made["Outputs"]]) if not name.startswith("AWS::")} <= known
    assert not [each for each in made["Resources"].values() if each["Type"].startswith("AWS::Serverless::")]


@pytest.mark.parametrize("parameters", DEPLOYMENTS.values(), ids=DEPLOYMENTS)
def test_no_resource_waits_for_itself(parameters: dict[str, str]) -> None:
    resources = translated(**parameters)["Resources"]
    waits = {
        name: {other.split(".")[0] for other in (*named(made), *substituted(made), *depends(made))} & resources.keys()
        for name, made in resources.items()
    }
    graphlib.TopologicalSorter(waits).prepare()  # raises CycleError


def test_the_stage_waits_for_the_accounts_logging_role() -> None:
    """Without the role, API Gateway refuses a stage that has access logs."""
    (stage,) = of_type(translated(), "AWS::ApiGateway::Stage").values()
    assert "ApiGatewayAccount" in named(stage["Tags"])


def test_a_changed_parameter_reaches_the_apis_stage(surroundings: SimpleNamespace) -> None:
    """A stage serves the API as it was at its deployment, and only a new resource deploys it again."""
    (before,) = of_type(translated(CorsOrigin="*"), "AWS::ApiGateway::Deployment")
    surroundings.now += 60
    made = translated(CorsOrigin="https://shop.example")
    (after,) = of_type(made, "AWS::ApiGateway::Deployment")
    assert after != before
    (stage,) = of_type(made, "AWS::ApiGateway::Stage").values()
    assert stage["DeploymentId"] == {"Ref": after}


def test_an_old_version_is_deleted_with_its_billed_snapshot() -> None:
    (version,) = [each for each in translated()["Resources"].values() if each["Type"] == "AWS::Lambda::Version"]
    assert version["DeletionPolicy"] == "Delete"


def test_the_api_has_the_name_that_its_metrics_have() -> None:
    (api,) = of_type(translated(), "AWS::ApiGateway::RestApi").values()
    assert api["Name"] == {"Ref": "AWS::StackName"}


def test_the_local_stack_reads_what_sam_makes_of_globals() -> None:
    assert by_sam(template.load()) == translated()


@pytest.mark.parametrize("mapping", IMAGE_QUEUES.values())
def test_the_image_queues_invoke_the_alias_so_that_a_rollout_reaches_them(mapping: str) -> None:
    made = translated()
    (alias,) = of_type(made, "AWS::Lambda::Alias")
    found = of_type(made, "AWS::Lambda::EventSourceMapping")[f"CutoutFunction{mapping}"]
    assert found["FunctionName"] == {"Ref": alias}
    assert (found["BatchSize"], found["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])


def test_a_rollout_shifts_traffic_and_can_be_rolled_back() -> None:
    (group,) = of_type(translated(Rollout="Linear10PercentEvery1Minute"), "AWS::CodeDeploy::DeploymentGroup").values()
    assert "Linear10PercentEvery1Minute" in str(group["DeploymentConfigName"])
    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    watched = [alarm["Name"] for alarm in group["AlarmConfiguration"]["Alarms"]]
    assert watched == [{"Ref": "NewVersionErrorsAlarm"}, {"Ref": "NewVersionFailingAlarm"}]
    (version,) = of_type(translated(), "AWS::Lambda::Version")
    alarm = translated()["Resources"]["NewVersionErrorsAlarm"]["Properties"]
    assert {"Name": "ExecutedVersion", "Value": {"Fn::GetAtt": [version, "Version"]}} in alarm["Dimensions"]


def test_a_version_is_described_by_its_settings() -> None:
    """Only a changed description makes CloudFormation publish a new version."""
    (version,) = of_type(translated(), "AWS::Lambda::Version").values()
    text, _ = version["Description"]["Fn::Sub"]
    assert "${DefaultOptions}" in text


def test_a_new_layer_alone_makes_a_new_version() -> None:
    first, again, other = (
        set(of_type(translated(layer), "AWS::Lambda::Version")) for layer in ("s3://p/1", "s3://p/1", "s3://p/2")
    )
    assert first == again
    assert not first & other


def test_snapstart_applies_to_published_versions() -> None:
    function = of_type(translated(), "AWS::Lambda::Function")["CutoutFunction"]
    assert function["SnapStart"] == {"ApplyOn": {"Fn::If": ["UsesSnapStart", "PublishedVersions", "None"]}}
