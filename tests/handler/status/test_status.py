"""What became of the images of the last hours, read from the output bucket."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from handler.aws import deployment, listing
from handler.aws.bucket import S3Store
from handler.cutouts import failures
from handler.cutouts.work import process
from handler.errors import GivenUp, StoreUnavailable
from handler.jobs import Job, ObjectRef
from handler.status import __main__ as command_line
from handler.status import recent
from tests.handler.conftest import INPUT, OUTPUT


@pytest.fixture
def outcomes(cloud, deps, photo):
    """Images of every outcome, and files that are not Hairline's."""
    for key, data in {"a.jpg": photo, "b/c.txt": b"<html>", "b.jpg": b"<html>", "d.jpg": b"x"}.items():
        cloud.drop(key, data)
    for key in ("a.jpg", "b/c.txt", "b.jpg"):
        process(Job(ObjectRef(INPUT, key)), deps, lambda: 300.0)
    failures.conclude("{}", [(Job(ObjectRef(INPUT, "d.jpg")), GivenUp())], deps)
    for key in ("report.json", "z/report.json", "z/notes.txt"):
        cloud.s3.put_object(Bucket=OUTPUT, Key=key, Body=b"[]")
    return cloud


@pytest.fixture
def run(outcomes, monkeypatch):
    monkeypatch.setattr(deployment, "outputs", lambda _: {"OutputBucket": OUTPUT})
    monkeypatch.setattr(command_line, "client", lambda *_: outcomes.s3)
    return command_line.main


def test_the_images_of_the_last_day_are_counted(run, capsys):
    capsys.readouterr()
    assert run([]) == 1  # one has failed
    assert capsys.readouterr().out.split("\n") == [
        "            1  done",
        "            2  rejected: not_an_image",
        "            1  failed: given_up",
        "",
    ]


def test_each_failed_image_has_a_line(run, capsys):
    capsys.readouterr()
    assert run(["--csv", "--prefix", "b"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["key"], row["outcome"], row["code"]) for row in rows] == [
        ("b.jpg", "rejected", "not_an_image"),
        ("b/c.txt", "rejected", "not_an_image"),
    ]
    assert all(row["message"] and datetime.fromisoformat(row["written"]) for row in rows)


def failed_after_a_cutout(cloud, deps, photo):
    """An image that replaced one that was cut, and failed."""
    cloud.drop("e.jpg", photo)
    process(Job(ObjectRef(INPUT, "e.jpg")), deps, lambda: 300.0)
    cloud.drop("e.jpg", photo + b"\0")
    failures.conclude("{}", [(Job(ObjectRef(INPUT, "e.jpg")), GivenUp())], deps)


def test_an_image_that_failed_beside_an_earlier_cutout_counts_as_failed(outcomes, deps, photo, run, capsys):
    failed_after_a_cutout(outcomes, deps, photo)
    assert "e.jpg/cutout.png" in outcomes.outputs()
    capsys.readouterr()
    assert run(["--csv", "--prefix", "e"]) == 1
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["key"], row["outcome"], row["code"]) == ("e.jpg", "failed", "given_up")


def test_an_image_that_was_cut_after_it_failed_counts_as_done(outcomes, deps, photo, run, capsys):
    failed_after_a_cutout(outcomes, deps, photo)
    process(Job(ObjectRef(INPUT, "e.jpg")), deps, lambda: 300.0)
    assert outcomes.outputs().keys() >= {"e.jpg/cutout.png", "e.jpg/report.json"}
    assert "e.jpg/failed" not in outcomes.outputs()
    # A worker that reports a failure may write this file last, although another worker has cut the image.
    outcomes.s3.put_object(Bucket=OUTPUT, Key="e.jpg/failed", Body=b"")
    capsys.readouterr()
    assert run(["--prefix", "e"]) == 0
    assert capsys.readouterr().out == "            1  done\n"


def test_only_images_without_a_cutout_are_read(outcomes):
    read = []
    outcomes.s3.meta.events.register("before-call.s3.GetObject", lambda params, **_: read.append(params["url_path"]))
    store = S3Store(outcomes.s3)
    since = datetime.now(UTC) - timedelta(hours=1)
    found = recent.summarise(listing.objects(outcomes.s3, OUTPUT), since, store, OUTPUT)
    assert (found.done, len(found.troubles)) == (1, 3)
    assert not any("a.jpg" in path for path in read)


def test_older_results_are_left_out(outcomes):
    files = [each._replace(modified=each.modified - timedelta(days=2)) for each in listing.objects(outcomes.s3, OUTPUT)]
    since = datetime.now(UTC) - timedelta(days=1)
    assert recent.summarise(files, since, S3Store(outcomes.s3), OUTPUT) == recent.Summary()


def test_an_unreadable_stack_is_an_error(run, monkeypatch, capsys):
    def broken(stack):
        raise StoreUnavailable(f"Could not describe the stack {stack}.")

    monkeypatch.setattr(deployment, "outputs", broken)
    assert run(["--stack", "other"]) == 2
    assert "the stack other" in capsys.readouterr().err
