"""Lists of images: the bucket's own, an S3 Inventory, a manifest; and the manifest that is written."""

import gzip
import json
from datetime import UTC, datetime

import boto3
import pytest

from handler.aws.bucket import S3Store
from handler.backfill import lists
from handler.errors import BadConfig, SourceMissing
from tests.handler.conftest import INPUT

STATE = "state"
NASTY = ["a b+c.jpg", 'quote".jpg', "comma,.jpg", "é/鞋.jpg", "100% wool.jpg"]


@pytest.fixture
def store(cloud):
    cloud.s3.create_bucket(Bucket=STATE)
    return S3Store(cloud.s3)


def put(cloud, key, data):
    cloud.s3.put_object(Bucket=STATE, Key=key, Body=data)
    return f"s3://{STATE}/{key}"


def test_the_bucket_itself(cloud, store):
    for key in NASTY:
        cloud.drop(key, b"1234")
    found = list(lists.of_bucket(cloud.s3, INPUT, ""))
    assert [image.key for image in found] == sorted(NASTY)
    assert {image.size for image in found} == {4}
    assert [image.key for image in lists.of_bucket(cloud.s3, INPUT, "a")] == ["a b+c.jpg"]


def test_a_manifest_that_was_written_can_be_read_and_is_what_a_job_takes(cloud, store):
    made = lists.write_manifest(cloud.s3, STATE, "1.csv", INPUT, NASTY)
    assert made["Spec"] == {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key"]}
    head = cloud.s3.head_object(Bucket=STATE, Key="manifests/1.csv")
    assert made["Location"] == {"ObjectArn": "arn:aws:s3:::state/manifests/1.csv", "ETag": head["ETag"].strip('"')}
    assert head["ServerSideEncryption"] == "AES256"  # S3 Batch Operations reads no other
    assert [image.key for image in lists.of_file(store, "s3://state/manifests/1.csv", INPUT)] == sorted(NASTY)


@pytest.mark.parametrize(("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")])
def test_a_manifest_is_named_in_the_partition_of_its_region(cloud, region, partition):
    s3 = boto3.client("s3", region_name=region)
    s3.create_bucket(Bucket=STATE, CreateBucketConfiguration={"LocationConstraint": region})
    made = lists.write_manifest(s3, STATE, "1.csv", INPUT, NASTY)
    assert made["Location"]["ObjectArn"] == f"arn:{partition}:s3:::state/manifests/1.csv"


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov"])
def test_an_inventory_lists_the_current_objects_of_the_bucket(cloud, store, partition):
    rows = [
        f'"{INPUT}","b+c%2B.jpg","v1","true","false","12","2026-11-01T10:00:00.000Z"',
        f'"{INPUT}","a.jpg","v1","false","false","12","2026-11-01T10:00:00.000Z"',
        f'"{INPUT}","gone.jpg","v1","true","true","","2026-11-01T10:00:00.000Z"',
        '"other","a.jpg","v1","true","false","12","2026-11-01T10:00:00.000Z"',
    ]
    put(cloud, "inventory/data/1.csv.gz", gzip.compress("\n".join(rows).encode()))
    manifest = {
        "destinationBucket": f"arn:{partition}:s3:::{STATE}",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate",
        "files": [{"key": "inventory/data/1.csv.gz"}],
    }
    url = put(cloud, "inventory/manifest.json", json.dumps(manifest).encode())
    assert lists.of_file(store, url, INPUT) == [
        lists.Image("b c+.jpg", 12, datetime(2026, 11, 1, 10, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("m.json", '{"fileFormat": "Parquet"}', "its files are Parquet, but must be CSV"),
        ("m.csv", f"{INPUT},a.jpg\nother,b.jpg\n", "line 2: must be .* and a key, not 'other,b.jpg'"),
        ("m.csv", "a.jpg\n", "line 1"),
    ],
)
def test_a_list_of_another_kind_is_rejected(cloud, store, key, text, words):
    with pytest.raises(BadConfig, match=words):
        lists.of_file(store, put(cloud, key, text.encode()), INPUT)


@pytest.mark.parametrize("url", ["list.csv", "s3://bucket", "https://bucket/key"])
def test_a_list_must_be_in_s3(store, url):
    with pytest.raises(BadConfig, match="must be s3://BUCKET/KEY"):
        lists.of_file(store, url, INPUT)


def test_a_list_that_is_missing(store):
    with pytest.raises(SourceMissing):
        lists.of_file(store, "s3://state/none.csv", INPUT)
