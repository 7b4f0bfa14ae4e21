"""Parts of the smoke test that need no stack: key patterns, responses, an interruption, and its page."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from handler.smoke import __main__ as smoke
from handler.smoke import steps
from handler.smoke.deployment import Deployment
from handler.smoke.session import Session
from handler.smoke.steps import CLEAN_UP, STEPS, Step
from handler.smoke.web import Reply, Unexpected

PAGE = Path(__file__).resolve().parents[3] / "docs" / "first-deployment.md"


def session(**parameters: str) -> Session:
    """A session whose bucket accepts everything."""
    deployment: Any = SimpleNamespace(
        stack="hairline",
        outputs={"InputBucket": "in"},
        parameters=parameters,
        store=SimpleNamespace(put=lambda *_: "etag"),
    )
    return Session(deployment, id="1")


@pytest.mark.parametrize(
    ("patterns", "key"),
    [
        ("", "smoke-test/1/a.jpg"),
        ("products/*.jpg,new/*", "products/smoke-test/1/a.jpg.jpg"),
        ("shoe.jpg,new/*-*", "new/smoke-test/1/a.jpg-"),
    ],
)
def test_an_image_gets_a_key_that_the_patterns_let_through(patterns: str, key: str) -> None:
    made = session(KeyPatterns=patterns)
    assert made.upload("a.jpg", b"") == key
    assert made.created == [key]


def test_an_image_of_the_user_is_never_overwritten() -> None:
    made = session(KeyPatterns="products/shoe.jpg")
    with pytest.raises(Unexpected, match=r"products/shoe\.jpg lets no other image through"):
        made.upload("a.jpg", b"")
    assert made.created == []


def test_a_missing_output_is_named() -> None:
    with pytest.raises(Unexpected, match="the stack hairline has no output ApiUrl"):
        session().output("ApiUrl")


@pytest.mark.parametrize("data", [b"", b"<html>", b"[]", b"{}", b'"id"'])
def test_a_response_without_the_field_is_shown(data: bytes) -> None:
    with pytest.raises(Unexpected, match="GET /x was answered without 'id': "):
        Reply("GET /x", 200, {}, data).field("id")


def test_a_response_with_another_status_is_shown() -> None:
    with pytest.raises(Unexpected, match="GET x was answered with 500, not 200: sorry"):
        Reply("GET x", 500, {}, b"sorry").check(200)


def test_ctrl_c_cleans_up(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: Session) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(Deployment, "of_stack", lambda _: session().deployment)
    monkeypatch.setattr(smoke, "STEPS", (Step("wait", "nothing", interrupted),))
    with pytest.raises(KeyboardInterrupt):
        smoke.main(["hairline"])
    assert capsys.readouterr().out == "ok      clean up: 0 images and their results\n"


def test_the_page_lists_every_step_with_what_it_expects() -> None:
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == [(step.name, step.expected) for step in (*STEPS, CLEAN_UP)]


def test_results_without_a_cutout_are_named() -> None:
    with pytest.raises(Unexpected, match=r"there is no cutout among alpha\.png"):
        steps._results({"alpha.png": b""})
