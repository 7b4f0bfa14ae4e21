"""The functions: their code, settings, logs and runtime."""

import importlib
import math

import pytest

from handler import settings
from handler.aws.queue import MAX_DELAY_S
from handler.config import CutoutConfig, NotificationConfig
from handler.hooks import callbacks
from handler.http.config import ApiCutoutConfig
from handler.settings import Function
from layers import build
from layers.target import MACHINES
from pipeline import models
from tests.template.deployments import FUNCTIONS, TEMPLATE, deployed, of_type, properties
from tests.test_architecture import NEVER_CUT


@pytest.mark.parametrize("function", FUNCTIONS)
def test_handlers_exist(function: str) -> None:
    module, _, name = properties(function)["Handler"].rpartition(".")
    backfill = ("handler.backfill.app", "handler.backfill.end_app")
    http = ("handler.http.cutout_app", "handler.http.job_app")
    assert module in ("handler.cutouts.app", "handler.hooks.app", *http, *backfill)
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_function_gets_exactly_the_settings_that_are_read(function: str) -> None:
    given = deployed()[0][function]["Properties"]["Environment"]["Variables"]
    read = set(settings.names(Function(function)))
    # Only the local stack lets functions connect to this machine; without the setting they may not.
    assert {name for name in given if name.startswith(settings.PREFIX)} == read - {"HAIRLINE_ALLOW_LOOPBACK"}


def sends_to_itself(function: str) -> bool:
    made, _ = deployed()
    queues = {
        event["Properties"]["Queue"]
        for event in made[function]["Properties"].get("Events", {}).values()
        if event["Type"] == "SQS"
    }
    role = made[properties(function)["Role"]["Fn::GetAtt"][0]]["Properties"]["Policies"][0]["PolicyDocument"]
    (sent,) = [s["Resource"] for s in role["Statement"] if s["Action"] == "sqs:SendMessage"] or [[]]
    return bool(queues & ({sent} if isinstance(sent, str) else set(sent)))


def test_lambda_does_not_stop_a_waiting_callback_as_a_loop() -> None:
    """Lambda stops a function that has called itself 16 times through its queue, unless it is allowed to."""
    passes = sum(math.ceil(seconds / MAX_DELAY_S) for seconds in callbacks.WAITS_S)
    assert passes > 16
    assert [name for name in FUNCTIONS if sends_to_itself(name)] == ["FetchFunction", "CallbackFunction"]
    assert [name for name in FUNCTIONS if properties(name).get("RecursiveLoop") == "Allow"] == ["CallbackFunction"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_policy_has_room_for_its_routes(function: str) -> None:
    """SAM adds a statement for each, of at most 500 bytes; Lambda takes 20 kB.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    events = properties(function).get("Events", {}).values()
    assert sum(event["Type"] == "Api" for event in events) <= 20_480 // 500


@pytest.mark.parametrize(("parameter", "reserved"), [("0", None), ("5", "5")])
def test_concurrency_can_be_reserved_for_the_api(parameter: str, reserved: str | None) -> None:
    made, _ = deployed(ApiConcurrency=parameter)
    assert made["ApiCutoutFunction"]["Properties"].get("ReservedConcurrentExecutions") == reserved


def test_the_layers_are_named_after_the_stack() -> None:
    """A bare name would be shared by every stack of the account that uses it."""
    made, _ = deployed()
    names = [made[layer]["Properties"]["LayerName"] for layer in build.LAYERS]
    assert names == ["hairline-dependencies", "hairline-small"]
    assert sorted(of_type("AWS::Serverless::LayerVersion")) == sorted(build.LAYERS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_that_never_cuts_has_the_small_layer(function: str) -> None:
    never_cuts = properties(function)["Handler"].rpartition(".")[0] in NEVER_CUT
    assert properties(function)["Layers"] == [{"Ref": "SmallLayer" if never_cuts else "DependenciesLayer"}]


@pytest.mark.parametrize("architecture", TEMPLATE["Parameters"]["Architecture"]["AllowedValues"])
def test_functions_and_layers_have_the_same_architecture(architecture: str) -> None:
    assert architecture in MACHINES
    made, _ = deployed(Architecture=architecture)
    for function in FUNCTIONS:
        assert made[function]["Properties"]["Architectures"] == [architecture]
    for layer in build.LAYERS:
        assert made[layer]["Properties"]["CompatibleArchitectures"] == [architecture]


def test_the_default_parameters_make_a_valid_configuration() -> None:
    variables = deployed()[0]["CutoutFunction"]["Properties"]["Environment"]["Variables"]
    made = CutoutConfig.from_env(variables)
    assert made.notifications == NotificationConfig("default", "<CallbackQueue>", variables["HAIRLINE_STATE_BUCKET"])
    required = [name for name, row in settings.SETTINGS.items() if Function.CUTOUT in row.required]
    assert made.options == CutoutConfig.from_env({name: variables[name] for name in required}).options


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_have_a_supported_runtime_log_retention_and_traces(function: str) -> None:
    made = properties(function)
    assert made["Runtime"] == "python3.13"
    assert made["Tracing"] == {"Ref": "Tracing"}
    log_group = made["LoggingConfig"]["LogGroup"]["Ref"]
    assert properties(log_group)["RetentionInDays"]
    assert "MemorySize" in made
    assert "Timeout" in made


@pytest.mark.parametrize("function", ["CutoutFunction", "ApiCutoutFunction"])
def test_a_function_that_loads_a_model_has_room_for_its_weights_and_may_read_them(function: str) -> None:
    made, _ = deployed(Model="auto", ModelBucket="my-weights")
    configs: dict[str, type[CutoutConfig | ApiCutoutConfig]] = {
        "CutoutFunction": CutoutConfig,
        "ApiCutoutFunction": ApiCutoutConfig,
    }
    config = configs[function]
    choice = config.from_env(made[function]["Properties"]["Environment"]["Variables"]).model
    assert (choice.name, choice.bucket) == ("auto", "my-weights")
    room = made[function]["Properties"]["EphemeralStorage"]["Size"] * 1_000_000
    assert models.named("u2netp").size + max(spec.size for spec in models.MODELS.values()) < room
    assert made["CutoutFunction"]["Properties"]["EphemeralStorage"]["Size"] <= 512  # the most that SnapStart takes
    role = made[properties(function)["Role"]["Fn::GetAtt"][0]]["Properties"]["Policies"][0]["PolicyDocument"]
    (allowed,) = [s for s in role["Statement"] if s["Sid"] == "ReadWeights"]
    assert (allowed["Action"], allowed["Resource"]) == (
        "s3:GetObject",
        [f"arn:aws:s3:::my-weights/*.{kind}" for kind in ("onnx", "json")],
    )
