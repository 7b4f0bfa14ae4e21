"""The reader of template.yaml: CloudFormation's tags and the three functions that the stack needs."""

from pathlib import Path

import pytest

from handler.local import template

NAMES = {"Bucket": "pictures", "Queue.Arn": "arn:q", "AWS::Region": "r", "List": "x,y"}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("!Ref Bucket", {"Ref": "Bucket"}),
        ("!GetAtt Queue.Arn", {"Fn::GetAtt": ["Queue", "Arn"]}),
        ("!GetAtt [Queue, Arn]", {"Fn::GetAtt": ["Queue", "Arn"]}),
        ("!Sub a-${Bucket}", {"Fn::Sub": "a-${Bucket}"}),
        ("!Not [!Equals [!Ref Bucket, '']]", {"Fn::Not": [{"Fn::Equals": [{"Ref": "Bucket"}, ""]}]}),
        ("!Transform {Name: x}", {"Fn::Transform": {"Name": "x"}}),
        ("!Condition HasMail", {"Condition": "HasMail"}),
    ],
)
def test_short_tags_become_long(tmp_path: Path, text: str, read: object) -> None:
    (tmp_path / "t.yaml").write_text(f"here: {text}\n")
    assert template.load(tmp_path / "t.yaml") == {"here": read}


def test_globals_apply_to_every_function_unless_it_overrides_them(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("""
Globals: {Function: {Runtime: a, Timeout: 1, Environment: {Variables: {X: 1, Y: 2}}}}
Resources:
  One: {Type: AWS::Serverless::Function, Properties: {Timeout: 2, Environment: {Variables: {Y: 3}}}}
  Two: {Type: AWS::SQS::Queue, Properties: {Timeout: 4}}
""")
    read = template.load(tmp_path / "t.yaml")
    assert template.properties(read, "One") == {
        "Runtime": "a",
        "Timeout": 2,
        "Environment": {"Variables": {"X": 1, "Y": 3}},
    }
    assert template.properties(read, "Two") == {"Timeout": 4}
    assert "Globals" not in read


def test_a_python_tag_makes_no_object(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text("here: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(Exception, match="could not determine a constructor"):
        template.load(tmp_path / "t.yaml")


TEMPLATE = {
    "Conditions": {"Yes": {"Fn::Equals": ["a", "a"]}, "No": {"Fn::Not": [{"Condition": "Yes"}]}},
    "Mappings": {"Sizes": {"pictures": {"Width": 3}}},
}


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "Bucket"}, "pictures"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:q"),
        ({"Fn::Sub": "${Bucket}-${AWS::Region}/*"}, "pictures-r/*"),
        ({"Fn::Sub": ["${Bucket}-${Here}", {"Here": {"Ref": "AWS::Region"}}]}, "pictures-r"),
        ({"a": [{"Ref": "Bucket"}, 1, True, None]}, {"a": ["pictures", 1, True, None]}),
        ({"Fn::If": ["Yes", {"Ref": "Bucket"}, {"Ref": "NotThere"}]}, "pictures"),
        ({"Fn::If": ["No", {"Ref": "NotThere"}, 2]}, 2),
        ({"Fn::Or": [{"Condition": "No"}, {"Condition": "Yes"}]}, True),
        ({"Fn::Or": [{"Condition": "No"}, {"Condition": "No"}]}, False),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Bucket"}, "Width"]}, 3),
        ({"Fn::Join": ["-", ["a", {"Ref": "Bucket"}]]}, "a-pictures"),
        ({"Fn::Join": [" ", {"Ref": "List"}]}, "x y"),
        ({"a": {"Fn::If": ["Yes", {"Ref": "AWS::NoValue"}, 1]}, "b": [{"Ref": "AWS::NoValue"}, 1]}, {"b": [1]}),
        (
            {"Effect": "Allow", "Condition": {"Bool": {"x": "y"}}},
            {"Effect": "Allow", "Condition": {"Bool": {"x": "y"}}},
        ),
    ],
)
def test_intrinsic_functions_are_evaluated(value: object, resolved: object) -> None:
    assert template.resolve(value, NAMES, TEMPLATE) == resolved


def test_an_unknown_name_or_function_is_an_error() -> None:
    with pytest.raises(KeyError, match="Nothing"):
        template.resolve({"Ref": "Nothing"}, NAMES, TEMPLATE)
    with pytest.raises(NotImplementedError, match="Fn::Cidr"):
        template.resolve({"Fn::Cidr": ["a", 1, 2]}, NAMES, TEMPLATE)
