"""template.yaml as plain data, so that the local stack has the names and numbers of a deployment."""

import re
from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"

_ABSENT = object()
"""The value of `!Ref AWS::NoValue`: a property or item with it is left out."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, read into their long form: `!Sub x` is {"Fn::Sub": "x"}."""


def _long_form(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any = loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None
    if isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _long_form)


def read(path: Path = TEMPLATE) -> dict[str, Any]:
    """The template as it was written, with every short tag in its long form."""
    written: dict[str, Any] = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506 - a SafeLoader; tags only make dicts
    return written


def load(path: Path = TEMPLATE) -> dict[str, Any]:
    """The template as `read` gives it, with SAM's Globals merged into each function, as SAM itself does."""
    template = read(path)
    shared = template.pop("Globals", {}).get("Function", {})
    for name in of_type(template, "AWS::Serverless::Function"):
        template["Resources"][name]["Properties"] = _merged(shared, properties(template, name))
    return template


def _merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Both, in which `own` overrides `shared`. Objects are merged key by key; CloudFormation's functions are not."""
    return {**shared} | {
        key: _merged(shared[key], value) if _is_object(value) and _is_object(shared.get(key)) else value
        for key, value in own.items()
    }


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not any(key == "Ref" or key.startswith("Fn::") for key in value)


def defaults(template: Mapping[str, Any]) -> dict[str, str]:
    """The default values of the parameters, for `resolve`."""
    return {name: str(parameter["Default"]) for name, parameter in template["Parameters"].items()}


def of_type(template: Mapping[str, Any], kind: str) -> list[str]:
    """The logical ids of the resources of one kind, such as "AWS::SQS::Queue"."""
    return [name for name, resource in template.get("Resources", {}).items() if resource["Type"] == kind]


def properties(template: Mapping[str, Any], logical_id: str) -> dict[str, Any]:
    """The properties of a resource, unresolved."""
    found: dict[str, Any] = template["Resources"][logical_id]["Properties"]
    return found


def resolve(value: Any, names: Mapping[str, str], template: Mapping[str, Any]) -> Any:
    """`value` with CloudFormation's functions evaluated, those that the template uses.

    names: the values of "Queue", "Queue.Arn", "AWS::Region" and of parameters. template: for conditions and mappings.
    Raises KeyError for an unknown name, NotImplementedError for another function.
    """

    def inner(part: Any) -> Any:
        return resolve(part, names, template)

    match value:
        case {"Ref": name}:
            return _ABSENT if name == "AWS::NoValue" else names[name]
        case {"Fn::GetAtt": [resource, attribute]}:
            return names[f"{resource}.{attribute}"]
        case {"Fn::Sub": written}:
            text, more = written if isinstance(written, list) else (written, {})
            return _substituted(text, ChainMap(inner(more), names))  # type: ignore[arg-type]
        case {"Fn::Join": [delimiter, parts]}:
            joined = inner(parts)
            # A CommaDelimitedList's value is one string here.
            return str(delimiter).join(joined.split(",") if isinstance(joined, str) else joined)
        case {"Fn::FindInMap": [table, row, column]}:
            return template["Mappings"][table][inner(row)][inner(column)]
        case {"Fn::If": [condition, yes, no]}:
            return inner(yes if holds(condition, names, template) else no)
        case {"Condition": str(condition)} if len(value) == 1:
            return holds(condition, names, template)
        case {"Fn::Equals": parts}:
            return len({inner(part) for part in parts}) == 1
        case {"Fn::Or": parts}:
            return any(map(inner, parts))
        case {"Fn::Not": [part]}:
            return not inner(part)
        case dict():
            if function := next((key for key in value if str(key).startswith("Fn::")), None):
                raise NotImplementedError(f"The local stack does not know {function}.")
            resolved = {key: inner(item) for key, item in value.items()}
            return {key: item for key, item in resolved.items() if item is not _ABSENT}
        case list():
            return [item for item in map(inner, value) if item is not _ABSENT]
    return value


def holds(condition: str, names: Mapping[str, str], template: Mapping[str, Any]) -> bool:
    """Whether the template's condition of that name holds."""
    return bool(resolve(template["Conditions"][condition], names, template))


def _substituted(text: str, names: Mapping[str, str]) -> str:
    return re.sub(r"\$\{([^}]+)\}", lambda found: names[found[1]], text)
