"""The outputs of an image that was deleted: with it, or kept, in whatever order the events come."""

import json
from dataclasses import replace

import pytest

from handler.config import CutoutConfig
from handler.cutouts import failures
from handler.cutouts.work import process
from handler.dispositions import REJECT, RETRY
from handler.errors import GivenUp, StoreUnavailable
from handler.jobs import Job, ObjectRef
from tests.handler.conftest import INPUT, OUTPUT
from tests.handler.cutouts.jobs import JOB, KEY, PLAIN, Killed, assert_whole, plenty
from tests.handler.watched_store import WatchedStore, once


@pytest.fixture
def deps(cloud, deps):
    return replace(deps, config=CutoutConfig.from_env(cloud.env(HAIRLINE_DELETE_OUTPUTS="yes")))


def delete(cloud):
    cloud.s3.delete_object(Bucket=INPUT, Key=KEY)  # makes a delete marker, as the bucket has versions


@pytest.mark.parametrize("data", ["photo", b"no picture"])
def test_the_outputs_of_a_deleted_image_are_deleted_and_nothing_else(cloud, deps, photo, data):
    cloud.drop(KEY, photo if data == "photo" else data)
    process(JOB, deps, plenty)
    others = (f"{KEY}/mine.txt", f"{KEY}/cutout.tiff", f"{KEY}2/report.json")
    for key in others:
        cloud.s3.put_object(Bucket=OUTPUT, Key=key, Body=b"of somebody else")
    delete(cloud)
    store = WatchedStore(cloud.s3)
    outcome = process(JOB, replace(deps, store=store), plenty)
    assert (outcome.status, outcome.report, outcome.error) == ("removed", None, None)
    assert cloud.outputs().keys() == {*others}
    assert store.written()[-1] == ("delete", f"{KEY}/report.json")  # so that a try that is killed can be continued
    assert process(JOB, deps, plenty).status == "removed"


def test_outputs_stay_unless_the_deployment_says_otherwise(cloud, deps, photo):
    deps = replace(deps, config=replace(deps.config, delete_outputs=False))
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    delete(cloud)
    assert process(JOB, deps, plenty).status == REJECT
    assert cloud.outputs().keys() == PLAIN


def test_after_a_failure_the_files_of_an_earlier_image_are_deleted_too(cloud, deps, photo):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    cloud.drop(KEY, photo + b"\0")
    failures.conclude("{}", [(JOB, GivenUp())], deps)
    cloud.s3.put_object(Bucket=OUTPUT, Key=f"{KEY}/mine.txt", Body=b"of somebody else")
    delete(cloud)
    store = WatchedStore(cloud.s3)
    assert process(JOB, replace(deps, store=store), plenty).status == "removed"
    assert cloud.outputs().keys() == {f"{KEY}/mine.txt"}
    assert store.written()[-1] == ("delete", f"{KEY}/report.json")


def test_an_image_that_was_uploaded_again_keeps_its_outputs_whichever_event_comes_last(cloud, deps, photo):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    delete(cloud)
    cloud.drop(KEY, photo)
    assert process(JOB, deps, plenty).status == "done"  # the event of the new object
    assert process(JOB, deps, plenty).status == "repeated"  # that of the deletion, late
    assert_whole(cloud)


@pytest.mark.parametrize("step", [("get", "report.json"), ("delete", "cutout.png"), ("delete", "report.json")])
def test_an_image_that_is_put_again_while_its_outputs_are_deleted_is_cut(cloud, deps, photo, step):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    delete(cloud)
    task, name = step
    done = []

    def put_and_cut(now, ref):
        if (now, ref.key) == (task, f"{KEY}/{name}") and not done:
            done.append(ref)
            cloud.drop(KEY, photo)
            process(JOB, deps, plenty)

    outcome = process(JOB, replace(deps, store=WatchedStore(cloud.s3, put_and_cut)), plenty)
    assert done
    assert outcome.status in ("done", "repeated")
    assert cloud.outputs().keys() == PLAIN
    assert_whole(cloud)


def test_an_image_that_is_deleted_while_it_is_cut_leaves_no_outputs(cloud, deps, photo):
    cloud.drop(KEY, photo)

    def deletion():
        delete(cloud)
        assert process(JOB, deps, plenty).status == "removed"  # its event comes before the outputs are written

    store = WatchedStore(cloud.s3, once("put", OUTPUT, deletion))
    assert process(JOB, replace(deps, store=store), plenty).status == "removed"
    assert cloud.outputs() == {}


@pytest.mark.parametrize("fault", [Killed, StoreUnavailable])
def test_a_deletion_that_is_interrupted_anywhere_is_continued(cloud, deps, photo, fault):
    for step in range(3):
        cloud.drop(KEY, photo)
        process(JOB, deps, plenty)
        delete(cloud)
        left = [step]

        def before(task, _ref, left=left):
            if task == "delete":
                if left[0] == 0:
                    raise fault("now")
                left[0] -= 1

        try:
            assert process(JOB, replace(deps, store=WatchedStore(cloud.s3, before)), plenty).status == RETRY
        except Killed:
            assert fault is Killed
        assert len(cloud.outputs()) == 3 - step
        assert process(JOB, deps, plenty).status == "removed"
        assert cloud.outputs() == {}


@pytest.mark.parametrize(
    "report",
    [
        b"not JSON",
        b"[]",
        b'{"files": {"cutout.png": "e"}}',
        json.dumps({"object": {"bucket": INPUT, "key": "another.jpg"}, "files": {"cutout.png": "e"}}).encode(),
        json.dumps({"object": {"bucket": INPUT, "key": KEY}, "files": 1}).encode(),
    ],
)
def test_a_report_that_is_not_of_this_image_deletes_nothing(cloud, deps, report):
    for name, data in (("report.json", report), ("cutout.png", b"x")):
        cloud.s3.put_object(Bucket=OUTPUT, Key=f"{KEY}/{name}", Body=data)
    assert process(JOB, deps, plenty).status == "removed"
    assert cloud.outputs().keys() == {f"{KEY}/report.json", f"{KEY}/cutout.png"}


def test_a_report_names_no_file_of_another_folder(cloud, deps):
    report = {"object": {"bucket": INPUT, "key": KEY}, "files": {"../other/cutout.png": "e", "mine.txt": "e"}}
    cloud.s3.put_object(Bucket=OUTPUT, Key=f"{KEY}/report.json", Body=json.dumps(report).encode())
    cloud.s3.put_object(Bucket=OUTPUT, Key=f"{KEY}/mine.txt", Body=b"x")
    process(JOB, deps, plenty)
    assert cloud.outputs().keys() == {f"{KEY}/mine.txt"}


def test_the_results_of_a_deleted_api_job_are_deleted_in_every_version(cloud, deps, photo):
    cloud.s3.put_bucket_versioning(Bucket=OUTPUT, VersioningConfiguration={"Status": "Enabled"})
    deps = replace(deps, config=replace(deps.config, delete_outputs=False))
    job, neighbour = (Job(ObjectRef(INPUT, f"api/tenant/{name}")) for name in ("job", "job2"))
    for each in (job, neighbour):
        cloud.drop(each.source.key, photo)
    assert process(neighbour, deps, plenty).status == "done"
    before = versions(cloud)

    def deletion():
        cloud.s3.delete_object(Bucket=INPUT, Key=job.source.key)

    store = WatchedStore(cloud.s3, once("put", OUTPUT, deletion))
    assert process(job, replace(deps, store=store), plenty).status == "removed"
    assert versions(cloud) == before


def versions(cloud):
    found = cloud.s3.list_object_versions(Bucket=OUTPUT)
    return {(each["Key"], each["VersionId"]) for kind in ("Versions", "DeleteMarkers") for each in found.get(kind, [])}
