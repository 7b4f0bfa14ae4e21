"""Rejected images, files of earlier versions, and files of others."""

from dataclasses import replace

import pytest

from handler.config import CutoutConfig
from handler.cutouts.work import process
from handler.dispositions import ALARM, REJECT
from handler.errors import BadEvent
from handler.jobs import Job, ObjectRef
from pipeline.errors import ImageTooLarge, NotAnImage
from tests.handler.conftest import INPUT, OUTPUT
from tests.handler.cutouts.jobs import JOB, KEY, PLAIN, assert_whole, plenty, report, without_times
from tests.handler.watched_store import WatchedStore


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "empty_image"), (b"<html></html>", "not_an_image"), (b"\xff\xd8\xff\xe0", "")]
)
def test_a_rejected_image_gets_only_its_report(cloud, deps, data, code):
    cloud.drop(KEY, data)
    outcome = process(JOB, deps, plenty)
    assert outcome.status == REJECT
    assert cloud.outputs().keys() == {f"{KEY}/report.json"}
    assert report(cloud)["status"] == "rejected"
    assert report(cloud)["reason"]["code"].endswith(code)
    assert report(cloud)["reason"]["message"]


def test_a_file_that_is_too_large_is_not_downloaded(cloud, deps, photo):
    config = CutoutConfig.from_env(cloud.env(HAIRLINE_MAX_BYTES=str(len(photo) - 1)))
    store = WatchedStore(cloud.s3)
    cloud.drop(KEY, photo)
    outcome = process(JOB, replace(deps, config=config, store=store), plenty)
    assert isinstance(outcome.error, ImageTooLarge)
    assert ("get", INPUT, KEY) not in store.calls
    exactly = CutoutConfig.from_env(cloud.env(HAIRLINE_MAX_BYTES=str(len(photo))))
    assert process(JOB, replace(deps, config=exactly), plenty).status == "done"


def test_a_rejection_leaves_no_cutout_of_the_image_before(cloud, deps, photo):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    cloud.drop(KEY, b"no picture")
    assert isinstance(process(JOB, deps, plenty).error, NotAnImage)
    assert cloud.outputs().keys() == {f"{KEY}/report.json"}
    cloud.drop(KEY, photo)
    assert process(JOB, deps, plenty).status == "done"
    assert cloud.outputs().keys() == PLAIN


def test_another_format_leaves_no_cutout_of_the_old_one(cloud, deps, photo):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    cloud.drop(KEY, photo, Metadata={"hairline": '{"format": "webp"}'})
    process(JOB, deps, plenty)
    assert cloud.outputs().keys() == {f"{KEY}/{name}" for name in ("alpha.png", "cutout.webp", "report.json")}


def test_files_that_are_not_hairlines_stay(cloud, deps, photo):
    others = {f"{KEY}/notes.txt", f"{KEY}/cut/cutout.png", f"{KEY}2/cutout.png", "products/cutout.png"}
    for key in others:
        cloud.s3.put_object(Bucket=OUTPUT, Key=key, Body=b"mine")
    for data in (photo, b"no picture"):
        cloud.drop(KEY, data)
        process(JOB, deps, plenty)
        assert process(JOB, deps, plenty).status == "repeated"
    assert cloud.outputs().keys() == {*others, f"{KEY}/report.json"}


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"mark": 1}', b"\xff"])
def test_a_report_that_is_not_hairlines_is_replaced(cloud, deps, photo, text):
    cloud.drop(KEY, photo)
    cloud.s3.put_object(Bucket=OUTPUT, Key=f"{KEY}/report.json", Body=text)
    assert process(JOB, deps, plenty).status == "done"
    assert_whole(cloud)


@pytest.mark.parametrize("name", ["cutout.png", "alpha.png"])
@pytest.mark.parametrize("harm", ["lost", "overwritten"])
def test_a_repeated_event_fixes_what_a_dying_worker_spoilt(cloud, deps, photo, name, harm):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    good = cloud.outputs()
    if harm == "lost":
        cloud.s3.delete_object(Bucket=OUTPUT, Key=f"{KEY}/{name}")
    else:
        cloud.s3.put_object(Bucket=OUTPUT, Key=f"{KEY}/{name}", Body=b"of another version")
    assert process(JOB, deps, plenty).status == "done"
    assert without_times(cloud.outputs()) == without_times(good)


@pytest.mark.parametrize(
    "ref", [ObjectRef("somebody-elses", KEY), ObjectRef(OUTPUT, f"{KEY}/cutout.png"), ObjectRef(INPUT, "é" * 505)]
)
def test_an_object_that_hairline_must_not_touch_is_a_bad_event(cloud, deps, ref):
    store = WatchedStore(cloud.s3)
    outcome = process(Job(ref), replace(deps, store=store), plenty)
    assert (outcome.status, type(outcome.error)) == (ALARM, BadEvent)
    assert store.calls == []


def test_the_longest_key_that_fits(cloud, deps):
    key = "é" * 502
    cloud.drop(key, b"no picture")
    outcome = process(Job(ObjectRef(INPUT, key)), deps, plenty)
    assert outcome.status == REJECT
    assert cloud.outputs().keys() == {f"{key}/report.json"}
