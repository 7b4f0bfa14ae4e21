"""The settings of the backfill's two functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from handler import config, settings
from handler.config import BucketConfig
from handler.settings import Function


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillConfig(BucketConfig):
    """Of BackfillFunction. It has no event bus and no queues: a backfill sends one notification, at its end."""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """env: as `os.environ` is. Raises BadConfig, which names the variable."""
        return cls(**config.bucket_fields(settings.read(Function.BACKFILL, env), env))


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillEndConfig:
    """Of BackfillEndFunction."""

    state_bucket: str
    event_bus: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """env: as `os.environ` is. Raises BadConfig, which names the variable."""
        given = settings.read(Function.BACKFILL_END, env)
        return cls(state_bucket=given["HAIRLINE_STATE_BUCKET"], event_bus=given["HAIRLINE_EVENT_BUS"])
