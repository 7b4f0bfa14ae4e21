"""The base class of `Options`, which works for any dataclass of rows."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Self

from pipeline.errors import BadOptions, unknown_name
from pipeline.options.row import Option, Where


class Table:
    """The base of a frozen dataclass whose fields are rows."""

    @classmethod
    def table(cls) -> dict[str, Option[Any, Any]]:
        """The rows by name."""
        members = (item for base in reversed(cls.__mro__) for item in vars(base).items())
        return {name: row for name, row in members if isinstance(row, Option)}

    def overridden_by(self, request: Mapping[str, Any]) -> Self:
        """These options, overridden by those of a request.

        request: values by name, as JSON has them, or parsed.
        Raises BadOptions for an unknown name, for an option that a request cannot set, and for a bad value.
        """
        table = self.table()
        known = [name for name, row in table.items() if Where.JSON in row.where]
        for name in request:
            if name in known:
                continue
            if name not in table:
                raise BadOptions(unknown_name("option", str(name), known))
            fixed = (
                f"{name} is set by the operator and cannot be changed for one image." if table[name].operator else ""
            )
            raise BadOptions(f"{fixed} {table[name].instead}".strip())
        return type(self)(**({name: getattr(self, name) for name in table} | dict(request)))

    def described(self) -> dict[str, Any]:
        """The options that shape the result, as canonical JSON values; images by their sha256."""
        rows = self.table().items()
        return {name: row.described(getattr(self, name)) for name, row in rows if not row.operator}

    def digest(self) -> str:
        """sha256 hex of `described()`: equal for two Options exactly when they describe the same result."""
        return hashlib.sha256(json.dumps(self.described(), sort_keys=True).encode()).hexdigest()

    def __repr__(self) -> str:
        changed = {name: row for name, row in self.table().items() if getattr(self, name) != row.default}
        shown = (f"{name}={row.described(getattr(self, name))!r}" for name, row in changed.items())
        return f"{type(self).__name__}({', '.join(shown)})"
