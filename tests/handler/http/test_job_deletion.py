"""A job that is deleted leaves nothing, also if it is being downloaded or cut meanwhile."""

import time
from types import SimpleNamespace

import pytest
import requests

from handler import keys
from handler.aws.bucket import S3Store
from handler.aws.documents import DocumentStore
from handler.http.api_errors import ApiError
from handler.http.job_service import JobRequest, JobService
from tests.handler.http.jobs import records, settled, upload


def everything(made):
    """The keys of all versions of all objects, with their buckets; not the marks of notifications, which name none."""
    s3 = made.client("s3")
    buckets = made.input_bucket, made.output_bucket, made.names["StateBucket"]
    listed = {bucket: s3.list_object_versions(Bucket=bucket) for bucket in buckets}
    return {
        (bucket, item["Key"])
        for bucket, found in listed.items()
        for item in (*found.get("Versions", []), *found.get("DeleteMarkers", []))
        if not item["Key"].startswith(keys.AREAS["published"].prefix)
    }


def wait_for_worker(made):
    """Until nothing is in the queues, also of jobs of earlier tests."""
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    for _ in range(600):
        found = [
            made.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"].values()
            for url in made.image_queue_urls
        ]
        if not any(int(count) for values in found for count in values):
            return
        time.sleep(0.2)
    raise AssertionError(found)


def test_a_deleted_job_leaves_no_version_of_image_results_and_record(call, working, photo):
    wait_for_worker(working)
    before = everything(working)
    job = call.post("/v1/jobs").json()
    upload(job["upload"], photo)
    done = settled(call, job["id"])
    upload(job["upload"], photo)  # a second version, which is cut while the job is deleted
    for _ in range(2):
        deleted = call.delete(f"/v1/jobs/{job['id']}")
        assert (deleted.status_code, deleted.content) == (204, b"")
        assert call.get(f"/v1/jobs/{job['id']}").status_code == 404
    wait_for_worker(working)
    assert requests.get(done["files"]["cutout.png"], timeout=30).status_code == 404
    assert everything(working) <= before


def test_only_its_tenant_can_delete_a_job(call, other):
    job = call.post("/v1/jobs").json()
    assert other.delete(f"/v1/jobs/{job['id']}").status_code == 204  # of theirs, there is none
    assert call.get(f"/v1/jobs/{job['id']}").status_code == 200
    assert call.delete("/v1/jobs/0").status_code == 404
    assert call.delete(f"/v1/jobs/{job['id']}", headers={"X-Api-Key": None}).status_code == 403


def test_an_image_that_arrives_after_its_job_was_deleted_is_deleted_too(working, photo):
    """The download takes its time; meanwhile somebody deletes the job."""
    made = working
    wait_for_worker(made)
    config = SimpleNamespace(
        state_bucket=made.names["StateBucket"], input_bucket=made.input_bucket, output_bucket=made.output_bucket
    )
    before, store = everything(made), S3Store(made.client("s3"))

    class SlowFetcher:
        def get(self, _url):
            (key,) = records(made) - {key for _, key in before}
            service.delete("tenant", key.rpartition("/")[2])
            return SimpleNamespace(data=photo, content_type="image/jpeg")

    service = JobService(DocumentStore(store, config.state_bucket), store, SlowFetcher(), config)
    with pytest.raises(ApiError, match="not_found"):
        service.submit("tenant", JobRequest(options={}, image_url="https://example.com/a.jpg"), None)
    assert everything(made) == before
