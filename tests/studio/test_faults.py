"""A disk that is full and a worker that is killed are said in words, and nothing is lost."""

import errno
import json
import os
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

from pipeline import models
from pipeline.cli import edits
from pipeline.options import Options
from studio import tasks
from studio.pools import Killed, Worker
from studio.studio import NotFound, Studio
from studio.tasks import Model


def test_a_full_disk_is_reported_and_the_edits_do_not_change(client, monkeypatch, studio):
    entry = client.settled()["images"][-1]

    def full(_path, _edits):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(edits, "save", full)
        status, answer = client.json("PUT", f"images/{entry['id']}/decision", {"revision": 0, "decision": "approved"})
    assert (status, answer["errors"][0]["code"]) == (507, "disk_full")
    assert client.json("GET", f"images/{entry['id']}")[1]["decision"] is None
    body = {"revision": entry["revision"], "decision": "approved"}
    assert client.json("PUT", f"images/{entry['id']}/decision", body)[1]["decision"] == "approved"


def test_edits_that_cannot_be_read_stop_no_other_image_and_any_name_fits_into_the_zip(tmp_path, photographs):
    unreadable, strange = "a: b.jpg", os.fsdecode(b"caf\xe9.jpg")
    for name in (unreadable, strange):
        (tmp_path / name).write_bytes(photographs["coffee"])
    (tmp_path / "cutouts" / "a: b.edits.json").mkdir(parents=True)
    with closing(Studio(tmp_path, Model(models.named("u2netp"), models.DEFAULT_FOLDER), Options())) as studio:
        until = time.monotonic() + 120
        while studio.list("working", None, None)["images"]:
            assert time.monotonic() < until
            time.sleep(0.2)
        failed, done = studio.list("all", None, None)["images"]
        assert (failed["name"], failed["state"]) == (unreadable, "failed")
        assert failed["message"] == f"{tmp_path / 'cutouts' / 'a: b.edits.json'} cannot be read: Is a directory"
        assert (done["name"], done["state"]) == ("caf\ufffd.jpg", "done")
        studio.decide(done["id"], {"revision": 0, "decision": "approved"})
        with studio.approved({}) as file, zipfile.ZipFile(file) as archive:
            assert archive.namelist() == ["caf\\xe9.png"]


def test_a_report_that_was_damaged_counts_for_nothing_and_its_image_is_cut_again(tmp_path, photographs):
    (tmp_path / "cutouts").mkdir()
    damages = (
        {"mark": 5},
        {"status": "rejected"},
        {"status": "rejected", "reason": "?"},
        {"quality": {}},
        {"quality": {"confidence": "high", "needs_review": False, "reasons": []}},
    )
    for number, damage in enumerate(damages):
        (tmp_path / f"{number}.jpg").write_bytes(photographs["coffee"])
        whole = {"hairline": "1", "status": "done", "source": {"name": f"{number}.jpg"}, "mark": "0", "files": []}
        (tmp_path / "cutouts" / f"{number}.report.json").write_text(json.dumps(whole | damage))
    with closing(Studio(tmp_path, Model(models.named("u2netp"), models.DEFAULT_FOLDER), Options())) as studio:
        until = time.monotonic() + 120
        while (listed := studio.list("all", None, None))["counts"]["working"]:
            assert time.monotonic() < until
            time.sleep(0.2)
        assert {image["state"] for image in listed["images"]} == {"done"}
        assert len({image["confidence"] for image in listed["images"]}) == 1


def test_an_image_that_is_gone_or_became_a_link_out_of_the_folder_is_not_read(tmp_path, photographs):
    place, outside = tmp_path / "photos", tmp_path / "outside.jpg"
    place.mkdir()
    image = place / "a.jpg"
    for path in (image, outside):
        path.write_bytes(photographs["coffee"])
    with closing(Studio(place, Model(models.named("u2netp"), models.DEFAULT_FOLDER), Options())) as studio:
        [entry] = studio.list("all", None, None)["images"]
        for change in (image.unlink, lambda: image.symlink_to(outside)):
            change()
            with pytest.raises(NotFound, match="moved or deleted"):
                studio.picture(entry["id"], "original")
            with pytest.raises(NotFound, match="moved or deleted"):
                studio.preview(entry["id"], {})


def test_a_studio_removes_what_a_killed_one_left_half_written(tmp_path, photographs):
    (tmp_path / "a.jpg").write_bytes(photographs["coffee"])
    (tmp_path / "cutouts").mkdir()
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    part = tmp_path / "cutouts" / f".hairline.{killed.pid}.0.part"
    part.write_bytes(b"half a cutout")
    with closing(Studio(tmp_path, Model(models.named("u2netp"), models.DEFAULT_FOLDER), Options())):
        assert not part.exists()


def test_a_preview_does_not_wait_for_thumbnails_and_downloads(client, studio):
    entry = client.settled()["images"][-1]
    with studio._helper._lock:  # as while it makes one
        status, _, content = client.send("POST", f"/v1/images/{entry['id']}/preview", {})
    assert status == 200, content
    assert content.startswith(b"\x89PNG")


def test_the_sources_own_transparency_counts_once(tmp_path):
    pixels = np.full((60, 80, 4), (200, 40, 40, 128), np.uint8)
    for name, image in (("source.png", Image.fromarray(pixels)), ("alpha.png", Image.fromarray(pixels[..., 3]))):
        image.save(tmp_path / name)
    made, _ = tasks.download(tmp_path / "source.png", tmp_path / "alpha.png", Options(format="webp"))
    assert made.to_numpy()[30, 40, 3] == 128


def test_a_worker_that_was_killed_is_replaced():
    worker = Worker()
    with pytest.raises(Killed, match="lack of memory"):
        worker.call(os._exit, 1)
    assert worker.call(abs, -1) == 1
    worker.close()


def test_an_error_in_a_worker_is_raised_to_its_caller():
    worker = Worker()
    with pytest.raises(ZeroDivisionError):
        worker.call(divmod, 1, 0)
    assert worker.call(abs, -1) == 1
    worker.close()


def test_a_worker_that_is_closed_in_the_middle_of_a_call_ends_at_once():
    worker, begin = Worker(), time.monotonic()
    process = worker.call(os.getpid)
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(worker.call, time.sleep, 60)
        while not worker._lock.locked():
            time.sleep(0.01)
        worker.close()
        with pytest.raises(Killed):
            call.result()
    assert time.monotonic() - begin < 30
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
