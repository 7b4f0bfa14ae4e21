"""The page at all widths, light and dark: nothing is cut off, and axe finds nothing serious."""

from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

import studio
from tests.studio.page.conftest import CUT, LONG, row


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(360, 800), (1440, 800), (3840, 2160)])
def test_axe_finds_nothing_serious_and_nothing_is_cut_off(guard, show, scheme, width, height):
    # axe is a script that the page's own policy would not load.
    page = show(guard.address, viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=True)
    expect(row(page, "astronaut").locator(".state")).to_be_visible()
    expect(page.locator("#confidence")).not_to_be_empty()
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found if rule["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = page.evaluate(
        """() => [...document.querySelectorAll("button, select, label")].filter((element) => {
          const box = element.getBoundingClientRect();
          return box.width && (box.left < 0 || box.right > innerWidth + 0.5);
        }).map((element) => element.id || element.textContent)"""
    )
    assert cut == []


def test_the_whole_page_is_smaller_than_200_kilobytes():
    assert sum(path.stat().st_size for path in Path(studio.__file__).with_name("page").iterdir()) < 200_000


def pixels(page):
    """How many pixels of the canvas have the colour of a reason's box."""
    page.wait_for_timeout(100)  # a frame
    return page.evaluate(
        """() => {
          const canvas = document.getElementById("canvas");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let found = 0;
          for (let at = 0; at < data.length; at += 4) {
            found += data[at] === 0xd9 && data[at + 1] === 0x83 && data[at + 2] === 0x00;
          }
          return found;
        }"""
    )


def test_a_reason_shows_its_place_while_it_has_the_focus_or_the_pointer(tmp_path, serve, show):
    """A disc that the image cuts off on its left, on white."""
    rows, columns = np.indices((400, 600))
    inside = np.hypot(rows - 200, columns) < 150
    image = np.where(inside[..., None], (40, 60, 160), (250, 250, 250)).astype(np.uint8)
    (tmp_path / "photos").mkdir()
    Image.fromarray(image).save(tmp_path / "photos" / "disc.png")
    page = show(serve(tmp_path / "photos")[0].address)
    expect(row(page, "disc").locator(".state")).to_have_text(CUT, timeout=LONG)
    reason = page.locator("#reasons button").filter(has_text="cut off at the image's edge")
    expect(reason).to_be_visible()
    assert pixels(page) == 0
    reason.focus()
    assert pixels(page) > 100
    reason.blur()
    assert pixels(page) == 0
    reason.hover()
    assert pixels(page) > 100
    reason.press("Enter")  # zooms there
    expect(page.locator("#zoom-value")).not_to_have_text("100 %")
