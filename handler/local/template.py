"""template.yaml as plain data, so that the local stack has the deployment's own names and numbers."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"


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


def load(path: Path = TEMPLATE) -> dict[str, Any]:
    """The template with every short tag in its long form."""
    read: dict[str, Any] = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506 - a SafeLoader; tags only make dicts
    return read


def defaults(template: Mapping[str, Any]) -> dict[str, str]:
    """The parameters' default values, as `resolve` takes them."""
    return {name: str(parameter["Default"]) for name, parameter in template["Parameters"].items()}


def properties(template: Mapping[str, Any], logical_id: str) -> dict[str, Any]:
    """What the template says of a resource, unresolved."""
    found: dict[str, Any] = template["Resources"][logical_id]["Properties"]
    return found


def resolve(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with Ref, Fn::GetAtt and Fn::Sub worked out.

    names: what "Queue", "Queue.Arn", "AWS::Region" or a parameter stand for. Raises KeyError for a name that is not
    there, NotImplementedError for another function, so that nothing is passed on half worked out.
    """
    match value:
        case {"Ref": name}:
            return names[name]
        case {"Fn::GetAtt": [resource, attribute]}:
            return names[f"{resource}.{attribute}"]
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: names[found[1]], text)
        case dict():
            if function := next((key for key in value if str(key).startswith("Fn::")), None):
                raise NotImplementedError(f"The local stack does not know {function}.")
            return {key: resolve(item, names) for key, item in value.items()}
        case list():
            return [resolve(item, names) for item in value]
        case _:
            return value
