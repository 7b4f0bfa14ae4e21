"""The page at all widths, light and dark: nothing is cut off, and axe finds nothing serious."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.studio.page.conftest import row


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
