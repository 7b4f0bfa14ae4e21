"""One row of the table of options: a field of `Options` that checks, parses and describes its own values.

An `Option` is a data descriptor. The dataclass takes the constructor's argument from it, and so do type checkers: the
type that `__set__` accepts is what users may write, the type that `__get__` returns is what the stages read.
"""

from enum import Flag, auto
from typing import Any, Generic, TypeVar

from pipeline.errors import BadOptions
from pipeline.options.kinds import Kind, UnknownName

Given = TypeVar("Given")
Held = TypeVar("Held")


class Where(Flag):
    """Where an option can be set, besides Python. JSON: an S3 object's metadata, a job or HAIRLINE_OPTIONS."""

    PYTHON = 0
    CLI = auto()
    JSON = auto()
    QUERY = auto()
    ALL = CLI | JSON | QUERY


GROUPS = ("Subject", "Matte", "Output", "Marketplace", "Limits")
"""The headings of --help and docs/options.md, in this order."""


class Option(Generic[Given, Held]):
    """A row of the table.

    kind: parses a value. default: as users write it; None is accepted only if it is the default. help: a phrase that is
    complete alone. needs: the option without which this one changes nothing, if any. where: where it can be set. unset:
    what the default None or () means. flag: its name on the command line and in a query, if it is not the option's own.
    operator: whether only the operator may set it; no result depends on such an option. instead: advice for those who
    cannot set it.
    """

    name: str

    def __init__(
        self,
        kind: Kind,
        default: Given,
        help: str,  # noqa: A002 - the word that argparse uses
        *,
        group: str,
        needs: str = "",
        where: Where = Where.ALL,
        unset: str = "",
        flag: str = "",
        operator: bool = False,
        instead: str = "",
    ) -> None:
        self.kind, self.help, self.group = kind, help, group
        self.needs, self.where, self.unset, self.flag = needs, where, unset, flag
        self.operator, self.instead = operator, instead
        parsed: Any = kind.read(default) if default is not None else None
        self.default: Held = parsed

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.flag = self.flag or name

    def __get__(self, instance: object | None, owner: type) -> Held:
        if instance is None:
            return self.default
        held: Held = vars(instance)[self.name]
        return held

    def __set__(self, instance: object, value: Given) -> None:
        vars(instance)[self.name] = self.read(value)

    def read(self, value: Any) -> Any:
        """The parsed value. Raises BadOptions."""
        if value is None and self.default is None:
            return None
        try:
            return self.kind.read(value)
        except UnknownName as error:
            raise BadOptions(str(error)) from error
        except (ValueError, OverflowError) as error:
            raise BadOptions(f"{self.name} is {shortened(value)}, but must be {self.kind.form}.") from error

    def described(self, value: Any) -> Any:
        """A parsed value as canonical JSON."""
        return None if value is None else self.kind.described(value)

    @property
    def default_text(self) -> str:
        """The default, as --help and the documentation show it."""
        if self.unset:
            return self.unset
        text = self.described(self.default)
        if isinstance(text, bool):
            return "on" if text else "off"
        return f"{text:,g}" if isinstance(text, float) else f"{text:,}" if isinstance(text, int) else str(text)


def shortened(value: Any) -> str:
    """A value as messages show it: at most 80 characters, and bytes by their number."""
    text = f"{len(value)} bytes" if isinstance(value, bytes) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
