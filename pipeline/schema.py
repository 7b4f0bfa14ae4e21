"""The report's types as a JSON Schema (2020-12): `python -m pipeline.schema` prints docs/report.schema.json.

The schema allows unknown fields, because a later version of Hairline may add some.
"""

import inspect
import json
import sys
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from pipeline.report import Report, StoredReport

_JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def schema() -> dict[str, Any]:
    """The schema of every report: the command line's, the library's, and those in the output bucket."""
    definitions: dict[str, Any] = {}
    reports = [*get_args(Report), *get_args(StoredReport)]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Hairline's report.json",
        "anyOf": [_schema(report, definitions) for report in reports],
        "$defs": definitions,
    }


def fields(report: type) -> dict[str, str]:
    """The description of each field of one of the report's types, by the field's name."""
    return {name: _described(hint)[1] for name, hint in get_type_hints(report, include_extras=True).items()}


def _described(hint: Any) -> tuple[Any, str]:
    """A field's bare type, and its description."""
    if get_origin(hint) is NotRequired:
        (hint,) = get_args(hint)
    if get_origin(hint) is not Annotated:
        return hint, (inspect.getdoc(hint) or "") if is_typeddict(hint) else ""
    bare, *notes = get_args(hint)
    return bare, ": ".join(reversed(notes))


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    bare, description = _described(hint)
    schema = _bare(bare, definitions)
    return {**schema, "description": description} if description and "$ref" not in schema else schema


def _bare(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    arguments = get_args(hint)
    match get_origin(hint) or hint:
        case form if form in _JSON_TYPES:
            return {"type": _JSON_TYPES[form]}
        case form if form is Literal:
            return {"enum": list(arguments)}
        case form if form in (Union, types.UnionType):
            return {"anyOf": [_schema(argument, definitions) for argument in arguments]}
        case form if form is Sequence:
            return {"type": "array", "items": _schema(arguments[0], definitions)}
        case form if form is Mapping:
            return {"type": "object", "additionalProperties": _schema(arguments[1], definitions)}
        case form if form is Any:
            return {}
        case _:
            return _reference(hint, definitions)


def _reference(report: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    name = report.__name__
    if name not in definitions:
        definitions[name] = {}  # reserves its place before the definitions that it refers to
        hints = get_type_hints(report, include_extras=True)
        definitions[name] |= {
            "description": inspect.getdoc(report),
            "type": "object",
            "properties": {field: _schema(hint, definitions) for field, hint in hints.items()},
            "required": sorted(report.__required_keys__),
        }
    return {"$ref": f"#/$defs/{name}"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
