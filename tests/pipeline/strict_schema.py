"""Reports held to their schema, with no field allowed that it does not name."""

from jsonschema import Draft202012Validator

from pipeline.schema import schema


def strict(node):
    """The schema, but objects whose fields it names have no others."""
    if isinstance(node, list):
        return [strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    closed = {"additionalProperties": False} if "required" in node else {}
    return {name: strict(each) for name, each in node.items()} | closed


SCHEMA = strict(schema())


def assert_valid(report, kind):
    """Raise AssertionError unless the report is of this kind, one of the types of `pipeline.report`."""
    errors = Draft202012Validator({"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{kind}"}).iter_errors(
        {name: _plain(value) for name, value in report.items()}
    )
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def _plain(value):
    """As JSON gives it back: a tuple is a list."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
