"""A person's edits beside the results: cutting uses them, and whatever happens meanwhile, no result lacks them."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from handler.cutouts import failures
from handler.cutouts.work import process
from handler.dispositions import REJECT
from pipeline.edits import Edits
from pipeline.errors import OutOfMemory
from tests.handler.conftest import INPUT, OUTPUT
from tests.handler.cutouts.jobs import JOB, KEY, UPLOAD, Killed, plenty, report
from tests.handler.watched_store import WatchedStore, once

STROKE = {"tool": "remove", "radius": 10, "points": [[100, 150], [150, 150]]}
EDITED = Edits.parse({"revision": 1, "strokes": [STROKE]})


def edit(cloud, data=EDITED, key=KEY):
    body = data if isinstance(data, bytes) else data.to_bytes()
    cloud.s3.put_object(Bucket=OUTPUT, Key=f"{key}/edits.json", Body=body)


def alpha(cloud):
    return np.asarray(Image.open(io.BytesIO(cloud.read(f"{KEY}/alpha.png"))))


@pytest.fixture
def cut(cloud, deps, photo):
    cloud.drop(KEY, photo, Metadata={"hairline": '{"feather": 1}'})
    process(JOB, deps, plenty)


def assert_edited(cloud):
    told = report(cloud)
    assert told["edits"] == EDITED.digest()
    assert len(told["options"]["strokes"]) == 1
    assert (alpha(cloud)[145:156, 100:150] == 0).all()


def test_edits_override_the_images_own_options_and_are_kept(cloud, deps, cut):
    before = alpha(cloud)
    assert (before[145:156, 100:150] > 200).all()
    edit(cloud, Edits.parse({"revision": 1, "strokes": [STROKE], "options": {"feather": 0}}))
    assert process(JOB, deps, plenty).status == "done"
    assert report(cloud)["options"]["feather"] == 0
    assert (alpha(cloud)[145:156, 100:150] == 0).all()
    assert np.abs(alpha(cloud)[:100].astype(int) - before[:100]).max() <= 255 * 0.5  # the edge is no longer blurred
    assert f"{KEY}/edits.json" in cloud.outputs()
    assert process(JOB, deps, plenty).status == "repeated"


def test_a_stroke_changes_nothing_far_from_it(cloud, deps, cut):
    before = alpha(cloud).astype(int)
    edit(cloud)
    process(JOB, deps, plenty)
    assert_edited(cloud)
    assert np.abs(alpha(cloud) - before)[:90].max() <= 8


@pytest.mark.parametrize("changed", ["repeat", "model", "image"])
def test_a_repeat_another_model_and_a_new_image_keep_a_persons_work(cloud, deps, cut, photo, changed):
    edit(cloud)
    process(JOB, deps, plenty, first_try=True)
    if changed == "model":
        deps = replace(deps, model=replace(deps.model, sha256="0" * 64))
    if changed == "image":
        cloud.drop(KEY, photo + b"\0")
    status = process(JOB, deps, plenty, first_try=True).status
    assert status == ("repeated" if changed == "repeat" else "done")
    assert_edited(cloud)


def test_a_decision_does_not_cut_again(cloud, deps, cut):
    edit(cloud)
    process(JOB, deps, plenty)
    edit(cloud, replace(EDITED, revision=2, decision="approved"))
    assert process(JOB, deps, plenty).status == "repeated"
    edit(cloud, Edits(revision=3))
    assert process(JOB, deps, plenty).status == "done"
    assert report(cloud)["edits"] is None


@pytest.mark.parametrize(
    ("data", "words"), [(b"{", "edits.json cannot be used"), (b'{"revision": -1}', "revision is -1")]
)
def test_edits_that_cannot_be_used_are_a_rejection_that_names_them(cloud, deps, cut, data, words):
    edit(cloud, data)
    assert process(JOB, deps, plenty).status == REJECT
    assert words in report(cloud)["reason"]["message"]
    assert process(JOB, deps, plenty).status == "repeated"
    edit(cloud)
    assert process(JOB, deps, plenty).status == "done"


def test_edits_that_come_while_an_image_is_cut_again_are_not_lost(cloud, deps, cut, photo):
    cloud.drop(KEY, photo + b"\0")
    store = WatchedStore(cloud.s3, once("put", OUTPUT, lambda: edit(cloud)))
    assert process(JOB, replace(deps, store=store), plenty).status == "done"
    assert_edited(cloud)


@pytest.mark.parametrize("step", range(5))
def test_a_late_first_event_does_not_replace_an_edited_result(cloud, deps, cut, step):
    """Another worker has deleted the old report for a moment, so that the late one knows neither report nor edits."""
    edit(cloud)
    left = [step]

    def late(task, ref):
        if task in ("put", "delete") and ref.bucket == OUTPUT:
            left[0] -= 1
            if left[0] == -1:
                process(JOB, deps, plenty, first_try=True)

    process(JOB, replace(deps, store=WatchedStore(cloud.s3, late)), plenty)
    assert_edited(cloud)
    assert process(JOB, deps, plenty).status == "repeated"


def test_the_result_is_correct_after_a_first_try_was_overtaken_and_killed(cloud, deps, cut):
    edit(cloud)
    process(JOB, deps, plenty)
    cloud.s3.delete_object(Bucket=OUTPUT, Key=f"{KEY}/report.json")

    def killed(task, ref):
        if (task, ref.key) == ("put", f"{KEY}/report.json"):
            raise Killed

    with pytest.raises(Killed):
        process(JOB, replace(deps, store=WatchedStore(cloud.s3, killed)), plenty, first_try=True)
    assert process(JOB, deps, plenty).status == "done"
    assert_edited(cloud)


def test_the_report_of_a_failure_says_which_edits_it_knew(cloud, deps, cut):
    edit(cloud)
    cloud.drop(KEY, b"another image")
    failures.conclude("{}", [(JOB, OutOfMemory("full"))], deps)
    assert (report(cloud)["status"], report(cloud)["edits"]) == ("failed", EDITED.digest())


def test_edits_go_with_the_image(cloud, deps, photo):
    key = UPLOAD.source.key
    cloud.drop(key, photo)
    process(UPLOAD, deps, plenty)
    edit(cloud, key=key)
    cloud.s3.delete_object(Bucket=INPUT, Key=key)
    assert process(UPLOAD, deps, plenty).status == "removed"
    assert cloud.outputs() == {}


def test_edits_go_with_a_deleted_image_and_stay_with_one_whose_outputs_stay(cloud, deps, cut):
    edit(cloud)
    process(JOB, deps, plenty)
    cloud.s3.delete_object(Bucket=INPUT, Key=KEY)
    process(JOB, deps, plenty)
    assert f"{KEY}/edits.json" in cloud.outputs()
    process(JOB, replace(deps, config=replace(deps.config, delete_outputs=True)), plenty)
    assert cloud.outputs() == {}


def test_the_report_says_the_files_name(cloud, deps, photo):
    cloud.drop(KEY, photo, Metadata={"hairline-name": "gr%C3%BCner%20Schuh.jpg"})
    process(JOB, deps, plenty)
    assert json.loads(cloud.read(f"{KEY}/report.json"))["object"]["name"] == "grüner Schuh.jpg"
