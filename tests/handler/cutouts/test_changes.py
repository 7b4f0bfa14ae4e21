"""The source is deleted or replaced while it is processed."""

import io
import itertools
from dataclasses import replace

import pytest
from PIL import Image

from handler.aws.bucket import S3Store
from handler.cutouts.work import process
from handler.dispositions import REJECT, RETRY
from handler.errors import SourceChanged, SourceMissing, StoreUnavailable
from handler.jobs import ObjectRef
from tests.handler.conftest import INPUT, OUTPUT
from tests.handler.cutouts.jobs import JOB, KEY, UPLOAD, assert_whole, plenty, report
from tests.handler.watched_store import WatchedStore, once


def test_an_image_that_was_deleted_is_rejected(cloud, deps, photo):
    cloud.drop(KEY, photo)
    cloud.s3.delete_object(Bucket=INPUT, Key=KEY)
    outcome = process(JOB, deps, plenty)
    assert (outcome.status, type(outcome.error)) == (REJECT, SourceMissing)
    assert cloud.outputs() == {}


def test_an_older_event_never_replaces_a_newer_result(cloud, deps, photo, small):
    cloud.drop(KEY, photo)
    older = replace(JOB, version=cloud.s3.head_object(Bucket=INPUT, Key=KEY)["VersionId"])
    cloud.drop(KEY, small)
    newer = replace(JOB, version=cloud.s3.head_object(Bucket=INPUT, Key=KEY)["VersionId"])
    assert process(newer, deps, plenty).status == "done"
    assert process(older, deps, plenty).status == "repeated"
    assert report(cloud)["object"]["version"] == newer.version


def test_an_image_that_is_replaced_before_its_download_is_left_to_the_newer_event(cloud, deps, photo, small):
    cloud.drop(KEY, photo)
    store = WatchedStore(cloud.s3, once("get", INPUT, lambda: cloud.drop(KEY, small)))
    outcome = process(JOB, replace(deps, store=store), plenty)
    assert (outcome.status, type(outcome.error)) == (REJECT, SourceChanged)
    assert store.written() == []


@pytest.mark.parametrize("task", ["put", "head"])
def test_an_image_that_is_replaced_while_it_is_cut_is_cut_again_at_once(cloud, deps, photo, small, task):
    """The newer event may have been done already, by a faster worker: the slow one must not have the last word."""
    cloud.drop(KEY, photo)

    def overtake():
        cloud.drop(KEY, small)
        assert process(JOB, deps, plenty).status == "done"

    heads = [0]

    def before(asked, ref):
        heads[0] += asked == "head"
        if asked == task and (task == "put" or heads[0] == 2) and not overtaken:
            overtaken.append(True)
            overtake()

    overtaken = []
    outcome = process(JOB, replace(deps, store=WatchedStore(cloud.s3, before)), plenty)
    assert overtaken
    assert outcome.status in ("done", "repeated")
    assert report(cloud)["object"]["version"] == cloud.s3.head_object(Bucket=INPUT, Key=KEY)["VersionId"]
    assert Image.open(io.BytesIO(cloud.read(f"{KEY}/cutout.png"))).size == (128, 128)
    assert_whole(cloud)


def test_an_image_that_is_deleted_while_it_is_cut_stays_cut(cloud, deps, photo):
    cloud.drop(KEY, photo)
    store = WatchedStore(cloud.s3, once("put", OUTPUT, lambda: cloud.s3.delete_object(Bucket=INPUT, Key=KEY)))
    assert process(JOB, replace(deps, store=store), plenty).status == "done"
    assert_whole(cloud)


def erase_job(cloud):
    """What the API deletes, in its order."""
    for bucket in (INPUT, OUTPUT):
        S3Store(cloud.s3).erase(ObjectRef(bucket, UPLOAD.source.key))


@pytest.mark.parametrize("fault", [None, StoreUnavailable])
def test_an_api_job_that_is_deleted_at_any_moment_leaves_nothing(cloud, deps, photo, fault):
    """Before each call to S3; after it, the worker goes on, or fails and is followed by another."""
    step = 0
    while True:
        cloud.drop(UPLOAD.source.key, photo)
        calls = itertools.count()

        def before(_task, _ref, calls=calls, moment=step):
            if next(calls) == moment:
                erase_job(cloud)
                if fault:
                    raise fault("S3 is down.")

        outcome = process(UPLOAD, replace(deps, store=WatchedStore(cloud.s3, before)), plenty)
        if next(calls) <= step:
            break  # the work ended before that moment
        if outcome.status == RETRY:
            outcome = process(UPLOAD, deps, plenty)
        assert (outcome.status, outcome.report, cloud.outputs()) == ("removed", None, {})
        step += 1
    assert step == 8  # head, report, list, get, three files, head
    assert outcome.status == "done"
