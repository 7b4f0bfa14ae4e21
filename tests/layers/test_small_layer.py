"""SmallLayer alone, as Lambda gives it to the functions that never cut."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from handler.local import stack, template
from handler.local.environment import sealed
from layers import function, kernels
from layers.prune import SERVICES
from tests.conftest import Layer

TEMPLATE = template.load()
FUNCTIONS = {
    name: template.properties(TEMPLATE, name)["Handler"].rpartition(".")[0]
    for name in template.of_type(TEMPLATE, "AWS::Serverless::Function")
    if template.properties(TEMPLATE, name)["Layers"] == [{"Ref": "SmallLayer"}]
}


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The functions' code alone, as in /var/task."""
    folder = tmp_path_factory.mktemp("task")
    function.copy(folder)
    return folder


def run(
    layer: Layer, task: Path, program: str, settings: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": f"{task}:{layer.opt / 'python'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        **settings,
    }
    command: list[str | Path] = [layer.interpreter, "-S", "-c", program]
    return subprocess.run(command, cwd=task, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_imports_with_the_small_layer_alone(small_layer: Layer, task: Path, name: str) -> None:
    module = FUNCTIONS[name]
    done = run(small_layer, task, f"import boto3, {module}; print(boto3.__file__, {module}.__file__)")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        str(small_layer.opt / "python" / "boto3" / "__init__.pyc"),
        str(task.joinpath(*module.split(".")).with_suffix(".py")),
    ]


MESSAGE = {
    "messageId": "m0",
    "receiptHandle": "r",
    "body": "not a message of Hairline's",
    "attributes": {"ApproximateReceiveCount": "1"},
    "messageAttributes": {},
    "eventSource": "aws:sqs",
    "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue",
    "awsRegion": "us-east-1",
}
REQUEST = {
    "resource": "/v1/openapi.json",
    "path": "/v1/openapi.json",
    "httpMethod": "GET",
    "headers": {},
    "body": None,
    "requestContext": {"path": "/live/v1/openapi.json", "resourcePath": "/v1/openapi.json", "requestTimeEpoch": 0},
}
WEBHOOK = {"pathParameters": {"source": "nobody"}, "multiValueHeaders": {}, "body": "{}", "isBase64Encoded": False}
CALLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "WebhookFunction": (WEBHOOK, {"statusCode": 401}),
    "FetchFunction": ({"Records": [MESSAGE]}, {"batchItemFailures": []}),  # it is in the dead-letter queue then
    "CallbackFunction": ({"Records": [MESSAGE]}, {"batchItemFailures": []}),
    "ApiJobFunction": (REQUEST, {"statusCode": 200}),
}
"""An event for each function, and a part of what it returns."""
PROGRAM = """
import json, types
from {module} import {function}
context = types.SimpleNamespace(
    function_name="f", memory_limit_in_mb=512, invoked_function_arn="a", aws_request_id="1",
    get_remaining_time_in_millis=lambda: 9000,
)
print(json.dumps({function}({event!r}, context)))
"""


@pytest.mark.parametrize("name", CALLS)
def test_a_function_works_with_the_small_layer_alone(small_layer: Layer, task: Path, endpoint: str, name: str) -> None:
    settings = {**stack.create(endpoint).environment(name), **sealed({}), "AWS_ENDPOINT_URL": endpoint}
    event, expected = CALLS[name]
    handler = template.properties(TEMPLATE, name)["Handler"].rpartition(".")
    done = run(small_layer, task, PROGRAM.format(module=handler[0], function=handler[2], event=event), settings)
    assert done.returncode == 0, done.stderr
    returned = json.loads(done.stdout.splitlines()[-1])
    assert {key: returned[key] for key in expected} == expected


def test_the_clients_of_all_services_can_be_made(small_layer: Layer, task: Path) -> None:
    done = run(small_layer, task, f"import boto3\nfor name in {SERVICES}: boto3.client(name)")
    assert done.returncode == 0, done.stderr


def test_the_small_layer_is_small_and_holds_nothing_that_cuts(small_layer: Layer) -> None:
    files = [path for path in small_layer.opt.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 6_000_000
    names = {path.name for path in (small_layer.opt / "python").iterdir()}
    assert not names & {"numpy", "cv2", "onnxruntime", "scipy", "PIL", kernels.FILE}
    assert not (small_layer.opt / "models").exists()
