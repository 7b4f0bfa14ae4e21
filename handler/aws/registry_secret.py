"""The registry's document: one JSON object in Secrets Manager. `handler.hooks.registry` says what its entries mean."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from handler.errors import BadConfig, StoreUnavailable

KEPT_S = 300
"""How long a container caches the document. So register a new secret five minutes before its sender uses it."""

CALLBACKS = "callbacks"
"""The name of the one entry that is not a source: its `secrets` sign callbacks to URLs that images name themselves."""


class Reader(Protocol):
    """The one method of Powertools' SecretsProvider that Hairline calls."""

    def get(self, name: str, max_age: int | None = None) -> Any:
        """The secret's text. Raises GetParameterError."""
        ...


class Secret:
    """name: of the secret."""

    def __init__(self, reader: Reader, name: str) -> None:
        self._reader, self.name = reader, name

    def document(self) -> Mapping[str, Any]:
        """Entries by name. Raises StoreUnavailable, BadConfig."""
        try:
            document = json.loads(self._reader.get(self.name, max_age=KEPT_S))
        except GetParameterError as error:
            raise StoreUnavailable(f"Could not read the secret {self.name}: {error}") from error
        except (ValueError, RecursionError) as error:
            raise BadConfig(f"The secret {self.name} is not JSON.") from error  # its text must not get into a log
        if not isinstance(document, dict):
            raise BadConfig(f"The secret {self.name} must be a JSON object of sources by name.")
        return document

    def can_sign_callbacks(self) -> bool:
        """Whether there are secrets for callbacks to URLs that images name themselves. Raises as `document` does."""
        entry = self.document().get(CALLBACKS)
        return isinstance(entry, Mapping) and bool(entry.get("secrets"))


def secret(client: Any, name: str) -> Secret:
    """client: boto3's for Secrets Manager."""
    return Secret(SecretsProvider(boto3_client=client), name)
