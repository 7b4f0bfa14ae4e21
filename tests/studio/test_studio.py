"""The folder's back end over HTTP: the list, edits, decisions, downloads, and two people at one image."""

import io
import json
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from pipeline import models
from pipeline.cli import edits
from pipeline.cli.main import main
from pipeline.options import Options
from studio.studio import Conflict, Studio
from studio.tasks import Model
from tests.studio.conftest import SIZE, Client, alpha_of


def found(client, name):
    """The entry of that name, settled."""
    return next(entry for entry in client.settled()["images"] if entry["name"] == name)


def edit(revision, *strokes, **options):
    return {"revision": revision, "strokes": list(strokes), "options": options}


def stroke(tool, *points, radius=14):
    return {"tool": tool, "radius": radius, "points": [list(point) for point in points]}


def test_failed_images_come_first_then_the_doubtful_and_each_says_why_in_words(client):
    images = client.settled()["images"]
    assert {entry["name"]: entry["message"][:30] for entry in images[:2]} == {
        "empty.png": "The file is empty (0 bytes). U",
        "notes.jpg": "This is text, not an image. Se",
    }
    confidences = [entry["confidence"] for entry in images[2:]]
    assert confidences == sorted(confidences)
    assert len(confidences) == 3


def test_the_list_can_be_of_files_of_one_format(client):
    everything = client.settled()
    _, listed = client.json("GET", "images?format=jpeg")
    assert [entry["name"] for entry in listed["images"]] == [entry["name"] for entry in everything["images"][2:]]
    assert everything["formats"] == {"jpeg": 3}
    assert client.json("GET", "images?format=png")[1]["images"] == []


def test_every_view_has_the_images_size_and_the_thumbnail_is_small(client):
    entry = found(client, "astronaut.jpg")
    sizes = {}
    for view in ("original", "cutout", "alpha", "probability", "trimap", "thumbnail"):
        status, headers, content = client.send("GET", f"/v1/images/{entry['id']}/{view}?v={entry['version']}")
        assert status == 200
        image = Image.open(io.BytesIO(content))
        sizes[view] = image.size
        assert headers["Content-Type"] == Image.MIME[image.format]
    assert sizes.pop("thumbnail") == (320, 320)
    assert set(sizes.values()) == {SIZE}
    assert client.json("GET", f"images/{entry['id']}/secret")[0] == 404
    assert client.json("GET", "images/none")[0] == 404


def test_a_preview_shows_the_stroke_stores_nothing_and_far_away_nothing_changes(client):
    entry = found(client, "astronaut.jpg")
    path = f"/v1/images/{entry['id']}/preview"
    _, _, before = client.send("POST", path, edit(0))
    status, headers, after = client.send("POST", path, edit(0, stroke("remove", (180, 300), (200, 320))))
    assert status == 200
    assert 0 <= float(headers["X-Hairline-Confidence"]) <= 1
    old, new = (alpha_of(content).astype(int) for content in (before, after))
    assert (old[300:320, 185:195] == 255).all()
    assert (new[305:315, 185:195] == 0).all()
    assert abs(new - old)[:200].max() <= 8  # a fifth of the image and more above the stroke
    assert found(client, "astronaut.jpg") == entry


def test_edits_are_cut_at_full_size_kept_and_used_by_the_command_line(client, folder):
    entry = found(client, "chelsea.jpg")
    edits = edit(entry["revision"], stroke("keep", (30, 30), (60, 30)), shift=0.5)
    status, record = client.json("PUT", f"images/{entry['id']}/edits", edits)
    assert (status, record["revision"], record["state"]) == (200, entry["revision"] + 1, "waiting")
    done = client.settled(entry["id"])
    assert (done["state"], done["strokes"]) == ("done", [stroke("keep", (30, 30), (60, 30))])
    assert done["options"] == {"roi": None, "holes": "auto", "shift": 0.5, "feather": 0}
    assert done["version"] != entry["version"]
    cutout = folder / "cutouts" / "chelsea.png"
    assert (alpha_of(cutout.read_bytes())[28:32, 30:60] == 255).all()
    report = json.loads((folder / "cutouts" / "chelsea.report.json").read_text())
    assert report["options"]["strokes"]
    first = cutout.stat().st_mtime_ns
    command = ["cut", str(folder / "chelsea.jpg"), "-o", str(folder / "cutouts"), "--stages"]
    assert main(command) == 0
    assert cutout.stat().st_mtime_ns == first  # the same options, the person's among them: done before


def test_the_second_of_two_writers_gets_a_conflict_and_nothing_is_lost(client, guard):
    entry = found(client, "coffee.jpg")
    other = Client(guard)
    other.send("GET", f"/?token={guard.token}")
    decision = {"revision": entry["revision"], "decision": "approved"}
    assert client.json("PUT", f"images/{entry['id']}/decision", decision)[1]["decision"] == "approved"
    status, answer = other.json("PUT", f"images/{entry['id']}/edits", edit(entry["revision"], stroke("keep", (9, 9))))
    assert status == 409
    assert answer["errors"][0]["code"] == "edited_meanwhile"
    assert (answer["current"]["decision"], answer["current"]["strokes"]) == ("approved", [])
    later = edit(answer["current"]["revision"], stroke("keep", (9, 9)))
    status, record = other.json("PUT", f"images/{entry['id']}/edits", later)
    assert (status, record["decision"]) == (200, None)  # edits clear the decision
    client.settled()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "not JSON"),
        ([], "edits is a list"),
        ({"strokes": []}, "revision is missing"),
        ({"revision": -1}, "revision is -1"),
        ({"revision": 0, "strokes": [{"tool": "pen"}]}, "stroke 1"),
        ({"revision": 0, "options": {"shift": 1000}}, "shift is 1000"),
        ({"revision": 0, "options": {"trimap": "x"}}, "Unknown option 'trimap'"),
        ({"revision": 0, "options": {"roi": "everywhere"}}, "roi is 'everywhere'"),
    ],
)
def test_bad_edits_are_rejected_in_words_and_change_nothing(client, body, message):
    entry = found(client, "astronaut.jpg")
    status, _, content = client.send("PUT", f"/v1/images/{entry['id']}/edits", body)
    assert status in (400, 422)
    assert message in json.loads(content)["errors"][0]["title"]
    assert found(client, "astronaut.jpg") == entry


def test_a_decision_survives_a_new_start_and_damage_is_named(client, folder):
    entry = found(client, "astronaut.jpg")
    body = {"revision": entry["revision"], "decision": "rejected"}
    _, record = client.json("PUT", f"images/{entry['id']}/decision", body)
    again = Studio(folder, Model(models.named("u2netp"), models.DEFAULT_FOLDER), Options())
    try:
        assert again.record(entry["id"]) == record
    finally:
        again.close()
    assert client.json("GET", "images?state=rejected")[1]["images"] == [found(client, "astronaut.jpg")]
    path = folder / "cutouts" / "astronaut.edits.json"
    good = path.read_bytes()
    path.write_bytes(good[:-9])
    status, answer = client.json("PUT", f"images/{entry['id']}/decision", body)
    assert status == 422
    assert "astronaut.edits.json cannot be used" in answer["errors"][0]["title"]
    path.write_bytes(good)


def test_downloads_have_the_form_that_was_asked_for_and_listings_show_each_rule(client):
    entry = found(client, "astronaut.jpg")
    base = f"/v1/images/{entry['id']}/"
    for query, format_ in (
        ("format=png", "PNG"),
        ("format=webp", "WEBP"),
        ("format=jpeg&background=%23ff0000", "JPEG"),
    ):
        status, headers, content = client.send("GET", f"{base}download?{query}")
        assert status == 200, content
        assert Image.open(io.BytesIO(content)).format == format_
        assert "attachment" in headers["Content-Disposition"]
    red = np.asarray(Image.open(io.BytesIO(content)))[5, 5]
    assert tuple(red // 16) == (15, 0, 0)
    _, listing = client.json("GET", f"images/{entry['id']}/compliance?marketplace=etsy")
    assert listing["rules"]
    assert all(rule.keys() == {"measure", "value", "required", "passes"} for rule in listing["rules"])
    assert client.json("GET", f"images/{entry['id']}/download?format=gif")[0] == 422
    assert client.json("GET", f"images/{entry['id']}/download?stages=alpha")[0] == 422
    failed = found(client, "empty.png")
    assert client.json("GET", f"images/{failed['id']}/download?format=png")[0] == 409


def test_the_zip_holds_what_is_approved(client):
    entry = found(client, "chelsea.jpg")
    body = {"revision": entry["revision"], "decision": "approved"}
    assert client.json("PUT", f"images/{entry['id']}/decision", body)[0] == 200
    status, _, content = client.send("GET", "/v1/approved.zip?format=webp")
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["chelsea.webp"]
        assert Image.open(archive.open("chelsea.webp")).size == SIZE


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>.jpg",
        '"quoted\' name".jpg',
        "\u202egpj.exe.jpg",
        "../../up.jpg",
        "..",
        "C:\\a.jpg",
        "no ending",
        "\U0001f600" * 150 + ".jpg",
    ],
)
def test_a_hostile_name_becomes_a_file_of_this_folder(client, folder, photographs, name):
    status, entry = client.json("POST", f"images?name={quote(name)}", photographs["coffee"])
    assert status == 201
    [file] = [path for path in folder.iterdir() if path.name == entry["name"]]
    assert file.read_bytes() == photographs["coffee"]
    assert not (folder.parent / "up.jpg").exists()


def test_an_image_of_a_name_that_exists_gets_a_number(client, folder, photographs):
    status, entry = client.json("POST", "images?name=coffee.jpg", photographs["chelsea"])
    assert (status, entry["name"]) == (201, "coffee-2.jpg")
    assert (folder / "coffee.jpg").read_bytes() == photographs["coffee"]


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [(b"text", 422, "text, not an image"), (b"", 422, "empty"), (b"\xff\xd8\xff" + bytes(40_000_000), 413, "40.0 MB")],
)
def test_a_file_that_is_not_an_image_or_too_large_is_rejected_and_not_stored(client, folder, content, status, message):
    before = sorted(folder.iterdir())
    answer = client.json("POST", "images?name=new.jpg", content)
    assert answer[0] == status
    assert message in answer[1]["errors"][0]["title"]
    assert sorted(folder.iterdir()) == before


def test_of_two_studios_on_one_folder_that_change_an_image_at_once_one_gets_a_conflict(
    studio, client, folder, monkeypatch
):
    entry, read = found(client, "coffee.jpg"), edits.read

    def slow(path):
        stored = read(path)
        time.sleep(0.2)
        return stored

    given = {"revision": entry["revision"], "decision": "approved"}
    model = Model(models.named("u2netp"), models.DEFAULT_FOLDER)
    with closing(Studio(folder, model, Options())) as other, ThreadPoolExecutor() as pool:
        monkeypatch.setattr(edits, "read", slow)
        calls = [pool.submit(each.decide, entry["id"], given) for each in (studio, other)]
        outcomes = [type(call.exception()) for call in calls]
    assert sorted(outcomes, key=str) == sorted([type(None), Conflict], key=str)
