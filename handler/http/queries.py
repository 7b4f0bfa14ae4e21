"""Options in a query: the part of the table of options that one request for one image can hold. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.errors import BadOptions, unknown_name
from pipeline.options import Options
from pipeline.options.kinds import Names
from pipeline.options.row import Option, Where, shortened


def queries(table: Mapping[str, Option[Any, Any]]) -> dict[str, Option[Any, Any]]:
    """The rows that a query may set, by their names there. `marketplace` names the one listing image to answer with."""
    return {row.flag: row for row in table.values() if Where.QUERY in row.where}


QUERIES = queries(Options.table())


def parameters(rows: Mapping[str, Option[Any, Any]] = QUERIES) -> list[dict[str, Any]]:
    """The query in OpenAPI."""
    return [
        {
            "name": name,
            "in": "query",
            "description": f"{row.help[:1].upper()}{row.help[1:]} (default: {row.default_text}).",
            "schema": _not_empty(row.kind.schema()),
        }
        for name, row in rows.items()
    ]


def _not_empty(schema: dict[str, Any]) -> dict[str, Any]:
    return schema | {"minLength": 1} if schema.get("type") == "string" and "enum" not in schema else schema


def changes(query: Mapping[str, Sequence[str]], rows: Mapping[str, Option[Any, Any]] = QUERIES) -> dict[str, Any]:
    """What a query asks to change, as `Options.overridden_by` takes it. Raises BadOptions, which names the option."""
    made: dict[str, Any] = {}
    for name, texts in query.items():
        if name not in rows:
            raise BadOptions(unknown_name("option", name, rows))
        if len(texts) != 1:
            raise BadOptions(f"{name} is given {len(texts)} times. Give it once.")
        row = rows[name]
        try:
            # One name, even where the option takes a list: the answer is one image.
            made[row.name] = [texts[0]] if isinstance(row.kind, Names) else row.kind.from_text(texts[0])
        except ValueError as error:
            raise BadOptions(f"{name} is {shortened(texts[0])}, but must be {row.kind.form}.") from error
    return made
