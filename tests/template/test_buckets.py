"""The buckets: access, names, retention and events."""

import re
from typing import Any

import pytest

from handler.keys import AREAS
from tests.template.deployments import BUCKETS, RESOURCES, TEMPLATE, deployed, each_deployment, properties
from tests.template.test_queues import IMAGE_RULES, pattern_of


@pytest.mark.parametrize("bucket", BUCKETS)
def test_buckets_are_private(bucket: str) -> None:
    block = properties(bucket)["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    assert properties(bucket)["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert properties(bucket)["BucketEncryption"]


@pytest.mark.parametrize("bucket", BUCKETS)
def test_buckets_delete_unfinished_uploads_and_outlive_the_stack(bucket: str) -> None:
    rules = properties(bucket)["LifecycleConfiguration"]["Rules"]
    assert any("AbortIncompleteMultipartUpload" in rule and rule["Status"] == "Enabled" for rule in rules)
    assert RESOURCES[bucket]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("name", [*BUCKETS, "Registry"])
def test_a_failed_first_deployment_leaves_nothing_that_blocks_the_next(name: str) -> None:
    assert RESOURCES[name]["DeletionPolicy"] == "RetainExceptOnCreate"


@pytest.mark.parametrize("kind", ["Input", "Output", "State"])
def test_the_buckets_of_a_deleted_stack_can_be_used_again(kind: str) -> None:
    made, _ = deployed(**{f"Existing{kind}Bucket": "left-behind"})
    assert f"{kind}Bucket" not in made
    assert made["Outputs"][f"{kind}Bucket"]["Value"] == "left-behind"
    variables = made["ApiJobFunction"]["Properties"]["Environment"]["Variables"]
    assert variables[f"HAIRLINE_{kind.upper()}_BUCKET"] == "left-behind"


def expiring(bucket: str, **parameters: str) -> dict[str, Any]:
    rules = deployed(**parameters)[0][bucket]["Properties"]["LifecycleConfiguration"]["Rules"]
    return {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}


def test_images_results_and_records_of_api_jobs_expire() -> None:
    assert (
        expiring("InputBucket", ApiRetentionDays="7") == expiring("OutputBucket", ApiRetentionDays="7") == {"api/": "7"}
    )
    assert expiring("StateBucket", ApiRetentionDays="7") | {"jobs/": "7", "replies/": 1} == expiring(
        "StateBucket", ApiRetentionDays="7"
    )
    (rule,) = [r for r in properties("InputBucket")["LifecycleConfiguration"]["Rules"] if r.get("Prefix") == "api/"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}  # or a version would outlive the deletion


@pytest.mark.parametrize(
    ("bucket", "methods"),
    [("InputBucket", ["GET", "POST"]), ("OutputBucket", ["GET", "HEAD"]), ("StateBucket", ["GET", "HEAD"])],
)
def test_pages_may_use_signed_links(bucket: str, methods: list[str]) -> None:
    made, _ = deployed(CorsOrigin="https://shop.example")
    (rule,) = made[bucket]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert (rule["AllowedOrigins"], rule["AllowedMethods"]) == (["https://shop.example"], methods)
    assert deployed()[0][bucket]["Properties"]["CorsConfiguration"]["CorsRules"][0]["AllowedOrigins"] == ["*"]


def test_the_input_bucket_keeps_versions_and_sends_its_events_to_eventbridge() -> None:
    made = properties("InputBucket")
    assert made["VersioningConfiguration"] == {"Status": "Enabled"}
    assert made["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert "NotificationConfiguration" not in properties("OutputBucket")  # or a cutout would be cut out


@each_deployment
def test_cutouts_are_never_processed_as_images(parameters: dict[str, str]) -> None:
    made, _ = deployed(**parameters)
    variables = made["CutoutFunction"]["Properties"]["Environment"]["Variables"]
    taken, written = variables["HAIRLINE_INPUT_BUCKET"], variables["HAIRLINE_OUTPUT_BUCKET"]
    assert taken != written
    assert (made["Outputs"]["InputBucket"]["Value"], made["Outputs"]["OutputBucket"]["Value"]) == (taken, written)
    assert [pattern_of(made, rule)["detail"]["bucket"] for rule in IMAGE_RULES] == [{"name": [taken]}] * 3
    for rule in {name for name, each in made.items() if each.get("Type") == "AWS::Events::Rule"} - set(IMAGE_RULES):
        pattern = made[rule]["Properties"]["EventPattern"]
        assert pattern.get("detail-type") == ["hairline.requested"] or pattern["source"] != ["aws.s3"]


def test_the_longest_bucket_name_fits() -> None:
    longest = int(re.search(r"\{1,(\d+)\}", TEMPLATE["Parameters"]["BucketPrefix"]["AllowedPattern"])[1]) + 2  # type: ignore[index]
    made, _ = deployed(BucketPrefix="p" * longest)
    assert max(len(made[bucket]["Properties"]["BucketName"]) for bucket in BUCKETS) <= 63


def test_every_kind_of_key_expires_as_the_layout_says() -> None:
    for bucket in ("input", "state"):
        rules = deployed()[0][f"{bucket.title()}Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
        days = {rule["Prefix"]: int(rule["ExpirationInDays"]) for rule in rules if "ExpirationInDays" in rule}
        assert days == {area.prefix: area.days for area in AREAS.values() if area.bucket == bucket and area.days}
    results = {AREAS["upload"].prefix: TEMPLATE["Parameters"]["ApiRetentionDays"]["Default"]}
    assert expiring("OutputBucket") == {prefix: str(days) for prefix, days in results.items()}
