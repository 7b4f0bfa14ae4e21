"""The studio's page in headless Chromium, as a person uses it; skipped where Chromium is not installed.

Set SCREENSHOTS to a folder to save what docs/studio.md shows.
"""

import base64
import io
import os
import re
import shutil
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect, sync_playwright
from skimage import data

from pipeline import models
from pipeline.options import Options
from studio import server
from studio.studio import Studio
from studio.tasks import Model
from tests.studio.conftest import alpha_of, jpeg

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
LONG = 180_000
"""Milliseconds for an image to be cut on a busy machine."""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]


def serve(folder, stack):
    folder.mkdir(exist_ok=True)
    studio = Studio(folder, Model(models.named("u2netp"), models.DEFAULT_FOLDER), Options(threads=2))
    stack.callback(studio.close)
    return stack.enter_context(server.serving(studio, 0))


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--no-proxy-server"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def guard(tmp_path_factory):
    with ExitStack() as stack:
        yield serve(tmp_path_factory.mktemp("studio") / "Spring collection", stack)


@pytest.fixture(scope="module")
def signed_in(browser, guard):
    """A window in which the page is open, empty at first; all its tests share it."""
    window = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    page = window.new_page()
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.goto(guard.address)
    expect(page.locator("#empty")).to_be_visible()
    yield page
    window.close()


@pytest.fixture
def page(signed_in):
    yield signed_in
    assert signed_in.wrong == []


def drop(page, files):
    """Drop files, by name, onto the page."""
    encoded = [[name, base64.b64encode(content).decode()] for name, content in files.items()]
    transfer = page.evaluate_handle(
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
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})


def row(page, name):
    return page.locator("#images li").filter(has_text=name)


def choose(page, name):
    row(page, name).locator("button").click()
    expect(page.locator("#image-name")).to_have_text(name)


def shoot(page, name):
    if "SCREENSHOTS" in os.environ:
        page.wait_for_timeout(1500)
        path = Path(os.environ["SCREENSHOTS"]) / f"studio-{name}.webp"
        Image.open(io.BytesIO(page.screenshot())).save(path, quality=82)


def cutout(page, name):
    """The alpha of the cutout, as soon as nothing is being cut."""
    base = page.url.partition("#")[0]
    while (listed := page.request.get(f"{base}api/images").json())["counts"]["working"]:
        page.wait_for_timeout(200)
    id_ = next(entry["id"] for entry in listed["images"] if entry["name"] == name)
    return alpha_of(page.request.get(f"{base}api/images/{id_}/cutout").body()).astype(int)


def test_the_address_hides_the_token_once_the_browser_is_signed_in(page, guard):
    assert guard.token not in page.url
    page.reload()
    expect(page.locator("#empty")).to_be_visible()


def test_three_images_are_dropped_cut_compared_corrected_approved_and_downloaded(page, tmp_path):
    sizes = {"astronaut": (768, 768), "chelsea": (812, 540), "coffee": (810, 540)}
    drop(page, {f"{name}.jpg": jpeg(getattr(data, name)(), size) for name, size in sizes.items()})
    for name in ("astronaut", "chelsea", "coffee"):
        expect(row(page, name).locator(".state")).to_have_text(
            re.compile(r"(Ready|Needs review) · \d+ %"), timeout=LONG
        )
    choose(page, "astronaut.jpg")
    expect(page.locator("#confidence")).to_have_text(re.compile(r"Confidence \d+ %"))
    page.locator("#divider").fill("30")
    shoot(page, "compare")
    before = cutout(page, "astronaut.jpg")
    page.keyboard.press("2")
    page.keyboard.press("w")
    box = page.locator("#canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 + 160  # below the centre of the 768 pixels
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y, steps=6)
    page.mouse.up()
    expect(page.locator("#note")).to_have_text(re.compile("Preview"), timeout=LONG)
    shoot(page, "touch-up")
    page.locator("#undo").click()
    expect(page.locator("#save")).to_be_disabled()
    page.locator("#redo").click()
    page.locator("#save").click()
    expect(page.locator("#save")).to_be_disabled()
    expect(row(page, "astronaut").locator(".state")).to_have_text(
        re.compile(r"(Ready|Needs review) · \d+ %"), timeout=LONG
    )
    after = cutout(page, "astronaut.jpg")
    assert (before[535:550, 390:415] == 255).all()
    assert (after[535:550, 390:415] == 0).all()
    assert abs(before - after)[:350].max() <= 3  # of 255, far from the stroke
    page.keyboard.press("a")
    expect(row(page, "astronaut").locator(".state")).to_have_text(re.compile("Approved"))
    page.reload()
    expect(row(page, "astronaut").locator(".state")).to_have_text(re.compile("Approved"))
    choose(page, "astronaut.jpg")
    with page.expect_download() as waiting:
        page.locator("#download").click()
    assert waiting.value.suggested_filename == "astronaut.png"
    waiting.value.save_as(tmp_path / "saved.png")
    assert np.array_equal(alpha_of((tmp_path / "saved.png").read_bytes()), after)
    with page.expect_download() as waiting:
        page.locator("#zip").click()
    assert waiting.value.suggested_filename == "approved.zip"


def test_listings_show_each_rule(page):
    choose(page, "coffee.jpg")
    page.locator("#format").select_option("etsy")
    expect(page.locator("#rules li").first).to_be_visible(timeout=LONG)
    page.locator("#rules").scroll_into_view_if_needed()
    shoot(page, "listing")
    page.locator("#format").select_option("png")


def test_the_keyboard_alone_is_enough(page):
    choose(page, "chelsea.jpg")
    page.locator("#canvas").focus()
    page.keyboard.press("e")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator("#note")).to_have_text(re.compile("Preview"), timeout=LONG)
    page.keyboard.press("Control+z")
    expect(page.locator("#save")).to_be_disabled()
    page.keyboard.press("v")
    page.keyboard.press("+")
    expect(page.locator("#zoom-value")).to_have_text("125 %")
    page.keyboard.press("0")
    page.keyboard.press("r")
    expect(row(page, "chelsea").locator(".state")).to_have_text(re.compile("Rejected"))
    page.keyboard.press("u")
    expect(row(page, "chelsea").locator(".state")).to_have_text(re.compile("Ready|Needs review"))
    first = page.locator("#image-name").inner_text()
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("#image-name")).to_have_text(first)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_names_and_contents_that_mean_harm_are_shown_as_text(page):
    names = ["<img src=x onerror=alert(1)>.jpg", '"quo\'ted".jpg', "\u202egpj.exe.jpg"]
    content = jpeg(data.coffee(), (96, 64))
    drop(page, dict.fromkeys(names, content))
    for name in ("onerror=alert(1)", "quo'ted", "gpj.exe"):
        expect(row(page, name).locator("bdi")).to_be_visible(timeout=LONG)
    assert page.locator("#images img[onerror]").count() == 0


def test_bad_files_are_named_in_their_own_place(page):
    wide = io.BytesIO()
    Image.new("1", (7200, 7100)).save(wide, "PNG")
    drop(page, {"text.jpg": b"a shopping list", "nothing.png": b"", "51.png": wide.getvalue()})
    expect(page.locator("#uploads li").filter(has_text="text.jpg")).to_contain_text("text, not an image")
    expect(page.locator("#uploads li").filter(has_text="nothing.png")).to_contain_text("The file is empty.")
    expect(row(page, "51.png")).to_contain_text("51.1 megapixels", timeout=LONG)
    expect(row(page, "51.png")).not_to_contain_text("--")  # flags help nobody on a page
    shoot(page, "errors")
    dismiss = page.get_by_role("button", name="Dismiss")
    while dismiss.count():
        dismiss.first.click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_axe_finds_nothing_serious_and_nothing_is_cut_off(browser, signed_in, scheme, width):
    state = signed_in.context.storage_state()
    # axe is a script that the page's own policy would not load.
    window = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, storage_state=state, bypass_csp=True
    )
    page = window.new_page()
    page.goto(signed_in.url)
    expect(row(page, "astronaut").locator(".state")).to_be_visible()
    expect(page.locator("#confidence")).not_to_be_empty()
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found if rule["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    window.close()


def test_two_windows_tell_each_other(browser, page):
    other = page.context.new_page()
    other.goto(page.url)
    for each in (page, other):
        choose(each, "coffee.jpg")
    page.locator("#approve").click()
    expect(row(page, "coffee").locator(".state").first).to_have_text(re.compile("Approved"))
    other.locator("#reject").click()
    expect(other.locator("#conflict")).to_be_visible()
    other.locator("#conflict button[value=theirs]").click()
    expect(row(other, "coffee").locator(".state").first).to_have_text(re.compile("Approved"))
    other.close()


def test_two_hundred_images_leave_the_page_quick(browser, tmp_path):
    small = jpeg(data.coffee(), (120, 80))
    for number in range(200):
        (tmp_path / f"image-{number:03}.jpg").write_bytes(small + bytes(number))
    with ExitStack() as stack:
        guard = serve(tmp_path, stack)
        page = browser.new_page()
        page.goto(guard.address)
        expect(page.locator("#images li")).to_have_count(200, timeout=60_000)
        longest = page.evaluate(
            """async () => {
              let longest = 0, last = performance.now();
              for (let frame = 0; frame < 60; frame += 1) {
                await new Promise(requestAnimationFrame);
                document.getElementById("images").lastElementChild.scrollIntoView();
                longest = Math.max(longest, performance.now() - last);
                last = performance.now();
              }
              return longest;
            }"""
        )
        assert longest < 1000  # milliseconds, on a machine that cuts images meanwhile
        page.close()


def test_a_server_that_is_gone_is_said_and_strokes_stay(browser, tmp_path):
    (tmp_path / "coffee.jpg").write_bytes(jpeg(data.coffee(), (240, 160)))
    with ExitStack() as stack:
        guard = serve(tmp_path, stack)
        page = browser.new_page()
        page.goto(guard.address)
        expect(row(page, "coffee").locator(".state")).to_have_text(re.compile("%"), timeout=LONG)
        choose(page, "coffee.jpg")
        page.locator("#canvas").focus()
        page.keyboard.press("q")
        page.keyboard.press("Enter")
        expect(page.locator("#save")).to_be_enabled()
    page.locator("#save").click()
    expect(page.locator("#banner")).to_contain_text("does not answer", timeout=LONG)
    expect(page.locator("#save")).to_be_enabled()
    page.close()
