"""What a person sees of an API key's images and takes away: views, previews, downloads, ZIPs."""

import io
import time
import zipfile

import numpy as np
import pytest
import requests
from PIL import Image

from handler.http import view_service
from tests.handler.http.test_images import STROKE, put, settled, upload


@pytest.fixture(scope="module")
def id_(call, working, photo):
    """An image that is cut, with all its planes."""
    made = upload(call, photo, "shoe.jpg", options={"stages": ["probability", "trimap"]})
    assert settled(call, made)["state"] == "done"
    return made


def file(answer):
    """The bytes of a response, or of what it links to."""
    assert answer.status_code == 200, answer.text
    if answer.headers["Content-Type"] != "application/json":
        return answer.content
    linked = requests.get(answer.json()["data"]["result_url"], timeout=30)  # without a key
    assert linked.status_code == 200
    return linked.content


def image(answer):
    return Image.open(io.BytesIO(file(answer)))


def test_every_view_has_the_images_size_and_the_thumbnail_is_small(call, id_):
    modes = {"original": "RGB", "cutout": "RGBA", "alpha": "L", "probability": "L", "trimap": "L"}
    for view, mode in modes.items():
        shown = image(call.get(f"/v1/images/{id_}/{view}"))
        assert (shown.mode, shown.size) == (mode, (256, 256)), view
    thumbnail = call.get(f"/v1/images/{id_}/thumbnail", params={"v": "1"})
    assert (image(thumbnail).format, thumbnail.headers["Cache-Control"]) == ("JPEG", "private, max-age=3600")


def test_a_browser_is_shown_what_it_cannot_read_itself(call, working, photo):
    file_ = io.BytesIO()
    Image.open(io.BytesIO(photo)).save(file_, "TIFF")
    tiff = upload(call, file_.getvalue(), "shoe.tiff")
    assert image(call.get(f"/v1/images/{tiff}/original")).format == "JPEG"
    settled(call, tiff)
    assert image(call.get(f"/v1/images/{tiff}/original")).format == "JPEG"


def test_a_cutout_in_another_frame_is_shown_in_the_images_own(call, working, photo):
    cropped = upload(call, photo, options={"crop": True, "background": "#ff0000", "format": "jpeg"})
    settled(call, cropped)
    shown = image(call.get(f"/v1/images/{cropped}/cutout"))
    assert (shown.mode, shown.size) == ("RGBA", (256, 256))


def test_an_image_without_a_matte_can_be_downloaded_as_it_is_stored_only(call, working, photo):
    plain = upload(call, photo, "shoe.jpg", options={"matte": False})
    settled(call, plain)
    assert image(call.get(f"/v1/images/{plain}/download")).mode == "RGBA"
    refused = call.get(f"/v1/images/{plain}/download?format=webp")
    assert refused.status_code == 404
    assert refused.json()["errors"][0]["detail"] == "shoe.jpg has no matte, because its option matte is off."


def test_missing_views_and_images_have_their_own_errors(call, other, working, photo, id_):
    text = upload(call, b"a list of photographs")
    settled(call, text)
    for path, status in {
        f"{id_}/secret": 404,
        f"{text}/cutout": 404,
        f"{text}/trimap": 404,
        f"{text}/thumbnail": 422,
        f"{text}/download": 409,
        "0" * 32 + "/original": 404,
        "0" * 32 + "/thumbnail": 404,
        "none/cutout": 404,
    }.items():
        assert call.get(f"/v1/images/{path}").status_code in (status, 415), path
    for view in ("thumbnail", "original", "cutout", "alpha", "download", "compliance?marketplace=etsy"):
        assert other.get(f"/v1/images/{id_}/{view}").status_code == 404
    assert other.post(f"/v1/images/{id_}/preview", json={}).status_code == 404


def test_a_preview_shows_the_stroke_and_stores_nothing(call, id_):
    shown = []
    for strokes in ([], [STROKE]):
        answer = call.post(f"/v1/images/{id_}/preview", json={"strokes": strokes})
        assert 0 <= float(answer.headers["X-Hairline-Confidence"]) <= 1
        shown.append(np.asarray(image(answer))[..., 3].astype(int))
    before, after = shown
    assert (before[145:156, 100:150] > 200).all()
    assert (after[145:156, 100:150] == 0).all()
    assert np.abs(after - before)[:90].max() <= 8
    assert call.get(f"/v1/images/{id_}").json()["revision"] == 0
    begin = time.monotonic()
    call.post(f"/v1/images/{id_}/preview", json={"strokes": [STROKE, STROKE]})
    assert time.monotonic() - begin < 10
    wrong = call.post(f"/v1/images/{id_}/preview", json={"options": {"shift": 1000}})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, "bad_options")


def test_downloads_have_the_form_that_was_asked_for_and_listings_show_each_rule(call, id_):
    forms = {"format=png": "PNG", "format=webp": "WEBP", "format=jpeg&background=%23ff0000": "JPEG"}
    stored = requests.get(call.get(f"/v1/jobs/{id_}").json()["files"]["cutout.png"], timeout=30).content
    assert file(call.get(f"/v1/images/{id_}/download?format=png")) == stored
    for query, form in forms.items():
        made = image(call.get(f"/v1/images/{id_}/download?{query}"))
        assert (made.format, made.size) == (form, (256, 256))
    assert tuple(np.asarray(made)[5, 5] // 16) == (15, 0, 0)
    listing = image(call.get(f"/v1/images/{id_}/download?marketplace=etsy"))
    assert listing.size[0] >= 2000
    rules = call.get(f"/v1/images/{id_}/compliance?marketplace=etsy").json()["rules"]
    assert rules
    assert all(rule.keys() == {"measure", "value", "required", "passes"} for rule in rules)
    for query in ("format=gif", "stages=alpha", "marketplace=nowhere", "format=png&quality=9"):
        assert call.get(f"/v1/images/{id_}/download?{query}").status_code == 400


def test_zips_hold_what_is_approved_one_after_the_other(call, other, working, photo, id_, monkeypatch):
    second = upload(call, photo, "../SH\0OE.png")
    settled(call, second)
    assert other.get("/v1/approved.zip").status_code == 409
    for each in (id_, second):
        revision = call.get(f"/v1/images/{each}").json()["revision"]
        assert put(call, each, "decision", revision=revision, decision="approved").status_code == 200
    answer = call.get("/v1/approved.zip", params={"format": "webp"})
    assert answer.json()["next"] is None
    with zipfile.ZipFile(io.BytesIO(file(answer))) as archive:
        first, last = sorted(archive.namelist(), key=len)
        assert first in ("shoe.webp", "SHOE.webp")
        assert last in (f"shoe-{id_[:8]}.webp", f"SHOE-{second[:8]}.webp")
        assert Image.open(archive.open(last)).size == (256, 256)
    assert view_service.ZIP_S < 20  # API Gateway waits for 29 s
    rest = call.get("/v1/approved.zip", params={"after": min(id_, second)})
    with zipfile.ZipFile(io.BytesIO(file(rest))) as archive:
        assert len(archive.namelist()) == 1
    assert call.get("/v1/approved.zip", params={"after": "f" * 32}).status_code == 409
