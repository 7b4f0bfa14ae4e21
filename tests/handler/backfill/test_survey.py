"""Images beside their results, whatever their keys are; and what the filters leave out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.aws.listing import Listed
from handler.backfill.survey import Filters, Image, survey

NOW = datetime(2026, 11, 20, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
KEYS = st.text(alphabet="a!-./b\U0001f45f", min_size=1, max_size=6)


def listing(keys):
    files = [f"{key}/{name}" for key in keys for name in ("alpha.png", "cutout.png", "report.json")]
    return [Listed(file, 1, LATER) for file in sorted(set(files))]


def found(images, results, filters=None, max_bytes=100):
    images = [Image(key, 1, NOW) if isinstance(key, str) else key for key in images]
    return {
        finding.image.key: finding
        for finding in survey(
            sorted(images, key=lambda image: image.key), listing(results), filters or Filters(), max_bytes
        )
    }


@given(st.sets(KEYS), st.sets(KEYS))
def test_an_image_is_joined_with_its_own_result(images, results):
    joined = found(images, results)
    assert joined.keys() == images
    assert {key for key, finding in joined.items() if finding.result} == images & results


def test_a_key_that_begins_another_is_found_behind_it():
    joined = found(["a", "a.jpg", "a/b", "a-1"], ["a", "a/b"])
    assert [key for key, finding in joined.items() if finding.kind == "done"] == ["a/b", "a"]


@pytest.mark.parametrize(
    ("image", "result", "kind"),
    [
        (Image("a.jpg", 1, NOW), False, "cut"),
        (Image("a.JPG", 1, NOW), True, "done"),
        (Image("a.jpg", 1, LATER + timedelta(seconds=1)), True, "cut"),
        (Image("a.jpg"), True, "done"),
        (Image("a.jpg"), False, "cut"),
        (Image("a.jpg", 101, NOW), False, "too_large"),
        (Image("notes.txt", 1, NOW), False, "not_an_image"),
        (Image("shops/spring/s/1/2", 1, NOW), False, "cut"),
        (Image("empty.jpg", 0, NOW), False, "left_out"),
        (Image("folder/", 0, NOW), False, "left_out"),
    ],
)
def test_an_image_is_cut_or_skipped_by_its_result(image, result, kind):
    assert found([image], [image.key] if result else [])[image.key].kind == kind


def test_an_image_that_failed_has_no_result():
    files = [*listing(["a.jpg", "b.jpg"]), Listed("a.jpg/failed", 0, LATER)]
    images = [Image("a.jpg", 1, NOW), Image("b.jpg", 1, NOW)]
    joined = list(survey(images, sorted(files), Filters(), 100))
    assert [(finding.kind, finding.result) for finding in joined] == [("cut", None), ("done", LATER)]


@pytest.mark.parametrize(
    ("filters", "accepted"),
    [
        (Filters(prefix="a/"), False),
        (Filters(suffixes=(".png", ".jpg")), True),
        (Filters(suffixes=(".png",)), False),
        (Filters(after=NOW), False),
        (Filters(after=NOW - timedelta(days=1)), True),
        (Filters(before=NOW), False),
        (Filters(before=LATER), True),
        (Filters(min_bytes=5, max_bytes=5), True),
        (Filters(min_bytes=6), False),
        (Filters(max_bytes=4), False),
    ],
)
def test_filters(filters, accepted):
    assert filters.accept(Image("b/a.jpg", 5, NOW)) is accepted


def test_a_list_without_sizes_and_dates_passes_their_filters():
    assert Filters(after=LATER, before=NOW, min_bytes=1, max_bytes=0).accept(Image("a.jpg"))
