"""The studio's page in headless Chromium, on folders whose images are cut once a session.

Set SCREENSHOTS to a folder to save what docs/studio.md shows.
"""

import base64
import io
import os
import re
import shutil
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect, sync_playwright
from skimage import data

from pipeline import models
from pipeline.options import Options
from studio import server
from studio.studio import Studio
from studio.tasks import Model
from tests.studio.conftest import Client, alpha_of, jpeg

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
LONG = 180_000
"""Milliseconds for an image to be cut on a busy machine."""
UNEDITED = {"roi": None, "holes": "auto", "shift": 0, "feather": 0}
PHOTOGRAPHS = {"astronaut": (768, 768), "chelsea": (812, 540), "coffee": (810, 540)}


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"))


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--no-proxy-server"])
        yield made
        made.close()


@pytest.fixture(scope="session")
def photographs():
    """File name -> JPEG: public-domain and CC0 photographs of scikit-image."""
    return {f"{name}.jpg": jpeg(getattr(data, name)(), size) for name, size in PHOTOGRAPHS.items()}


@pytest.fixture(scope="session")
def finished(tmp_path_factory, photographs):
    """A folder of the photographs and their results; a studio over it or over a copy has nothing to cut."""
    folder = tmp_path_factory.mktemp("finished") / "Spring collection"
    folder.mkdir()
    for name, content in photographs.items():
        (folder / name).write_bytes(content)
    with closing(new_studio(folder)) as studio:
        until = time.monotonic() + LONG / 1000
        while any(item.state != "done" for item in studio.library):
            assert time.monotonic() < until
            assert all(item.state != "failed" for item in studio.library)
            time.sleep(0.1)
    return folder


def new_studio(folder):
    return Studio(folder, Model(models.named("u2netp"), models.DEFAULT_FOLDER), Options(threads=2))


@contextmanager
def serving(folder, port=0):
    with closing(new_studio(folder)) as studio, server.serving(studio, port) as guard:
        yield guard


@pytest.fixture
def serve():
    """Serve a folder until the test ends, or until the function that it gives, too, is called."""
    with ExitStack() as stack:

        def start(folder, port=0):
            inner = stack.enter_context(ExitStack())
            return inner.enter_context(serving(folder, port)), inner.close

        yield start


@pytest.fixture(scope="session")
def guard(finished):
    with serving(finished) as guard:
        yield guard


@pytest.fixture
def show(browser):
    """Open an address in a window of its own. No script of the page may fail there."""
    wrong, windows = [], []

    def opened(address, **settings):
        settings = {"viewport": {"width": 1440, "height": 900}, "accept_downloads": True} | settings
        windows.append(browser.new_context(**settings))
        page = windows[-1].new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        return page

    yield opened
    for window in windows:
        window.close()
    assert wrong == []


@pytest.fixture
def folder(finished, tmp_path):
    """The photographs, cut, for one test alone."""
    return shutil.copytree(finished, tmp_path / "Spring collection")


@pytest.fixture
def page(guard, show):
    """The page over the three photographs, which are cut. What a test leaves there is taken back after it."""
    opened = show(guard.address)
    expect(opened.locator("#images li")).to_have_count(len(PHOTOGRAPHS))
    for name in PHOTOGRAPHS:
        expect(row(opened, name).locator(".state")).to_have_text(CUT, timeout=LONG)
    yield opened
    client = Client(guard)
    client.send("GET", f"/?token={guard.token}")
    for entry in client.settled()["images"]:
        record = client.json("GET", f"images/{entry['id']}")[1]
        if record["strokes"] or record["options"] != UNEDITED:
            client.json("PUT", f"images/{entry['id']}/edits", {"revision": record["revision"]})
        elif record["decision"]:
            client.json("PUT", f"images/{entry['id']}/decision", {"revision": record["revision"]})


@pytest.fixture
def empty_page(tmp_path, serve, show):
    """The page over an empty folder."""
    (tmp_path / "Spring collection").mkdir()
    opened = show(serve(tmp_path / "Spring collection")[0].address)
    expect(opened.locator("#empty")).to_be_visible()
    return opened


CUT = re.compile(r"(Ready|Needs review) · \d+ %")
PREVIEWED = re.compile("Preview")


def transfer(page, files):
    """A DataTransfer of files: name -> content."""
    encoded = [[name, base64.b64encode(content).decode()] for name, content in files.items()]
    return page.evaluate_handle(
        """files => {
          const transfer = new DataTransfer();
          for (const [name, text] of files) {
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            transfer.items.add(new File([bytes], name));
          }
          return transfer;
        }""",
        encoded,
    )


def drop(page, files):
    """Drop files onto the page."""
    page.dispatch_event("body", "drop", {"dataTransfer": transfer(page, files)})


def row(page, name):
    return page.locator("#images li").filter(has_text=name)


def choose(page, name):
    row(page, name).locator("button").click()
    expect(page.locator("#image-name")).to_have_text(name)


def at(page, x, y):
    """The point of the screen that shows the share (x, y) of a square image's canvas, with the whole image in view."""
    box = page.locator("#canvas").bounding_box()
    return box["x"] + box["width"] * x, box["y"] + box["height"] * y


def draw(page, *points):
    """Press the mouse at the first point of the screen, and move it to the others."""
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()


def shoot(page, name):
    if "SCREENSHOTS" in os.environ:
        page.wait_for_timeout(1500)
        path = Path(os.environ["SCREENSHOTS"]) / f"studio-{name}.webp"
        Image.open(io.BytesIO(page.screenshot())).save(path, quality=82)


def entry_of(page, name):
    """The list's entry, as soon as nothing is being cut."""
    base = page.url.partition("#")[0]
    while (listed := page.request.get(f"{base}v1/images").json())["counts"]["working"]:
        page.wait_for_timeout(200)
    return next(entry for entry in listed["images"] if entry["name"] == name)


def record_of(page, name):
    base = page.url.partition("#")[0]
    return page.request.get(f"{base}v1/images/{entry_of(page, name)['id']}").json()


def cutout(page, name):
    """The alpha of the cutout, as soon as nothing is being cut."""
    base = page.url.partition("#")[0]
    id_ = entry_of(page, name)["id"]
    return alpha_of(page.request.get(f"{base}v1/images/{id_}/cutout").body()).astype(int)
