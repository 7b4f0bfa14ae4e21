"""S3Store and the tests' FolderStore behave alike, and every error of boto3 is translated."""

import hashlib
import inspect

import boto3
import botocore.exceptions
import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError
from moto.core.models import botocore_stubber
from moto.s3.models import s3_backends

from handler.aws.bucket import S3Store
from handler.aws.dead_letters import DeadLetters
from handler.errors import SourceChanged, SourceMissing, StoreUnavailable
from handler.jobs import ObjectRef
from handler.local.environment import ACCOUNT
from tests.handler.conftest import INPUT, OUTPUT
from tests.handler.folder_store import FolderStore

KEYS = ["shoe.jpg", "a b+c%20#é鞋.jpg", "deep/er/shoe.jpg"]


@pytest.fixture(params=["s3", "folder"])
def store(request, tmp_path):
    if request.param == "s3":
        return S3Store(request.getfixturevalue("cloud").s3)
    return FolderStore(tmp_path)


@pytest.mark.parametrize("key", KEYS)
def test_an_object_is_read_as_it_was_written(store, key):
    ref = ObjectRef(OUTPUT, key)
    etag = store.put(ref, b"bytes", "image/png")
    found = store.head(ref)
    assert (found.ref, found.etag, found.size) == (ref, etag, 5)
    assert store.get(ref, etag).data == b"bytes"


def test_a_replaced_object_cannot_be_read_by_its_old_etag(store):
    ref = ObjectRef(OUTPUT, "shoe.jpg")
    old = store.put(ref, b"old", "image/png")
    new = store.put(ref, b"new", "image/png")
    assert old != new
    assert store.get(ref, new).data == b"new"
    with pytest.raises(SourceChanged, match=r"shoe\.jpg was replaced"):
        store.get(ref, old)


def lose_an_answer(s3, when_lost=lambda: None):
    """S3 does what the next PUT asks, but its answer does not arrive, so botocore sends the request again."""
    sent = []

    def answer(request, **kwargs):
        sent.append(request)
        if len(sent) == 1:
            botocore_stubber("before-send.s3.PutObject", request)
            when_lost()
            raise ConnectionClosedError(endpoint_url=request.url)

    s3.meta.events.register_first("before-send.s3.PutObject", answer)
    return sent


@pytest.mark.parametrize("condition", ["if_none_match", "if_match"])
def test_a_lost_response_does_not_count_as_another_writer(cloud, condition):
    ref, store = ObjectRef(OUTPUT, "shoe.jpg"), S3Store(cloud.s3)
    value = "*" if condition == "if_none_match" else store.put(ref, b"before", "image/png")
    sent = lose_an_answer(cloud.s3)
    etag = store.put(ref, b"mine", "image/png", **{condition: value})
    assert len(sent) == 2
    assert store.get(ref, etag).data == b"mine"


@pytest.mark.parametrize("change", ["replace", "delete"])
def test_another_writer_is_noticed_after_an_answer_was_lost(cloud, change):
    ref, store = ObjectRef(OUTPUT, "shoe.jpg"), S3Store(cloud.s3)
    etag = store.put(ref, b"before", "image/png")
    other = boto3.client("s3")

    def meanwhile():
        if change == "replace":
            S3Store(other).put(ref, b"theirs", "image/png")
        else:
            other.delete_object(Bucket=OUTPUT, Key="shoe.jpg")

    lose_an_answer(cloud.s3, meanwhile)
    with pytest.raises(SourceChanged, match="another writer"):
        store.put(ref, b"mine", "image/png", if_match=etag)


@pytest.mark.parametrize("bucket", [INPUT, OUTPUT])  # with versions, and without
def test_erasing_leaves_no_version_of_an_object_and_of_those_below_it(cloud, bucket):
    store, s3 = S3Store(cloud.s3), cloud.s3
    others = {"api/t/12", "api/t", "api/t/10"}
    for key in ("api/t/1", "api/t/1", "api/t/1/cutout.png", *others):
        store.put(ObjectRef(bucket, key), b"bytes", "image/png")
    s3.delete_object(Bucket=bucket, Key="api/t/1")
    store.put(ObjectRef(bucket, "api/t/1"), b"again", "image/png")
    s3.delete_object(Bucket=bucket, Key="api/t/1/cutout.png")
    for _ in range(2):
        store.erase(ObjectRef(bucket, "api/t/1"))
        left = s3.list_object_versions(Bucket=bucket)
        assert {item["Key"] for item in left["Versions"]} == others
        assert "DeleteMarkers" not in left


def test_the_same_bytes_have_the_same_etag(store):
    ref = ObjectRef(OUTPUT, "shoe.jpg")
    assert store.put(ref, b"same", "image/png") == store.put(ref, b"same", "image/png")


def test_the_checksum_is_that_of_the_bytes(store):
    ref = ObjectRef(OUTPUT, "shoe.jpg")
    store.put(ref, b"same", "image/png")
    assert store.sha256(ref) == hashlib.sha256(b"same").hexdigest()
    with pytest.raises(SourceMissing):
        store.sha256(ObjectRef(OUTPUT, "nothing.jpg"))


def test_an_object_of_another_writer_has_no_checksum(cloud):
    cloud.s3.put_object(Bucket=OUTPUT, Key="shoe.jpg", Body=b"same")
    assert S3Store(cloud.s3).sha256(ObjectRef(OUTPUT, "shoe.jpg")) is None


def test_a_missing_object_is_source_missing(store):
    ref = ObjectRef(OUTPUT, "nothing.jpg")
    store.put(ObjectRef(OUTPUT, "other.jpg"), b"x", "image/png")
    with pytest.raises(SourceMissing, match=r"nothing\.jpg"):
        store.head(ref)
    with pytest.raises(SourceMissing, match=r"nothing\.jpg"):
        store.get(ref, '"etag"')


def test_children_are_direct_and_have_the_etags_of_put(store):
    put = {
        key: store.put(ObjectRef(OUTPUT, key), key.encode(), "image/png")
        for key in ("a/cutout.png", "a/report.json", "a/b.jpg/cutout.png", "ab/cutout.png", "x.png")
    }
    assert store.children(ObjectRef(OUTPUT, "a")) == {
        "cutout.png": put["a/cutout.png"],
        "report.json": put["a/report.json"],
    }
    assert store.children(ObjectRef(OUTPUT, "nothing")) == {}


def test_children_of_more_than_one_page_are_listed(cloud):
    store = S3Store(cloud.s3)
    bucket = s3_backends[ACCOUNT]["aws"]  # directly, since a thousand requests take seconds
    for n in range(1001):
        bucket.put_object(OUTPUT, f"a/{n}.png", b"")
    assert len(store.children(ObjectRef(OUTPUT, "a"))) == 1001


def test_deleting_a_missing_object_does_nothing(store):
    ref = ObjectRef(OUTPUT, "shoe.jpg")
    store.put(ref, b"x", "image/png")
    store.delete(ref)
    store.delete(ref)
    with pytest.raises(SourceMissing):
        store.head(ref)


def test_a_head_has_version_and_metadata(cloud):
    cloud.drop("shoe.jpg", b"x", Metadata={"Hairline": '{"format": "webp"}'})
    held = S3Store(cloud.s3).head(ObjectRef(INPUT, "shoe.jpg"))
    assert held.version
    assert held.metadata == {"hairline": '{"format": "webp"}'}
    cloud.s3.put_object(Bucket=OUTPUT, Key="shoe.jpg", Body=b"x")
    assert S3Store(cloud.s3).head(ObjectRef(OUTPUT, "shoe.jpg")).version is None


def test_the_content_type_is_stored(cloud):
    S3Store(cloud.s3).put(ObjectRef(OUTPUT, "a"), b"x", "image/webp")
    assert cloud.s3.head_object(Bucket=OUTPUT, Key="a")["ContentType"] == "image/webp"


def test_a_deleted_version_is_missing(cloud):
    cloud.drop("shoe.jpg", b"x")
    cloud.s3.delete_object(Bucket=INPUT, Key="shoe.jpg")
    with pytest.raises(SourceMissing):
        S3Store(cloud.s3).head(ObjectRef(INPUT, "shoe.jpg"))


TASKS = {
    "head": lambda store, ref: store.head(ref),
    "get": lambda store, ref: store.get(ref, "etag"),
    "children": lambda store, ref: store.children(ref),
    "put": lambda store, ref: store.put(ref, b"x", "image/png"),
    "delete": lambda store, ref: store.delete(ref),
}


@pytest.mark.parametrize("task", sorted(TASKS.keys() - {"head"}))
def test_a_missing_bucket_is_a_failure_and_not_a_missing_image(cloud, task):
    with pytest.raises(StoreUnavailable, match="NoSuchBucket"):
        TASKS[task](S3Store(cloud.s3), ObjectRef("no-such-bucket", "a"))


class Failing:
    """A client of S3 or SQS whose every call fails."""

    def __init__(self, error):
        self.error = error

    def __getattr__(self, name):
        def fail(*_args, **_kwargs):
            raise self.error

        return fail


def made(cls):
    """An instance of one of botocore's errors, made without the arguments that its class requires."""
    if issubclass(cls, ClientError):
        return cls({"Error": {"Code": "SlowDown", "Message": "Please reduce your request rate."}}, "GetObject")
    error = cls.__new__(cls)
    Exception.__init__(error, "words")
    error.kwargs = {}
    return error


FAULTS = [
    cls
    for _, cls in inspect.getmembers(botocore.exceptions, inspect.isclass)
    if issubclass(cls, (BotoCoreError, ClientError))
]


def test_the_errors_of_botocore_were_found():
    assert len(FAULTS) > 50


@pytest.mark.parametrize("fault", FAULTS)
def test_every_error_of_botocore_is_translated(fault):
    for task in TASKS.values():
        with pytest.raises(StoreUnavailable) as caught:
            task(S3Store(Failing(made(fault))), ObjectRef("bucket", "key"))
        assert isinstance(caught.value.__cause__, fault)
    with pytest.raises(StoreUnavailable):
        DeadLetters(Failing(made(fault)), "https://queue").send("body", [])


@pytest.mark.parametrize("code", ["403", "AccessDenied", "SlowDown", "503", "InternalError", "InvalidObjectState"])
def test_other_error_codes_are_failures(code):
    error = ClientError({"Error": {"Code": code, "Message": "words"}}, "HeadObject")
    with pytest.raises(StoreUnavailable, match=code):
        S3Store(Failing(error)).head(ObjectRef("bucket", "key"))


def test_a_bug_is_not_translated():
    with pytest.raises(KeyError):
        S3Store(Failing(KeyError("x"))).head(ObjectRef("bucket", "key"))


@pytest.mark.parametrize("key", ["../up.jpg", "a//b.jpg", "./a", "a/..", "/etc/passwd", "nul\0"])
def test_no_key_leads_out_of_a_folder(tmp_path, key):
    (tmp_path / "up.jpg").write_bytes(b"secret")
    for task in TASKS.values():
        with pytest.raises(StoreUnavailable, match="no place"):
            task(FolderStore(tmp_path), ObjectRef("bucket", key))


def test_a_folder_that_cannot_be_written_is_a_failure_and_leaves_nothing(tmp_path):
    (tmp_path / "bucket").write_bytes(b"a file where the folder should be")
    with pytest.raises(StoreUnavailable, match="Could not write bucket/key"):
        FolderStore(tmp_path).put(ObjectRef("bucket", "key"), b"x", "image/png")
    assert [path.name for path in tmp_path.iterdir()] == ["bucket"]
