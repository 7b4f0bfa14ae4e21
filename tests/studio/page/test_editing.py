"""Touch up: every tool and option changes the preview, and what is applied is what was drawn."""

import pytest
from playwright.sync_api import expect

from tests.studio.page.conftest import LONG, PREVIEWED, at, choose, draw, record_of


@pytest.fixture
def astronaut(page):
    choose(page, "astronaut.jpg")
    page.keyboard.press("2")
    return page


def edited(page):
    """What is stored, after it is applied."""
    expect(page.locator("#note")).to_have_text(PREVIEWED, timeout=LONG)
    page.locator("#save").click()
    expect(page.locator("#save")).to_be_disabled(timeout=LONG)
    return record_of(page, "astronaut.jpg")


def test_the_edge_is_moved_and_softened_and_holes_are_cut(astronaut):
    for name, value in (("shift", "2.5"), ("feather", "1.5")):
        astronaut.locator(f"#{name}").fill(value)
        expect(astronaut.locator(f"output[for={name}]")).to_have_text(value)
    astronaut.locator("#holes").select_option("cut")
    assert edited(astronaut)["options"] == {"roi": None, "holes": "cut", "shift": 2.5, "feather": 1.5}


def test_a_rectangle_says_where_the_subject_is_and_remove_all_takes_it_away(astronaut):
    astronaut.keyboard.press("b")
    x, y = at(astronaut, 0.5, 0.5)
    draw(astronaut, (x - 100, y - 100), (x + 100, y + 100))
    record = edited(astronaut)
    left, top, right, bottom = (float(side.removesuffix("px")) for side in record["options"]["roi"].split())
    assert right - left == pytest.approx(bottom - top, abs=2)
    assert 0 < left < right < 768
    astronaut.locator("#clear").click()
    astronaut.locator("#save").click()
    expect(astronaut.locator("#save")).to_be_disabled(timeout=LONG)
    assert record_of(astronaut, "astronaut.jpg")["options"]["roi"] is None


def test_the_eraser_is_a_stroke_that_takes_others_back_and_undo_outlives_applying(astronaut):
    x, y = at(astronaut, 0.5, 0.7)
    for key in ("w", "x"):
        astronaut.keyboard.press(key)
        draw(astronaut, (x, y), (x + 40, y))
    assert [stroke["tool"] for stroke in edited(astronaut)["strokes"]] == ["remove", "erase"]
    astronaut.locator("#undo").click()
    expect(astronaut.locator("#save")).to_be_enabled()
    assert [stroke["tool"] for stroke in edited(astronaut)["strokes"]] == ["remove"]


def test_the_studio_looks_at_the_image_as_soon_as_a_brush_is_chosen(astronaut):
    with astronaut.expect_request("**/preview") as waiting:
        astronaut.keyboard.press("q")
    assert waiting.value.post_data_json["strokes"] == []
    expect(astronaut.locator("#save")).to_be_disabled()


def test_the_wheel_zooms_and_with_ctrl_sizes_the_brush(astronaut):
    astronaut.keyboard.press("q")
    astronaut.mouse.move(*at(astronaut, 0.5, 0.5))
    size = int(astronaut.locator("#radius").input_value())
    astronaut.keyboard.down("Control")
    astronaut.mouse.wheel(0, -100)
    astronaut.keyboard.up("Control")
    expect(astronaut.locator("#radius")).not_to_have_value(str(size))
    zoom = astronaut.locator("#zoom-value").inner_text()
    astronaut.mouse.wheel(0, -400)
    expect(astronaut.locator("#zoom-value")).not_to_have_text(zoom)
