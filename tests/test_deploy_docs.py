"""docs/deploy.md says what the template has, and shows commands that exist."""

import itertools
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import xform_name

from handler import observability
from handler.dispositions import Disposition
from handler.errors import StoreUnavailable
from handler.keys import MAX_SOURCE_KEY_BYTES
from handler.local import template
from handler.observability import Door, Processed
from pipeline.options import Options

if TYPE_CHECKING:
    from handler.jobs import Status

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "deploy.md").read_text("utf-8")
TEMPLATE = template.load()


def table(first: str) -> list[list[str]]:
    """The rows of the table whose first heading that is."""
    found = re.search(rf"^\| {first} \|.*\n\| -.*\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    assert found
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]


def commands(program: str) -> list[list[str]]:
    blocks = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line[:1] == [program]]


def test_every_parameter_has_its_row_and_default() -> None:
    assert {row[0].strip("`"): row[1].strip("`") for row in table("parameter")} == template.defaults(TEMPLATE)
    limits = Options()
    assert (limits.max_megapixels, limits.max_bytes) == (
        TEMPLATE["Parameters"]["MaxMegapixels"]["Default"],
        TEMPLATE["Parameters"]["MaxBytes"]["Default"],
    )


def test_every_alarm_has_its_row_and_its_link() -> None:
    alarms = template.of_type(TEMPLATE, "AWS::CloudWatch::Alarm")
    assert [row[0] for row in table("alarm")] == [f"[{name}](runbook.md#{name.lower()})" for name in alarms]


def test_every_output_has_its_row_and_its_description() -> None:
    described = {name: output["Description"] for name, output in TEMPLATE["Outputs"].items()}
    assert {row[0].strip("`"): row[1].lower() for row in table("output")} == {
        name: text.lower() for name, text in described.items()
    }


def test_every_function_has_its_row_among_what_an_account_needs() -> None:
    named = [name for row in table("function") for name in row[0].split(", ")]
    assert sorted(named) == sorted(template.of_type(TEMPLATE, "AWS::Serverless::Function"))


def test_the_documented_deployment_asks_nothing_that_aborts_it() -> None:
    """`sam deploy --guided` ends in "Security Constraints Not Satisfied!" unless two questions are answered with y."""
    assert commands("sam")[:2] == [["sam", "build"], ["sam", "deploy"]]
    configured = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    deploy = configured["default"]["deploy"]["parameters"]
    assert configured["default"]["global"]["parameters"]["stack_name"]
    assert (deploy["capabilities"], deploy["resolve_s3"]) == ("CAPABILITY_IAM", True)
    assert "parameter_overrides" not in deploy  # or they would come back at the next deployment


CUSTOM = ("s3", "logs", "cloudformation deploy")
"""Commands of the AWS CLI that are not one operation of a service."""


@pytest.mark.parametrize(
    "line", [line for line in commands("aws") if not " ".join(line[1:]).startswith(CUSTOM)], ids=" ".join
)
def test_a_command_is_one_of_aws_and_takes_what_it_is_given(line: list[str]) -> None:
    service = boto3.client({"s3api": "s3"}.get(line[1], line[1]), region_name="eu-west-1").meta.service_model
    operation = next(name for name in service.operation_names if xform_name(name, "-") == line[2])
    known = {xform_name(member, "-") for member in service.operation_model(operation).input_shape.members}
    given = {word.removeprefix("--") for word in line if word.startswith("--")} - {"query", "output"}
    assert given
    assert given <= known


def test_the_metadata_of_the_example_are_options() -> None:
    (metadata,) = [line[line.index("--metadata") + 1] for line in commands("aws") if "--metadata" in line]
    Options().overridden_by(json.loads(json.loads(metadata)["hairline"]))


def test_overridden_parameters_exist() -> None:
    given = re.findall(r"--parameter-overrides ([^`\n]+)", TEXT)
    assert len(given) == 6
    for words in given:
        named = {word.partition("=")[0] for word in shlex.split(words)}
        assert named <= {*TEMPLATE["Parameters"], "ReleaseBucket"}  # the release's template has one more


def test_the_example_of_default_options_survives_the_shell_and_sam() -> None:
    """SAM reads quotes as a shell does, after the shell has."""
    (sent,) = [line[-1] for line in commands("sam") if line[-1].startswith("DefaultOptions=")]
    (read,) = shlex.split(sent)
    Options().overridden_by(json.loads(read.removeprefix("DefaultOptions=")))


def test_the_outputs_that_it_names_exist() -> None:
    named = {"DeadLetterQueueArn", "UploadQueueArn", "CutoutLogGroup", "DashboardUrl", "DeadLetterQueueUrl"}
    assert named <= TEMPLATE["Outputs"].keys()
    assert all(name in TEXT for name in named - {"DeadLetterQueueUrl"})


def test_the_longest_key_is_the_handlers() -> None:
    assert f"up to {MAX_SOURCE_KEY_BYTES:,} bytes" in TEXT


def test_the_cost_is_calculated_correctly() -> None:
    price, sums = 0.0000166667, []
    for line in TEXT.splitlines():
        if line.startswith("| Lambda at"):
            memory = int(re.search(r"([\d,]+) MB", line)[1].replace(",", ""))  # type: ignore[index]
            cells = re.findall(r"([\d.]+) x [\d.]+ = ([\d.]+) GB-s: \$([\d.]+)", line)
            assert len(cells) == 2
            for seconds, gigabytes, cost in cells:
                assert float(gigabytes) == pytest.approx(float(seconds) * memory / 1024, abs=0.03)
                assert float(cost) == pytest.approx(1000 * float(seconds) * memory / 1024 * price, abs=0.001)
            sums = [float(cost) for _, _, cost in cells]
    # EventBridge: S3 sends an event for the image and one for the mark of its notification, and Hairline sends its own.
    other = 1000 * (4 * 0.005 / 1000 + 4 * 0.0004 / 1000 + 0.2e-6 + 3 * 0.4e-6 + 3 * 1e-6)
    shown = re.search(r"together, at 3,008 MB\*\* \| \*\*\$([\d.]+)\*\* \| \*\*\$([\d.]+)", TEXT)
    assert shown
    assert [round(cost + other, 2) for cost in sums] == [float(shown[1]), float(shown[2])]
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"About ${shown[1]} for 1,000 images of 1 MP, or ${shown[2]} at 12 MP" in readme


def metrics(capsys: pytest.CaptureFixture[str]) -> set[tuple[str, ...]]:
    """The custom metrics that one container of each outcome makes: CloudWatch bills each name with its dimensions."""
    report: Any = {"status": "done", "source": {"width": 1000, "height": 1000}, "quality": {"needs_review": True}}
    statuses: tuple[Status, ...] = ("done", "repeated", *Disposition)
    doors: tuple[Door, ...] = ("queue", "http")
    for status, door in itertools.product(statuses, doors):
        if (status, door) != ("repeated", "http"):
            error = None if status in ("done", "repeated") else StoreUnavailable("x")
            version = "1" if door == "queue" else None
            image = Processed(
                door=door, identity={}, status=status, ms=1.0, version=version, report=report, error=error
            )
            observability.record(image)
    found = set()
    for line in capsys.readouterr().out.splitlines():
        counted = json.loads(line)
        for directive in counted.get("_aws", {}).get("CloudWatchMetrics", ()):
            for dimensions in directive["Dimensions"]:
                for metric in directive["Metrics"]:
                    found.add((metric["Name"], *(f"{name}={counted[name]}" for name in dimensions)))
    return found


def test_the_fixed_cost_is_that_of_the_template(capsys: pytest.CaptureFixture[str]) -> None:
    resources = list(TEMPLATE["Resources"].values())
    alarms = [each["Properties"] for each in resources if each["Type"] == "AWS::CloudWatch::Alarm"]
    # An alarm on an expression is billed for each metric that the expression reads.
    watched = sum(
        sum("MetricStat" in metric for metric in alarm.get("Metrics", [{"MetricStat": {}}])) for alarm in alarms
    )
    dashboards = sum(each["Type"] == "AWS::CloudWatch::Dashboard" for each in resources)
    secrets = sum(each["Type"] == "AWS::SecretsManager::Secret" for each in resources)
    counts = {"dashboard": dashboards, "alarm metrics": watched, "metrics": len(metrics(capsys)), "secret": secrets}
    rows = re.findall(r"^\| (\d+) ([a-z ]+) \| \$([\d.]+) \| \$([\d.]+) \|$", TEXT, re.MULTILINE)
    assert {what: int(count) for count, what, _, _ in rows} == counts
    for count, _, price, month in rows:
        assert float(month) == pytest.approx(int(count) * float(price))
    total = sum(float(month) for *_, month in rows)
    assert f"| **together** | | **${total:.2f}** |" in TEXT
    assert f"plus a fixed ${total:.0f} a month" in " ".join((ROOT / "README.md").read_text("utf-8").split())
