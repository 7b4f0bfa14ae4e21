"""What one backfill asks of every task: S3 Batch Operations passes it on as `userArguments`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from handler.config import parse_options
from handler.errors import BadConfig

MAX_CHARACTERS = 1024
"""Of one argument. https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_LambdaInvokeOperation.html"""


@dataclass(frozen=True, slots=True)
class Arguments:
    """options: override the deployment's defaults. reuse_mattes: use an image's stored matte where that still holds."""

    options: Mapping[str, Any] = field(default_factory=dict)
    reuse_mattes: bool = False

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> Self:
        """The inverse of `described`. Raises BadOptions."""
        options = parse_options(given.get("options", "{}"), "The backfill's options")
        return cls(options, given.get("mattes") == "reuse")

    def described(self) -> dict[str, str]:
        """As strings. Raises BadConfig if the options are too long."""
        options = json.dumps(dict(self.options))
        if len(options) > MAX_CHARACTERS:
            raise BadConfig(
                f"--options has {len(options)} characters, but a backfill can have {MAX_CHARACTERS}. Set the parameter "
                "DefaultOptions of the stack instead."
            )
        return {"options": options, "mattes": "reuse" if self.reuse_mattes else "new"}
