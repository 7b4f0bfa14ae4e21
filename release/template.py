"""template.yaml as a release has it: CloudFormation can deploy it from a bucket, without the SAM CLI."""

from collections.abc import Mapping
from typing import Any

import yaml

from handler.local import template

BUCKET = "ReleaseBucket"
_PARAMETER = {
    "Type": "String",
    "AllowedPattern": "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
    "ConstraintDescription": "must be a bucket name",
    "Description": "Your own bucket, in the stack's region, that you uploaded the release to (DEPLOY.txt).",
}


class _Dumper(yaml.SafeDumper):
    """Without aliases, which CloudFormation cannot read."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  as in the base class
        """Always."""
        return True


def packaged(functions: str, layers: Mapping[str, str], architecture: str) -> str:
    """The template as YAML, with code and layers in the bucket that its parameter ReleaseBucket names.

    functions: the key of the functions' zip in that bucket. layers: that of each layer, by its name in template.yaml.
    architecture: the only one that these layers are for.
    """
    described = template.read()
    described["Parameters"] = {BUCKET: _PARAMETER, **described["Parameters"]}
    described["Parameters"]["Architecture"] |= {"Default": architecture, "AllowedValues": [architecture]}
    groups = described["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    groups.insert(0, {"Label": {"default": "Release"}, "Parameters": [BUCKET]})
    described["Globals"]["Function"]["CodeUri"] = _in_bucket(functions)
    for name in template.of_type(described, "AWS::Serverless::LayerVersion"):
        described["Resources"][name]["Properties"]["ContentUri"] = _in_bucket(layers[name])
    for resource in described["Resources"].values():
        resource.get("Metadata", {}).pop("BuildMethod", None)
    return yaml.dump(described, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def _in_bucket(key: str) -> dict[str, Any]:
    return {"Bucket": {"Ref": BUCKET}, "Key": key}
