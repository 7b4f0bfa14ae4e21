"""The template, and the resources of a deployment with given parameters, for the tests of template.yaml."""

from collections.abc import Iterator
from typing import Any

import pytest

from handler.local import template

TEMPLATE = template.load()


RESOURCES = TEMPLATE["Resources"]


def properties(logical_id: str) -> dict[str, Any]:
    return template.properties(TEMPLATE, logical_id)


class Names(dict[str, str]):
    """The values of parameters and references in one deployment. An attribute of a resource has a made-up value."""

    def __missing__(self, name: str) -> str:
        resource, dot, _ = name.partition(".")
        if dot and resource in self:
            return f"<{name}>"
        raise KeyError(name)


def deployed(**parameters: str) -> tuple[dict[str, Any], Names]:
    """The evaluated resources and outputs of a deployment with these parameters, and the values of its references.

    Raises KeyError where one of them names a resource that this deployment lacks.
    """
    assert {name for name in parameters if not name.startswith("AWS::")} <= TEMPLATE["Parameters"].keys()
    pseudo = {"AccountId": "1" * 12, "Region": "ap-southeast-1", "Partition": "aws", "StackName": "hairline"}
    pseudo["URLSuffix"] = "amazonaws.com"
    names = Names(template.defaults(TEMPLATE) | {f"AWS::{name}": value for name, value in pseudo.items()} | parameters)
    there, outputs = (
        {
            name: part
            for name, part in parts.items()
            if "Condition" not in part or template.holds(part["Condition"], names, TEMPLATE)
        }
        for parts in (RESOURCES, TEMPLATE["Outputs"])
    )
    names |= {name: f"<{name}>" for name in there}
    for name, resource in there.items():
        if resource["Type"] == "AWS::S3::Bucket":
            names[name] = template.resolve(resource["Properties"]["BucketName"], names, TEMPLATE)
    return template.resolve({**there, "Outputs": outputs}, names, TEMPLATE), names


CERTIFICATE = "arn:aws:acm:eu-west-1:111111111111:certificate/1234abcd"
KEY = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd"


DEPLOYMENTS: dict[str, dict[str, str]] = {
    "defaults": {},
    "existing input": {"ExistingInputBucket": "my-pictures", "KeyPatterns": "in/*.jpg,new/*"},
    "existing output": {"ExistingOutputBucket": "my-cutouts", "KeyPatterns": "in/*"},
    "both existing": {"ExistingInputBucket": "my-pictures", "ExistingOutputBucket": "my-cutouts"},
    "existing state": {"ExistingStateBucket": "my-state"},
    "all existing": {
        "ExistingInputBucket": "my-pictures",
        "ExistingOutputBucket": "my-cutouts",
        "ExistingStateBucket": "my-state",
    },
    "key": {"KmsKeyArn": KEY, "AlarmEmail": "a@example.com"},
    "key and both existing": {"KmsKeyArn": KEY, "ExistingInputBucket": "a-b", "ExistingOutputBucket": "c-d"},
    "no extras": {"Tracing": "PassThrough", "SnapStart": "off", "Rollout": "AllAtOnce", "Timeout": "60"},
    "partner": {"PartnerEventSource": "aws.partner/shopify.com/1/hairline"},
    "API extras": {"ApiFirewall": "on", "ApiAccount": "keep", "ApiMetrics": "on", "ApiConcurrency": "5"},
    "API domain": {"ApiDomainName": "api.shop.example", "ApiCertificateArn": CERTIFICATE},
    "deleted outputs": {"DeleteOutputs": "on", "KeyPatterns": "in/*"},
    "large model": {"Model": "auto", "ModelBucket": "my-weights"},
    "arm64": {"Architecture": "arm64"},
    "alarm topic": {"AlarmTopicArn": "arn:aws:sns:eu-west-1:111111111111:chat"},
    "all extras": {"SnapStart": "on", "Timeout": "900", "MemorySize": "10240", "DefaultOptions": '{"format": "webp"}'},
}


each_deployment = pytest.mark.parametrize("parameters", DEPLOYMENTS.values(), ids=DEPLOYMENTS)


def of_type(kind: str) -> list[str]:
    return template.of_type(TEMPLATE, kind)


def everything(node: Any) -> Iterator[Any]:
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from everything(child)


FUNCTIONS = of_type("AWS::Serverless::Function")


IMAGE_QUEUES = {"UploadQueue": "Uploads", "ShopQueue": "Shops", "JobQueue": "Jobs"}
"""The queues of images, and the mapping of CutoutFunction for each."""


BUCKETS = of_type("AWS::S3::Bucket")


QUEUES = of_type("AWS::SQS::Queue")
