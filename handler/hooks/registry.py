"""Which shops may tell us of products, and whom to tell when pictures are done: one JSON document among the secrets.

    {"spring-shop": {"platform": "shopify", "secrets": ["new", "old"], "shops": ["spring.myshopify.com"],
                     "options": {"format": "webp"}, "callback": {"url": "https://…", "secrets": ["whsec_…"]}}}

Whatever is wrong with one source is wrong for that one alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from handler.errors import BadConfig, BadEvent, BadSignature, FetchRefused, StoreUnavailable
from handler.hooks.platforms import PLATFORMS, Platform
from handler.hooks.products import part
from handler.hooks.signatures import SCHEMES, Scheme
from handler.untrusted import guard
from handler.untrusted.guard import Policy

KEPT_S = 300
"""How long a container uses what it has read: a new secret must be there for that long before anybody signs with it."""

CALLBACKS = "callbacks"
"""The name of the entry that is no source."""

_LONGEST_OPTIONS = 1500
"""Bytes: they go into an object's metadata, which holds 2 KB."""

_FIELDS = {"platform", "secrets", "shops", "hosts", "token", "event_source", "options", "callback"}


@dataclass(frozen=True, slots=True)
class Callback:
    """Whom to tell. secrets: of Standard Webhooks; each signs, so that the receiver can change from one to the next."""

    url: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One registered sender.

    shops: those that it may speak for. hosts: where their pictures may lie besides the platform's own; None for no
    limit, where the platform has none either. token: for asking the platform itself. event_source: the name under which
    its events come by EventBridge. options: of its pictures' cutouts, as JSON.
    """

    name: str
    platform: Platform
    secrets: tuple[str, ...]
    shops: tuple[str, ...]
    hosts: tuple[str, ...] | None
    token: str | None
    event_source: str | None
    options: str
    callback: Callback | None

    def shop(self, claimed: str | None) -> str:
        """The shop that a hook speaks for. Raises BadSignature for one that is not this source's."""
        if claimed is None and len(self.shops) == 1:
            return self.shops[0]
        if claimed not in self.shops:
            raise BadSignature(f"{claimed!r} is no shop of the source {self.name}.")
        return claimed


class Reader(Protocol):
    """The part of Powertools' SecretsProvider that is used here."""

    def get(self, name: str, max_age: int | None = None) -> Any:
        """The secret's text. Raises GetParameterError."""
        ...


class Registry:
    """name: of the secret. policy: what callbacks' URLs have to satisfy."""

    def __init__(self, reader: Reader, name: str, policy: Policy) -> None:
        self._reader, self._name, self._policy = reader, name, policy

    def named(self, name: str) -> Source:
        """Raises BadSignature for a source that is not registered, BadConfig for one registered wrongly."""
        entry = None if name == CALLBACKS else self._document().get(name)
        if entry is None:
            raise BadSignature(f"There is no source {name[:100]!r}.")
        return source(name, entry, self._policy)

    def of_event_source(self, name: str) -> Source:
        """The source whose events come by EventBridge under that name. Raises as `named` does."""
        for key, entry in self._document().items():
            if isinstance(entry, Mapping) and entry.get("event_source") == name:
                return source(key, entry, self._policy)
        raise BadSignature(f"There is no source whose event_source is {name!r}.")

    def signing_secrets(self) -> tuple[str, ...]:
        """With which callbacks are signed that a picture names itself: the secrets of the entry CALLBACKS."""
        entry = self._document().get(CALLBACKS)
        where = f"The entry {CALLBACKS}"
        secrets = _secrets(entry, SCHEMES["standard"], where) if isinstance(entry, Mapping) else ()
        if not secrets:
            raise BadConfig(f"The secret {self._name} has no entry {CALLBACKS} with secrets to sign callbacks.")
        return secrets

    def _document(self) -> Mapping[str, Any]:
        try:
            document = json.loads(self._reader.get(self._name, max_age=KEPT_S))
        except GetParameterError as error:
            raise StoreUnavailable(f"Could not read the secret {self._name}: {error}") from error
        except (ValueError, RecursionError) as error:
            raise BadConfig(f"The secret {self._name} is not JSON.") from error  # its text must not get into a log
        if not isinstance(document, dict):
            raise BadConfig(f"The secret {self._name} is no JSON object of sources by name.")
        return document


def secrets_manager(client: Any) -> Reader:
    """client: boto3's for Secrets Manager."""
    return SecretsProvider(boto3_client=client)


def source(name: str, entry: Any, policy: Policy) -> Source:
    """One entry of the registry, checked. Raises BadConfig, which names the field but never a secret."""
    where = f"The source {name}"
    try:
        part(name, "source")
    except BadEvent as error:
        raise BadConfig(str(error)) from error
    if not isinstance(entry, Mapping) or (unknown := entry.keys() - _FIELDS):
        detail = f"has no field {', '.join(sorted(unknown))}" if isinstance(entry, Mapping) else "is no JSON object"
        raise BadConfig(f"{where} {detail}. There are: {', '.join(sorted(_FIELDS))}.")
    platform = PLATFORMS.get(str(entry.get("platform")))
    if platform is None:
        raise BadConfig(f"{where}: platform must be one of {', '.join(PLATFORMS)}.")
    shops = _texts(entry, "shops", where)
    for shop in shops:
        try:
            part(shop, "shop")
        except BadEvent as error:
            raise BadConfig(f"{where}: {error}") from error
    secrets = _secrets(entry, platform.scheme, where)
    if not shops or not (secrets or entry.get("event_source")):
        raise BadConfig(f"{where} needs shops, and either secrets or an event_source.")
    options = entry.get("options", {})
    if not isinstance(options, Mapping) or len(json.dumps(options)) > _LONGEST_OPTIONS:
        raise BadConfig(f"{where}: options must be a JSON object of at most {_LONGEST_OPTIONS} bytes.")
    return Source(
        name=name,
        platform=platform,
        secrets=secrets,
        shops=shops,
        hosts=_hosts(platform, shops, _texts(entry, "hosts", where) if "hosts" in entry else None),
        token=_text(entry, "token", where),
        event_source=_text(entry, "event_source", where),
        options=json.dumps(options),
        callback=_callback(entry["callback"], where, policy) if entry.get("callback") else None,
    )


def _hosts(platform: Platform, shops: tuple[str, ...], more: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if platform.hosts is None:
        return more
    return (*platform.hosts, *(shops if platform.own_host else ()), *(more or ()))


def _callback(entry: Any, where: str, policy: Policy) -> Callback:
    url = entry.get("url") if isinstance(entry, Mapping) else None
    if not isinstance(url, str) or entry.keys() - {"url", "secrets"}:
        raise BadConfig(f"{where}: callback must be an object of url and secrets.")
    try:
        guard.target(url, policy)
    except FetchRefused as error:
        raise BadConfig(f"{where}: callback is refused: {error.detail}") from error
    secrets = _secrets(entry, SCHEMES["standard"], f"{where}: callback")
    if not secrets:
        raise BadConfig(f"{where}: callback needs secrets, or nobody could tell that it is from you.")
    return Callback(url, secrets)


def _secrets(entry: Mapping[str, Any], scheme: Scheme, where: str) -> tuple[str, ...]:
    secrets = _texts(entry, "secrets", where)
    try:
        for secret in secrets:
            scheme.key(secret)
    except BadConfig as error:
        raise BadConfig(f"{where}: {error}") from error
    return secrets


def _text(entry: Mapping[str, Any], field: str, where: str) -> str | None:
    value = entry.get(field)
    if value is not None and (not isinstance(value, str) or not value):
        raise BadConfig(f"{where}: {field} must be a text.")
    return value


def _texts(entry: Mapping[str, Any], field: str, where: str) -> tuple[str, ...]:
    values = entry.get(field, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise BadConfig(f"{where}: {field} must be a list of texts, none of them empty.")
    return tuple(values)
