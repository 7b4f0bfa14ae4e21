"""The functions: their code, settings, logs and runtime."""

import importlib

import pytest

from handler import settings
from handler.hooks import settings as hooks
from handler.http import settings as http
from pipeline import models
from tests.template.deployments import FUNCTIONS, deployed, properties


@pytest.mark.parametrize("function", FUNCTIONS)
def test_handlers_exist(function: str) -> None:
    module, _, name = properties(function)["Handler"].rpartition(".")
    assert module in ("handler.cutouts.app", "handler.hooks.app", "handler.http.cutout_app", "handler.http.job_app")
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_function_gets_exactly_the_settings_that_are_read(function: str) -> None:
    given = properties(function)["Environment"]["Variables"]
    read = (hooks.READ | http.READ).get(properties(function)["Handler"].rpartition(".")[2], settings.names())
    assert {name for name in given if name.startswith(settings.PREFIX)} == set(read)


def test_this_machine_itself_is_asked_on_the_local_stack_alone() -> None:
    asked = [properties(name)["Environment"]["Variables"].get("HAIRLINE_ALLOW_LOOPBACK") for name in FUNCTIONS]
    assert sorted(asked, key=str) == [None, *["no"] * 5]


def test_the_default_parameters_make_a_valid_configuration() -> None:
    variables = deployed()[0]["CutoutFunction"]["Properties"]["Environment"]["Variables"]
    made = settings.Config.from_env(variables)
    assert made.notify == settings.NotificationTargets("default", "<CallbackQueue>", variables["HAIRLINE_STATE_BUCKET"])
    assert made.options == settings.Config.from_env({name: variables[name] for name in settings.REQUIRED}).options


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_have_a_live_runtime_logs_with_an_end_and_traces(function: str) -> None:
    made = properties(function)
    assert made["Runtime"] == "python3.13"
    assert made["Tracing"] == {"Ref": "Tracing"}
    log_group = made["LoggingConfig"]["LogGroup"]["Ref"]
    assert properties(log_group)["RetentionInDays"]
    assert "MemorySize" in made
    assert "Timeout" in made


@pytest.mark.parametrize("function", ["CutoutFunction", "ApiCutoutFunction"])
def test_what_runs_a_network_has_room_for_its_weights_and_may_read_them(function: str) -> None:
    made, _ = deployed(Model="auto", ModelBucket="my-weights")
    network = settings.Network.from_env(made[function]["Properties"]["Environment"]["Variables"])
    assert (network.model.stronger, network.bucket) == (models.named("isnet"), "my-weights")
    room = made[function]["Properties"]["EphemeralStorage"]["Size"] * 1_000_000
    for choice in models.CHOICES.values():
        assert sum(spec.size for spec in choice.networks) < room
    assert made["CutoutFunction"]["Properties"]["EphemeralStorage"]["Size"] <= 512  # the most that SnapStart takes
    role = made[properties(function)["Role"]["Fn::GetAtt"][0]]["Properties"]["Policies"][0]["PolicyDocument"]
    (allowed,) = [s for s in role["Statement"] if s["Sid"] == "ReadWeights"]
    assert (allowed["Action"], allowed["Resource"]) == ("s3:GetObject", "arn:aws:s3:::my-weights/*.onnx")
