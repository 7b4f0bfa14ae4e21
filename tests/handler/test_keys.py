"""The layout of the buckets, and the page that shows it."""

from pathlib import Path

import pytest

from handler import keys
from handler.keys import AREAS, OriginalKey
from pipeline.marketplaces import MARKETPLACES
from pipeline.options import STAGES

DOCS = Path(__file__).parents[2] / "docs" / "s3.md"


def test_the_page_has_a_row_for_each_kind_of_key():
    age = {None: "kept", 1: "1 day"}
    rows = [f"| {a.bucket} | `{a.pattern}` | {a.holds} | {age.get(a.days, f'{a.days} days')} |" for a in AREAS.values()]
    table = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert table[1:] == rows


MADE = {
    "original": keys.original(OriginalKey("spring", "spring.myshopify.com", "1", "2")),
    "upload": keys.upload("tenant", "1"),
    "output": keys.output("a/b.jpg", "cutout.png"),
    "job": keys.job("tenant", "1"),
    "reply": keys.reply("tenant", "1"),
    "webhook": keys.webhook("spring", b"{}"),
    "published": keys.published("msg_1"),
    "callback": keys.callback("msg_1"),
    "receiver": keys.receiver("https://a.example/"),
    "backfill": keys.backfill_report("1"),
    "manifest": keys.manifest("1.csv"),
}


def test_every_key_has_the_form_that_its_row_shows():
    assert MADE.keys() == AREAS.keys()
    for name, key in MADE.items():
        assert key.startswith(AREAS[name].prefix)
        if name != "output":
            assert key.count("/") == AREAS[name].pattern.count("/")


def test_no_two_kinds_of_one_bucket_share_a_prefix():
    named = [(area.bucket, area.prefix) for area in AREAS.values()]
    assert len(set(named)) == len(named)


def test_an_originals_key_can_be_read_back():
    parts = OriginalKey("spring", "spring.myshopify.com", "1", "2")
    assert keys.split_original(keys.original(parts)) == parts


def test_a_backfill_is_known_by_the_key_of_its_report():
    assert keys.backfill_of_report(keys.backfill_report("f3cc4f60")) == "f3cc4f60"


@pytest.mark.parametrize("key", ["photo.jpg", "shops/a/b/c", "shops/a/b/c/d/e", "my/shops/a/b/c/d", "api/a/b"])
def test_other_keys_are_not_originals(key):
    assert keys.split_original(key) is None


def test_an_api_images_key_names_its_tenant_and_job():
    assert keys.split_upload(keys.upload("tenant", "job")) == ("tenant", "job")
    for other in ("photo.jpg", "api/a", "api/a/b/c", "shops/a/b/c/d", "my/api/a/b"):
        assert keys.split_upload(other) is None


def test_every_file_that_a_result_can_have_is_an_output():
    names = ["report.json", "cutout.png", "cutout.jpg", "cutout.zip"]
    names += [f"{stage}.png" for stage in STAGES] + [f"{name}.jpg" for name in MARKETPLACES]
    assert all(map(keys.is_output, names))
    assert not any(map(keys.is_output, ["notes.txt", "my-cutout.png", "report.json.bak", "cut"]))


def test_a_reports_key_names_its_source():
    assert keys.source_of_report(keys.output("a/b.jpg", keys.REPORT)) == "a/b.jpg"
    assert keys.source_of_report("a/b.jpg/cutout.png") is None


def test_the_longest_source_leaves_room_for_its_longest_output():
    longest = max((*STAGES, *MARKETPLACES), key=len)
    assert len(keys.output("x" * keys.MAX_SOURCE_KEY_BYTES, f"{longest}.jpg")) == keys.MAX_KEY_BYTES
