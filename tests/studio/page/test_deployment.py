"""The same page over a deployment's buckets, as `make serve` runs them: keys, uploads, strokes, downloads."""

import io
import zipfile

import numpy as np
import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from handler.local import api, stack, worker
from handler.local.emulator import emulator
from tests.studio.page.conftest import CUT, LONG, PREVIEWED, at, choose, draw, drop, row


@pytest.fixture(scope="module")
def site():
    """The API on a stack with a worker, with two keys."""
    with emulator() as endpoint:
        made = stack.create(endpoint)
        plan = {"ApiRate": "10000", "ApiBurst": "10000"}
        with worker.start(made), api.serving(made, keys=("first", "second"), parameters=plan) as served:
            yield served


def call(site, method, path, **more):
    answer = requests.request(method, f"{site.url}/v1/{path}", headers={"X-Api-Key": "first"}, timeout=60, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def sign_in(page, key):
    page.locator("#key").fill(key)
    page.locator("#key-dialog button").click()


def alpha(site, id_):
    link = call(site, "GET", f"images/{id_}/cutout")["data"]["result_url"]
    return np.asarray(Image.open(io.BytesIO(requests.get(link, timeout=30).content)))[..., 3].astype(int)


def test_a_person_signs_in_corrects_approves_and_downloads(site, show, photographs):
    page = show(f"{site.url}/studio")
    refused = []
    page.on("console", lambda message: "Content Security Policy" in message.text and refused.append(message.text))
    expect(page.locator("#key-reason")).to_contain_text("Enter an API key")
    found = Axe().run(page).response["violations"]
    assert [rule["id"] for rule in found if rule["impact"] in ("serious", "critical")] == []
    sign_in(page, "wrong")
    expect(page.locator("#key-reason")).to_contain_text("not valid")
    sign_in(page, "first")
    expect(page.locator("#empty")).to_be_visible(timeout=LONG)
    drop(page, {"astronaut.jpg": photographs["astronaut.jpg"], "notes.jpg": b"a list of photographs"})
    expect(row(page, "astronaut.jpg").locator(".state")).to_have_text(CUT, timeout=LONG)
    expect(row(page, "notes.jpg").locator(".state")).to_contain_text("This is text, not an image", timeout=LONG)
    choose(page, "astronaut.jpg")
    entry = next(each for each in call(site, "GET", "images")["images"] if each["name"] == "astronaut.jpg")
    before = alpha(site, entry["id"])
    expect(page.locator("#note")).to_be_empty(timeout=LONG)  # the original and the cutout have come from the bucket

    page.keyboard.press("2")
    page.keyboard.press("w")
    draw(page, at(page, 0.5, 0.7), at(page, 0.52, 0.72))
    expect(page.locator("#note")).to_have_text(PREVIEWED, timeout=LONG)
    site.disabled.add("first")
    expect(page.locator("#key-dialog")).to_be_visible(timeout=LONG)
    expect(page.locator("#key-reason")).to_contain_text("revoked")
    site.disabled.remove("first")
    sign_in(page, "first")
    expect(page.locator("#save")).to_be_enabled()  # the stroke is still there
    page.locator("#save").click()
    expect(page.locator("#save")).to_be_disabled(timeout=LONG)
    while (record := call(site, "GET", f"images/{entry['id']}"))["state"] == "waiting":
        page.wait_for_timeout(200)
    assert (record["revision"], len(record["strokes"])) == (1, 1)
    after = alpha(site, entry["id"])
    changed = np.argwhere(np.abs(after - before) > 200)
    assert len(changed) > 50
    assert changed.min(0)[0] > 400  # far above the stroke nothing changes

    page.keyboard.press("a")
    expect(row(page, "astronaut.jpg").locator(".state")).to_contain_text("Approved", timeout=LONG)
    page.reload()  # the window remembers the key
    expect(row(page, "astronaut.jpg").locator(".state")).to_contain_text("Approved", timeout=LONG)
    choose(page, "astronaut.jpg")
    with page.expect_download(timeout=LONG) as download:
        page.locator("#download").click()
    with Image.open(download.value.path()) as image:
        assert (image.format, image.size) == ("PNG", (768, 768))
    with page.expect_download(timeout=LONG) as download:
        page.locator("#zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist() == ["astronaut.png"]
    assert refused == []


def test_the_second_writer_is_asked_whose_version_stays(site, show, photographs):
    page = show(f"{site.url}/studio")
    sign_in(page, "first")
    drop(page, {"coffee.jpg": photographs["coffee.jpg"]})
    expect(row(page, "coffee.jpg").locator(".state")).to_have_text(CUT, timeout=LONG)
    choose(page, "coffee.jpg")
    entry = next(each for each in call(site, "GET", "images")["images"] if each["name"] == "coffee.jpg")
    page.route("**/v1/images?*", lambda route: route.abort())  # so that the page does not hear of it before
    call(site, "PUT", f"images/{entry['id']}/decision", json={"revision": 0, "decision": "rejected"})
    page.keyboard.press("a")
    expect(page.locator("#conflict")).to_be_visible(timeout=LONG)
    page.locator("#conflict button[value=theirs]").click()
    page.unroute("**/v1/images?*")
    expect(row(page, "coffee.jpg").locator(".state")).to_contain_text("Rejected", timeout=LONG)
    assert call(site, "GET", f"images/{entry['id']}")["decision"] == "rejected"


def test_another_key_shows_none_of_these_images(site, show):
    page = show(f"{site.url}/studio")
    sign_in(page, "second")
    expect(page.locator("#empty")).to_be_visible(timeout=LONG)


def test_the_page_and_its_files_need_no_key_and_allow_the_buckets_alone(site):
    page = requests.get(f"{site.url}/studio", timeout=30)
    policy = dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["connect-src"].startswith("'self' http://127.0.0.1:")
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    script = requests.get(f"{site.url}/page/main.js", timeout=30)
    assert (script.status_code, script.headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    for path in ("page/secret.js", "page/..%2f__init__.py", "page/conftest.py", "page/"):
        assert requests.get(f"{site.url}/{path}", timeout=30).status_code == 404, path
    assert requests.get(f"{site.url}/studio/", timeout=30).url == f"{site.url}/studio"  # its links are relative
