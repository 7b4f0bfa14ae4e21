"""What a person does all day: drop, look, correct, decide, download, with the mouse or with the keyboard alone."""

import io
import re
import zipfile

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.studio.conftest import alpha_of
from tests.studio.page.conftest import CUT, LONG, PREVIEWED, at, choose, cutout, draw, drop, row, shoot

FLAG = ((-374, -14), (-374, 156), (-370, 351))
"""A stroke down the flag beside the astronaut, which the model takes for a part of her: pixels from the centre."""


def test_the_address_hides_the_token_once_the_browser_is_signed_in(guard, show):
    page = show(guard.address)
    expect(page.locator("#images li")).to_have_count(3)
    assert guard.token not in page.url
    page.reload()
    expect(page.locator("#images li")).to_have_count(3)


def test_images_are_dropped_cut_compared_corrected_approved_and_downloaded(empty_page, photographs, tmp_path):
    page = empty_page
    drop(page, photographs)
    for name in photographs:
        expect(row(page, name).locator(".state")).to_have_text(CUT, timeout=LONG)
    choose(page, "astronaut.jpg")
    expect(page.locator("#confidence")).to_have_text(re.compile(r"Confidence \d+ %"))
    page.locator("#divider").fill("30")
    shoot(page, "compare")
    before = cutout(page, "astronaut.jpg")
    page.keyboard.press("2")
    page.keyboard.press("w")
    for _ in range(4):
        page.keyboard.press("[")
    x, y = at(page, 0.5, 0.5)
    draw(page, *((x + across, y + down) for across, down in FLAG))
    expect(page.locator("#note")).to_have_text(PREVIEWED, timeout=LONG)
    shoot(page, "touch-up")
    page.locator("#undo").click()
    expect(page.locator("#save")).to_be_disabled()
    page.locator("#redo").click()
    page.locator("#save").click()
    expect(page.locator("#save")).to_be_disabled()
    expect(row(page, "astronaut").locator(".state")).to_have_text(CUT, timeout=LONG)
    after = cutout(page, "astronaut.jpg")
    assert (before[600:720, 2:16] > 250).all()
    assert (after[600:720, 2:16] == 0).all()
    assert abs(before - after)[:, 250:].max() <= 3  # of 255, far from the stroke
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


def test_an_image_that_was_dropped_is_shown_at_its_size_while_it_is_cut(empty_page, photographs):
    drop(empty_page, {"astronaut.jpg": photographs["astronaut.jpg"]})
    expect(empty_page.locator("#image-name")).to_have_text("astronaut.jpg", timeout=LONG)
    expect(empty_page.locator("#zoom-value")).to_have_text("100 %", timeout=LONG)
    expect(row(empty_page, "astronaut").locator(".state")).to_have_text(CUT, timeout=LONG)
    expect(empty_page.locator("#zoom-value")).to_have_text("100 %")


def test_listings_show_each_rule(page):
    choose(page, "coffee.jpg")
    page.locator("#format").select_option("etsy")
    expect(page.locator("#rules li").first).to_be_visible(timeout=LONG)
    page.locator("#rules").scroll_into_view_if_needed()
    expect(page.locator("#format option:checked")).to_have_text("Etsy")
    texts = page.locator("#rules li").all_text_contents()
    assert "Shortest side: 2,000 pixels" in texts
    assert any(re.fullmatch(r"Enlargement: \d[.\d]* times; must be at most 2 times", text) for text in texts)
    shoot(page, "listing")


def test_advice_names_the_pages_own_tools(page):
    choose(page, "chelsea.jpg")
    advice = page.locator("#reasons").inner_text()
    assert "draw a rectangle around the subject" in advice
    assert "roi" not in advice


def test_the_keyboard_alone_is_enough(page):
    choose(page, "chelsea.jpg")
    page.locator("#canvas").focus()
    page.keyboard.press("e")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator("#note")).to_have_text(PREVIEWED, timeout=LONG)
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


def test_decisions_are_undone_one_by_one_and_filters_show_what_was_decided(page):
    for name, key in (("coffee.jpg", "a"), ("chelsea.jpg", "r")):
        choose(page, name)
        page.keyboard.press(key)
        expect(row(page, name).locator(".state")).to_have_text(re.compile("Approved|Rejected"))
    page.locator("#filters button[value=approved]").click()
    expect(page.locator("#images li")).to_have_count(1)
    expect(page.locator("#images li")).to_contain_text("coffee.jpg")
    page.locator("#filters button[value=rejected]").click()
    expect(page.locator("#images li")).to_contain_text("chelsea.jpg")
    page.locator("#filters button[value=all]").click()
    page.locator("#undo-decision").click()
    expect(row(page, "chelsea").locator(".state")).to_have_text(CUT)
    expect(row(page, "coffee").locator(".state")).to_have_text(re.compile("Approved"))
    page.locator("#undo-decision").click()
    expect(row(page, "coffee").locator(".state")).to_have_text(CUT)
    expect(page.locator("#undo-decision")).to_be_disabled()


def test_images_of_one_format_are_shown_where_there_are_several(folder, serve, show):
    page = show(serve(folder)[0].address)
    expect(page.locator("#images li")).to_have_count(3)
    formats = page.locator("#format-filter")
    expect(formats).to_be_hidden()
    png = io.BytesIO()
    Image.open(folder / "coffee.jpg").save(png, "PNG")
    drop(page, {"second.png": png.getvalue()})
    expect(row(page, "second.png").locator(".state")).to_have_text(CUT, timeout=LONG)
    formats.select_option("png")
    expect(page.locator("#images li")).to_have_count(1)
    formats.select_option("")
    expect(row(page, "coffee.jpg")).to_be_visible()


@pytest.mark.parametrize(("form", "name", "format_"), [("webp", "coffee.webp", "WEBP"), ("jpeg", "coffee.jpg", "JPEG")])
def test_downloads_have_the_form_that_was_chosen(page, tmp_path, form, name, format_):
    choose(page, "coffee.jpg")
    page.locator("#format").select_option(form)
    if form == "jpeg":
        page.locator("#paper").fill("#ff0000")
    with page.expect_download(timeout=LONG) as waiting:
        page.locator("#download").click()
    assert waiting.value.suggested_filename == name
    waiting.value.save_as(tmp_path / name)
    with Image.open(tmp_path / name) as image:
        assert (image.format, image.size) == (format_, (810, 540))
        corner = image.convert("RGBA").getpixel((2, 2))
    if form == "webp":
        assert corner[3] == 0
    else:
        assert [round(part / 255) for part in corner] == [1, 0, 0, 1]


def test_the_zip_holds_what_is_approved_in_the_chosen_form(page, tmp_path):
    choose(page, "coffee.jpg")
    page.keyboard.press("a")
    page.locator("#format").select_option("webp")
    with page.expect_download(timeout=LONG) as waiting:
        page.locator("#zip").click()
    assert waiting.value.suggested_filename == "approved.zip"
    waiting.value.save_as(tmp_path / "approved.zip")
    with zipfile.ZipFile(tmp_path / "approved.zip") as archive:
        assert archive.namelist() == ["coffee.webp"]


def test_a_download_has_the_strokes_that_were_not_applied_yet(page, tmp_path):
    choose(page, "astronaut.jpg")
    page.keyboard.press("w")
    x, y = at(page, 0.5, 0.5)
    draw(page, (x, y + 160), (x + 40, y + 160))
    with page.expect_download(timeout=LONG) as waiting:
        page.locator("#download").click()
    waiting.value.save_as(tmp_path / "saved.png")
    assert (alpha_of((tmp_path / "saved.png").read_bytes())[535:550, 390:415] == 0).all()


def test_the_cutout_is_copied_to_the_clipboard(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(page, "coffee.jpg")
    page.locator("#copy").click()
    expect(page.locator("#note")).to_have_text("Copied.", timeout=LONG)
    size = page.evaluate(
        """async () => {
          const [item] = await navigator.clipboard.read();
          const bitmap = await createImageBitmap(await item.getType("image/png"));
          return [bitmap.width, bitmap.height];
        }"""
    )
    assert size == [810, 540]


def test_two_windows_tell_each_other(page):
    other = page.context.new_page()
    other.goto(page.url)
    for each in (page, other):
        choose(each, "coffee.jpg")
    page.locator("#approve").click()
    expect(row(page, "coffee").locator(".state")).to_have_text(re.compile("Approved"))
    other.locator("#reject").click()
    expect(other.locator("#conflict")).to_be_visible()
    other.locator("#conflict button[value=theirs]").click()
    expect(row(other, "coffee").locator(".state")).to_have_text(re.compile("Approved"))
