"""The server is gone, the disk is full, somebody else saves: the page says so and keeps what the person did."""

import errno
import os
import re

from playwright.sync_api import expect

from pipeline.cli import edits
from tests.studio.page.conftest import LONG, PREVIEWED, choose, record_of, row


def keep_a_dot(page, name):
    choose(page, name)
    page.locator("#canvas").focus()
    page.keyboard.press("q")
    page.keyboard.press("Enter")
    expect(page.locator("#save")).to_be_enabled()


def test_a_server_that_is_gone_is_said_and_strokes_are_stored_when_it_is_back(folder, serve, show):
    guard, stop = serve(folder)
    page = show(guard.address)
    keep_a_dot(page, "coffee.jpg")
    expect(page.locator("#note")).to_have_text(PREVIEWED, timeout=LONG)
    stop()
    page.locator("#save").click()
    expect(page.locator("#banner")).to_contain_text("does not answer", timeout=LONG)
    expect(page.locator("#save")).to_be_enabled()
    again, _ = serve(folder, guard.port)
    page.goto(again.address)  # the token is new; the draft is the browser's
    choose(page, "coffee.jpg")
    expect(page.locator("#save")).to_be_enabled()
    page.locator("#save").click()
    expect(page.locator("#save")).to_be_disabled(timeout=LONG)
    assert [stroke["tool"] for stroke in record_of(page, "coffee.jpg")["strokes"]] == ["keep"]


def test_the_banner_goes_when_the_server_answers_again(page):
    page.route("**/v1/images?*", lambda route: route.abort())
    page.locator("#filters button[value=review]").click()
    expect(page.locator("#banner")).to_contain_text("does not answer")
    page.unroute("**/v1/images?*")
    expect(page.locator("#banner")).to_be_hidden(timeout=30_000)


def test_a_full_disk_is_said_until_it_is_read_and_strokes_stay(page, monkeypatch):
    keep_a_dot(page, "coffee.jpg")

    def full(_path, _edits):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(edits, "save", full)
        page.locator("#save").click()
        expect(page.locator("#banner")).to_contain_text("The disk is full. Nothing was changed.", timeout=LONG)
        expect(page.locator("#save")).to_be_enabled()
        page.locator("#filters button[value=all]").click()  # the list is read again, and the message stays
        page.wait_for_timeout(500)
        expect(page.locator("#banner")).to_be_visible()
        page.locator("#banner-close").click()
        expect(page.locator("#banner")).to_be_hidden()
    page.locator("#save").click()
    expect(page.locator("#save")).to_be_disabled(timeout=LONG)


def test_strokes_on_an_image_that_somebody_else_changed_meanwhile_do_not_replace_theirs_silently(page):
    other = page.context.new_page()
    other.goto(page.url)
    keep_a_dot(page, "chelsea.jpg")
    choose(other, "chelsea.jpg")
    other.locator("#shift").fill("2")
    other.locator("#save").click()
    expect(other.locator("#save")).to_be_disabled(timeout=LONG)
    record_of(other, "chelsea.jpg")
    page.locator("#filters button[value=all]").click()  # reads the list, so this window knows the new revision
    expect(row(page, "chelsea").locator(".state")).to_have_text(re.compile("%"), timeout=LONG)
    page.wait_for_timeout(1000)
    page.locator("#save").click()
    expect(page.locator("#conflict")).to_be_visible()
    page.locator("#conflict button[value=theirs]").click()
    expect(page.locator("#shift")).to_have_value("2")
    page.reload()
    choose(page, "chelsea.jpg")
    expect(page.locator("#save")).to_be_disabled()  # no draft came back
    assert record_of(page, "chelsea.jpg")["strokes"] == []


def test_a_key_or_address_that_is_not_valid_any_more_is_said(page):
    page.context.clear_cookies()
    page.locator("#filters button[value=review]").click()
    expect(page.locator("#banner")).to_contain_text("Open the address that the terminal printed")
