"""Which shops may send webhooks, and who receives callbacks: one JSON document in Secrets Manager.

    {"spring-shop": {"platform": "shopify", "secrets": ["new", "old"], "shops": ["spring.myshopify.com"],
                     "options": {"format": "webp"}, "callback": {"url": "https://…", "secrets": ["whsec_…"]}}}

An error in one source affects that source only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handler.aws.registry_secret import CALLBACKS, Secret
from handler.errors import BadConfig, BadEvent, BadSignature, FetchRefused
from handler.hooks.platforms import PLATFORMS, Platform
from handler.hooks.products import check_id
from handler.hooks.signatures import SCHEMES, Scheme
from handler.untrusted import guard
from handler.untrusted.guard import Policy

_MAX_OPTIONS_BYTES = 1500
"""They are stored in an object's metadata, which holds 2 KB."""

_FIELDS = {"platform", "secrets", "shops", "hosts", "token", "event_source", "options", "callback"}


@dataclass(frozen=True, slots=True)
class Callback:
    """A receiver. secrets: of Standard Webhooks; each of them signs, so that the receiver can replace one."""

    url: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One registered sender.

    shops: those that it may send for. hosts: where their images may be stored; None for any public host. token: of the
    platform's API. event_source: the source of its events on EventBridge. options: of its images' cutouts, as JSON.
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
        """The shop that a webhook is about. Raises BadSignature if it is not one of this source's."""
        if claimed is None and len(self.shops) == 1:
            return self.shops[0]
        if claimed not in self.shops:
            raise BadSignature(f"The source {self.name} is not registered for the shop {claimed!r}.")
        return claimed


class Registry:
    """secret: the document. policy: which URLs callbacks may have."""

    def __init__(self, secret: Secret, policy: Policy) -> None:
        self._secret, self._policy = secret, policy

    def named(self, name: str) -> Source:
        """The source of that name. Raises BadSignature if it is not registered, BadConfig for errors in its entry."""
        entry = None if name == CALLBACKS else self._secret.document().get(name)
        if entry is None:
            raise BadSignature(f"No source {name[:100]!r} is registered.")
        return source(name, entry, self._policy)

    def of_event_source(self, name: str) -> Source:
        """The source with that event_source. Raises as `named` does."""
        for key, entry in self._secret.document().items():
            if isinstance(entry, Mapping) and entry.get("event_source") == name:
                return source(key, entry, self._policy)
        raise BadSignature(f"No source with the event_source {name!r} is registered.")

    def signing_secrets(self) -> tuple[str, ...]:
        """The secrets that sign callbacks to URLs that images name themselves. Raises BadConfig if there are none."""
        entry = self._secret.document().get(CALLBACKS)
        where = f"The entry {CALLBACKS}"
        secrets = _secrets(entry, SCHEMES["standard"], where) if isinstance(entry, Mapping) else ()
        if not secrets:
            raise BadConfig(
                f"The secret {self._secret.name} has no entry {CALLBACKS} with secrets that sign callbacks. Add one."
            )
        return secrets


def source(name: str, entry: Any, policy: Policy) -> Source:
    """One entry of the registry, checked. Raises BadConfig, which names the field but never a secret."""
    where = f"The source {name}"
    try:
        check_id(name, "source")
    except BadEvent as error:
        raise BadConfig(str(error)) from error
    if not isinstance(entry, Mapping) or (unknown := entry.keys() - _FIELDS):
        wrong = (
            f"has unknown fields: {', '.join(sorted(unknown))}" if isinstance(entry, Mapping) else "must be an object"
        )
        raise BadConfig(f"{where} {wrong}. Known fields: {', '.join(sorted(_FIELDS))}.")
    platform = PLATFORMS.get(str(entry.get("platform")))
    if platform is None:
        raise BadConfig(f"{where}: platform is {entry.get('platform')!r}, but must be one of {', '.join(PLATFORMS)}.")
    shops = _texts(entry, "shops", where)
    for shop in shops:
        try:
            check_id(shop, "shop")
        except BadEvent as error:
            raise BadConfig(f"{where}: {error}") from error
    secrets = _secrets(entry, platform.scheme, where)
    if not shops or not (secrets or entry.get("event_source")):
        raise BadConfig(f"{where} must have shops, and either secrets or an event_source.")
    token = _text(entry, "token", where)
    if platform.query is not None and token is None:
        raise BadConfig(f"{where} must have a token, to query the platform for the images of a product.")
    options = entry.get("options", {})
    if not isinstance(options, Mapping) or len(json.dumps(options)) > _MAX_OPTIONS_BYTES:
        raise BadConfig(f"{where}: options must be a JSON object of at most {_MAX_OPTIONS_BYTES} bytes.")
    return Source(
        name=name,
        platform=platform,
        secrets=secrets,
        shops=shops,
        hosts=_hosts(platform, shops, _texts(entry, "hosts", where) if "hosts" in entry else None),
        token=token,
        event_source=_text(entry, "event_source", where),
        options=json.dumps(options),
        callback=_callback(entry["callback"], where, policy) if entry.get("callback") else None,
    )


def _hosts(platform: Platform, shops: tuple[str, ...], extra: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if platform.hosts is None:
        return extra
    return (*platform.hosts, *(shops if platform.own_host else ()), *(extra or ()))


def _callback(entry: Any, where: str, policy: Policy) -> Callback:
    url = entry.get("url") if isinstance(entry, Mapping) else None
    if not isinstance(url, str) or entry.keys() - {"url", "secrets"}:
        raise BadConfig(f"{where}: callback must be an object with url and secrets.")
    try:
        guard.target(url, policy)
    except FetchRefused as error:
        raise BadConfig(f"{where}: the callback's url is not allowed: {error.detail}") from error
    secrets = _secrets(entry, SCHEMES["standard"], f"{where}: callback")
    if not secrets:
        raise BadConfig(f"{where}: callback must have secrets, with which the receiver can verify it.")
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
        raise BadConfig(f"{where}: {field} must be a string that is not empty.")
    return value


def _texts(entry: Mapping[str, Any], field: str, where: str) -> tuple[str, ...]:
    values = entry.get(field, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise BadConfig(f"{where}: {field} must be a list of strings that are not empty.")
    return tuple(values)
