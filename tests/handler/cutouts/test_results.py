"""Jobs done on moto's S3 with the real network: what is written, in which order, and with how many requests."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from handler.cutouts.work import process
from handler.jobs import Job, ObjectRef
from tests.handler.conftest import INPUT, OUTPUT
from tests.handler.cutouts.jobs import JOB, KEY, PLAIN, Killed, assert_whole, plenty, report, without_times
from tests.handler.folder_store import FolderStore
from tests.handler.watched_store import WatchedStore


def test_an_image_becomes_cutout_alpha_and_report(cloud, deps, photo):
    cloud.drop(KEY, photo)
    outcome = process(JOB, deps, plenty)
    assert (outcome.status, outcome.error) == ("done", None)
    outputs = cloud.outputs()
    assert outputs.keys() == PLAIN
    cutout = Image.open(io.BytesIO(outputs[f"{KEY}/cutout.png"]))
    assert (cutout.mode, cutout.size) == ("RGBA", (256, 256))
    alpha = Image.open(io.BytesIO(outputs[f"{KEY}/alpha.png"]))
    assert alpha.tobytes() == cutout.getchannel("A").tobytes()
    stored = report(cloud)
    assert stored == outcome.report
    assert stored["status"] == "done"
    assert stored["object"]["key"] == KEY
    assert stored["object"]["version"] == cloud.s3.head_object(Bucket=INPUT, Key=KEY)["VersionId"]
    assert cloud.s3.head_object(Bucket=OUTPUT, Key=f"{KEY}/report.json")["ContentType"] == "application/json"
    assert_whole(cloud)


def test_the_report_is_written_last(cloud, deps, photo):
    cloud.drop(KEY, photo)
    store = WatchedStore(cloud.s3)
    process(JOB, replace(deps, store=store), plenty)
    assert store.written() == [("put", f"{KEY}/{name}") for name in ("cutout.png", "alpha.png", "report.json")]


def test_an_old_report_is_removed_first(cloud, deps, photo):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    cloud.drop(KEY, b"no picture")
    store = WatchedStore(cloud.s3)
    process(JOB, replace(deps, store=store), plenty)
    removed = [("delete", f"{KEY}/{name}") for name in ("report.json", "alpha.png", "cutout.png")]
    assert store.written() == [*removed, ("put", f"{KEY}/report.json")]


def test_nothing_is_ever_written_to_the_input_bucket(cloud, deps, photo, small):
    store = WatchedStore(cloud.s3)
    for data in (photo, b"no picture", small):
        cloud.drop(KEY, data)
        process(JOB, replace(deps, store=store), plenty)
    assert {bucket for task, bucket, _ in store.calls if task in ("put", "delete")} == {OUTPUT}


@pytest.mark.parametrize("data", ["photo", b"no picture"])
def test_a_repeated_event_changes_nothing(cloud, deps, photo, data):
    cloud.drop(KEY, photo if data == "photo" else data)
    first = process(JOB, deps, plenty)
    store = WatchedStore(cloud.s3)
    again = process(JOB, replace(deps, store=store), plenty)
    assert again.status == "repeated"
    assert again.report == first.report
    assert store.written() == []
    assert ("get", INPUT, KEY) not in store.calls


def test_the_same_image_gives_the_same_bytes(cloud, deps, photo):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    first = cloud.outputs()
    for key in first:
        cloud.s3.delete_object(Bucket=OUTPUT, Key=key)
    process(JOB, deps, plenty)
    assert without_times(cloud.outputs()) == without_times(first)


def test_an_unversioned_bucket(cloud, deps, photo, small):
    cloud.s3.create_bucket(Bucket="plain-input")
    deps = replace(deps, config=replace(deps.config, input_bucket="plain-input"))
    job = Job(ObjectRef("plain-input", KEY))
    cloud.s3.put_object(Bucket="plain-input", Key=KEY, Body=photo)
    assert [process(job, deps, plenty).status for _ in range(2)] == ["done", "repeated"]
    assert report(cloud)["object"]["version"] is None
    cloud.s3.put_object(Bucket="plain-input", Key=KEY, Body=small)
    assert process(job, deps, plenty).status == "done"


def test_the_same_steps_work_on_a_folder(tmp_path, deps, photo):
    store = FolderStore(tmp_path)
    store.put(ObjectRef(INPUT, KEY), photo, "image/jpeg")
    deps = replace(deps, store=store)
    assert [process(JOB, deps, plenty).status for _ in range(2)] == ["done", "repeated"]
    assert {path.name for path in (tmp_path / OUTPUT / KEY).iterdir()} == {"cutout.png", "alpha.png", "report.json"}


def test_a_new_image_is_cut_without_a_list_of_what_there_is(cloud, deps, photo):
    cloud.drop(KEY, photo)
    store = WatchedStore(cloud.s3)
    assert process(JOB, replace(deps, store=store), plenty, first_try=True).status == "done"
    files = [("put", OUTPUT, f"{KEY}/{name}") for name in ("cutout.png", "alpha.png", "report.json")]
    assert store.calls == [
        ("head", INPUT, KEY), ("get", OUTPUT, f"{KEY}/report.json"), ("get", INPUT, KEY), *files, ("head", INPUT, KEY)
    ]  # fmt: skip
    assert process(JOB, deps, plenty, first_try=True).status == "repeated"


def test_what_a_killed_try_left_is_deleted_when_its_message_comes_again(cloud, deps, photo):
    def killed(task, ref):
        if (task, ref.key) == ("put", f"{KEY}/report.json"):
            raise Killed

    cloud.drop(KEY, photo, Metadata={"hairline": '{"format": "webp"}'})
    with pytest.raises(Killed):
        process(JOB, replace(deps, store=WatchedStore(cloud.s3, killed)), plenty, first_try=True)
    cloud.drop(KEY, photo)  # the event of the new object comes before the old one's comes again
    assert process(JOB, deps, plenty, first_try=True).status == "done"
    assert f"{KEY}/cutout.webp" in cloud.outputs()
    assert process(JOB, deps, plenty).status == "done"
    assert cloud.outputs().keys() == PLAIN
    assert_whole(cloud)


def test_the_matte_can_be_left_out(cloud, deps, photo):
    cloud.drop(KEY, photo, Metadata={"hairline": '{"matte": false, "stages": ["trimap"]}'})
    assert process(JOB, deps, plenty).status == "done"
    assert cloud.outputs().keys() == {f"{KEY}/{name}" for name in ("cutout.png", "trimap.png", "report.json")}
    assert process(JOB, deps, plenty).status == "repeated"
