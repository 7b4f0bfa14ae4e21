"""Documents: one of several concurrent writers wins, and a failure of S3 is raised."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from handler.aws.bucket import S3Store
from handler.aws.documents import Document, DocumentStore
from handler.errors import StoreUnavailable
from handler.local.environment import client

BUCKET = "state"


@pytest.fixture
def state(endpoint):
    s3 = client("s3", endpoint)
    s3.create_bucket(Bucket=BUCKET)
    return DocumentStore(S3Store(s3), BUCKET)


def test_a_document_is_read_as_it_was_created(state):
    value = {"id": "é鞋", "n": [1, None, 0.5]}
    etag = state.create("jobs/a/1", value)
    assert state.read("jobs/a/1") == Document(value, etag)


def test_a_missing_document_is_none(state):
    assert state.read("jobs/a/1") is None


def test_the_first_writer_creates_a_document_and_the_second_changes_nothing(state):
    assert state.create("k", 1)
    assert state.create("k", 2) is None
    assert state.read("k").value == 1


def test_one_of_many_concurrent_writers_creates_a_document(state):
    with ThreadPoolExecutor(8) as pool:
        won = [n for n, etag in enumerate(pool.map(lambda n: state.create("k", n), range(16))) if etag]
    assert won == [state.read("k").value]


def test_replacing_a_document_needs_its_latest_etag(state):
    first = state.create("k", 1)
    second = state.replace("k", 2, first)
    assert second not in (None, first)
    assert state.replace("k", 3, first) is None
    assert state.read("k") == Document(2, second)


def test_replacing_a_deleted_document_does_not_create_it(state, endpoint):
    etag = state.create("k", 1)
    client("s3", endpoint).delete_object(Bucket=BUCKET, Key="k")
    assert state.replace("k", 2, etag) is None
    assert state.read("k") is None


class Failing:
    def __init__(self, error):
        self.error = error

    def __getattr__(self, name):
        def fail(**_kwargs):
            raise self.error

        return fail


FAULTS = [
    EndpointConnectionError(endpoint_url="https://s3"),
    *(ClientError({"Error": {"Code": code}}, "x") for code in ("NoSuchBucket", "AccessDenied", "SlowDown")),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_failure_of_s3_is_raised(fault):
    state = DocumentStore(S3Store(Failing(fault)), BUCKET)
    for task in (lambda: state.read("k"), lambda: state.create("k", 1), lambda: state.replace("k", 1, "e")):
        with pytest.raises(StoreUnavailable):
            task()


def test_a_conflict_of_concurrent_writes_counts_as_lost():
    conflict = ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, "PutObject")
    assert DocumentStore(S3Store(Failing(conflict)), BUCKET).create("k", 1) is None


def test_a_value_that_is_not_json_is_not_written(state):
    with pytest.raises(ValueError, match="JSON"):
        state.create("k", float("nan"))
    assert state.read("k") is None
