"""The template of a release: the same deployment, in a form that CloudFormation reads without the SAM CLI."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from bench.lambda_runtime import SAM
from handler.local import template
from layers import build
from release.template import packaged

LAYERS = {name: f"release/{name}-1.zip" for name in build.LAYERS}
TEXT = packaged("release/functions-1.zip", LAYERS, "x86_64")


def translated(text: str) -> dict[str, Any]:
    described = yaml.safe_load(text)
    described["Parameters"]["ReleaseBucket"]["Default"] = "releases"
    made: dict[str, Any] = Translator({}, Parser()).translate(described, template.defaults(described))
    return made


def of_type(made: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in made["Resources"].items() if each["Type"] == kind}


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    """SAM needs one to translate."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def test_it_has_no_aliases_anchors_or_short_tags() -> None:
    marks = (yaml.AliasToken, yaml.AnchorToken, yaml.TagToken)
    assert [token for token in yaml.scan(TEXT) if isinstance(token, marks)] == []


def test_it_is_the_template_except_for_where_the_code_is() -> None:
    made, written = yaml.safe_load(TEXT), template.read()
    assert made["Parameters"].pop("ReleaseBucket")["Description"]
    assert made["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].pop(0) == {
        "Label": {"default": "Release"},
        "Parameters": ["ReleaseBucket"],
    }
    written["Parameters"]["Architecture"]["AllowedValues"] = ["x86_64"]
    written["Globals"]["Function"]["CodeUri"] = {"Bucket": {"Ref": "ReleaseBucket"}, "Key": "release/functions-1.zip"}
    for name, key in LAYERS.items():
        written["Resources"][name]["Properties"]["ContentUri"] = {"Bucket": {"Ref": "ReleaseBucket"}, "Key": key}
    for resource in written["Resources"].values():
        resource.get("Metadata", {}).pop("BuildMethod", None)
    assert made == written


def test_sam_finds_functions_and_layers_in_the_bucket() -> None:
    made = translated(TEXT)
    functions, layers = (of_type(made, f"AWS::Lambda::{kind}") for kind in ("Function", "LayerVersion"))
    code, content = [each["Code"] for each in functions.values()], [each["Content"] for each in layers.values()]
    assert [each["S3Key"] for each in code] == ["release/functions-1.zip"] * len(code)
    assert [each["S3Key"] for each in content] == list(LAYERS.values())
    # SAM resolves a parameter in some places and leaves it to CloudFormation in others.
    assert all(each["S3Bucket"] in ("releases", {"Ref": "ReleaseBucket"}) for each in [*code, *content])


def test_new_code_or_a_new_layer_makes_a_new_version() -> None:
    texts = (
        TEXT,
        packaged("release/functions-2.zip", LAYERS, "x86_64"),
        packaged("release/functions-1.zip", LAYERS | {"DependenciesLayer": "release/layer-2.zip"}, "x86_64"),
    )
    versions = [tuple(of_type(translated(text), "AWS::Lambda::Version")) for text in texts]
    assert len(set(versions)) == 3


def test_the_architecture_is_the_one_that_the_layers_were_built_for() -> None:
    described = yaml.safe_load(packaged("f", LAYERS, "arm64"))["Parameters"]["Architecture"]
    assert (described["Default"], described["AllowedValues"]) == ("arm64", ["arm64"])


@pytest.mark.slow
def test_it_passes_cfn_lint(tmp_path: Path) -> None:
    if not (SAM / "bin" / "cfn-lint").exists():
        pytest.skip("cfn-lint is not installed. Run `make .venv-sam/stamp-synced`.")
    (tmp_path / "template.yaml").write_text(TEXT)
    options = ["--regions", "us-east-1", "--append-rules", "cfn_lint_serverless.rules"]
    command: list[str | Path] = [SAM / "bin" / "cfn-lint", *options, "--", tmp_path / "template.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
