"""Outputs: the names that an operator needs."""

import pytest

from tests.template.deployments import CERTIFICATE, QUEUES, TEMPLATE, deployed, of_type, properties


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_has_its_url_and_its_arn_in_the_outputs(queue: str) -> None:
    outputs = deployed()[0]["Outputs"]
    assert outputs[f"{queue}Url"]["Value"] == f"<{queue}>"
    assert outputs[f"{queue}Arn"]["Value"] == f"<{queue}.Arn>"


def test_every_log_group_is_in_the_outputs() -> None:
    shown = {output["Value"] for name, output in deployed()[0]["Outputs"].items() if name.endswith("LogGroup")}
    assert shown == {f"<{name}>" for name in of_type("AWS::Logs::LogGroup")}


@pytest.mark.parametrize("output", TEMPLATE["Outputs"])
def test_an_outputs_description_is_complete_alone(output: str) -> None:
    text = TEMPLATE["Outputs"][output]["Description"]
    assert text[0].isupper()
    assert text.split()[0] not in ("Its", "The", "What", "Where", "As")


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "console.aws.amazon.com"),
        ("aws-cn", "console.amazonaws.cn"),
        ("aws-us-gov", "console.amazonaws-us-gov.com"),
    ],
)
def test_the_dashboards_address_is_that_of_the_partition(partition: str, host: str) -> None:
    outputs = deployed(**{"AWS::Partition": partition})[0]["Outputs"]
    assert outputs["DashboardUrl"]["Value"].startswith(f"https://{host}/cloudwatch/home?region=ap-southeast-1#")


def test_the_apis_address_has_a_stage_or_is_a_domain_of_its_own() -> None:
    made, _ = deployed()
    assert made["Outputs"]["ApiUrl"]["Value"] == "https://<ImageApi>.execute-api.ap-southeast-1.amazonaws.com/live"
    assert "ApiDomainTarget" not in made["Outputs"]
    made, _ = deployed(ApiDomainName="api.shop.example", ApiCertificateArn=CERTIFICATE)
    assert made["Outputs"]["ApiUrl"]["Value"] == "https://api.shop.example"
    assert made["Outputs"]["ApiDomainTarget"]["Value"] == "<ApiDomain.RegionalDomainName>"
    mapping = made["ApiDomainMapping"]["Properties"]
    assert "BasePath" not in mapping  # paths begin with /v1.0, as clients of remove.bg expect
    assert (mapping["RestApiId"], mapping["Stage"]) == ("<ImageApi>", "<ImageApi.Stage>")
    assert made["ApiDomain"]["Properties"]["RegionalCertificateArn"] == CERTIFICATE


def test_more_keys_can_be_added_to_the_usage_plan() -> None:
    assert deployed()[0]["Outputs"]["ApiUsagePlanId"]["Value"] == "<ApiUsagePlan>"


def test_the_saved_query_reads_the_logs_of_every_function() -> None:
    made, _ = deployed()
    functions = of_type("AWS::Serverless::Function")
    groups = {f"<{properties(name)['LoggingConfig']['LogGroup']['Ref']}>" for name in functions}
    query = made["ImageQuery"]["Properties"]
    assert set(query["LogGroupNames"]) == groups
    assert "PART-OF-THE-KEY" in query["QueryString"]
    assert query["Name"] == "hairline/What became of an image"
