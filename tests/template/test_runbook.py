"""docs/runbook.md: a section for each alarm, with commands, outputs and codes that exist."""

import re
import shlex

import boto3
import pytest
from botocore import xform_name

from handler import errors
from handler.local import template
from pipeline.errors import HairlineError
from tests.template.deployments import TEMPLATE, of_type

ALARMS = of_type("AWS::CloudWatch::Alarm")
RUNBOOK = (template.TEMPLATE.parent / "docs" / "runbook.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (\w+Alarm)\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))
HEADINGS = re.findall(r"^#+ (.*)$", RUNBOOK, re.MULTILINE)
COMMANDS = [
    shlex.split(line, comments=True)
    for block in re.findall(r"^```sh\n(.*?)^```", RUNBOOK, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
OF_THE_PROGRAM = {"query", "output", "max-items"}
"""Options that every command of the AWS CLI takes."""


def test_the_runbook_has_a_section_for_each_alarm_and_no_other() -> None:
    assert list(SECTIONS) == ALARMS


@pytest.mark.parametrize("alarm", ALARMS)
def test_a_section_has_meaning_look_at_and_do(alarm: str) -> None:
    section = SECTIONS[alarm]
    assert re.findall(r"^\*\*(.*?)\.\*\*", section, re.MULTILINE) == ["Meaning", "Look at", "Do"]
    assert "```sh\n" in section or "](#" in section
    assert set(re.findall(r"\(#(\w+)\)", section)) <= {heading.lower() for heading in HEADINGS}


@pytest.mark.parametrize("line", [line for line in COMMANDS if line[:1] == ["aws"] and line[1] != "logs"], ids=" ".join)
def test_a_command_exists_and_accepts_its_arguments(line: list[str]) -> None:
    service = boto3.client({"s3api": "s3"}.get(line[1], line[1]), region_name="eu-west-1").meta.service_model
    operation = next(name for name in service.operation_names if xform_name(name, "-") == line[2])
    members = getattr(service.operation_model(operation).input_shape, "members", {})
    assert {word.removeprefix("--") for word in line if word.startswith("--")} - OF_THE_PROGRAM <= {
        xform_name(member, "-") for member in members
    }


def test_a_placeholder_is_an_output() -> None:
    """QUEUE-URL stands for the output QueueUrl."""
    capitals = {word for line in COMMANDS for word in line if re.fullmatch(r"[A-Z]+(-[A-Z]+)+", word)}
    assert capitals
    assert {"".join(part.capitalize() for part in word.split("-")) for word in capitals} <= TEMPLATE["Outputs"].keys()


def codes(error: type[HairlineError]) -> set[str]:
    return {error.code}.union(*(codes(kind) for kind in error.__subclasses__()))


def test_a_code_exists_in_hairline() -> None:
    assert issubclass(errors.BadConfig, HairlineError)
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", RUNBOOK))
    assert named
    assert named <= codes(HairlineError)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)*)`", RUNBOOK))))
def test_a_name_is_a_parameter_or_an_output(name: str) -> None:
    assert name in TEMPLATE["Parameters"].keys() | TEMPLATE["Outputs"].keys() | {"ReasonCode", "Reason"}
