"""The settings of the HTTP API's two functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from handler import settings
from handler.config import ModelConfig, allow_loopback, default_options, number, with_threads
from handler.errors import BadConfig
from handler.settings import Function
from pipeline.options import Options


class UsagePlan(NamedTuple):
    """What API Gateway allows an API key. rate: requests a second on average. burst: requests at once."""

    rate: float
    burst: int

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self | None:
        """Raises BadConfig unless both numbers are given, or neither."""
        names = ("HAIRLINE_API_RATE", "HAIRLINE_API_BURST")
        if not any(name in given for name in names):
            return None
        rate, burst = (number(given, name, float) for name in names)
        if min(rate, burst) < 1:
            raise BadConfig(f"{' and '.join(names)} must be 1 or more.")
        return cls(rate, int(burst))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiConfig:
    """Settings of both functions of the HTTP API. plan: None if it is not known."""

    input_bucket: str
    output_bucket: str
    state_bucket: str
    options: Options
    cors_origin: str
    allow_loopback: bool
    plan: UsagePlan | None

    @staticmethod
    def fields(given: Mapping[str, str], env: Mapping[str, str]) -> dict[str, Any]:
        """The fields that both functions have. given: the settings. Raises BadConfig."""
        return {
            "input_bucket": given["HAIRLINE_INPUT_BUCKET"],
            "output_bucket": given["HAIRLINE_OUTPUT_BUCKET"],
            "state_bucket": given["HAIRLINE_STATE_BUCKET"],
            "options": with_threads(default_options(given), env),
            "cors_origin": given.get("HAIRLINE_CORS_ORIGIN", "*"),
            "allow_loopback": allow_loopback(given),
            "plan": UsagePlan.of(given),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCutoutConfig(ApiConfig):
    """Settings of ApiCutoutFunction."""

    model: ModelConfig

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """env: such as `os.environ`. Raises BadConfig, which names the variable."""
        given = settings.read(Function.API_CUTOUT, env)
        return cls(**cls.fields(given, env), model=ModelConfig.of(given))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiJobConfig(ApiConfig):
    """Settings of ApiJobFunction. registry: the name of a secret."""

    registry: str
    job_queue_url: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """env: such as `os.environ`. Raises BadConfig, which names the variable."""
        given = settings.read(Function.API_JOB, env)
        return cls(
            **cls.fields(given, env),
            registry=given["HAIRLINE_REGISTRY"],
            job_queue_url=given["HAIRLINE_JOB_QUEUE_URL"],
        )
