"""How long an image may take while its sender waits, and that each is counted once."""

import time
from types import SimpleNamespace

import pytest

from handler import observability
from handler.http import cutout_app, cutting, wiring
from handler.http.api_errors import ApiError
from handler.http.cutting import estimate, megapixels_in_time
from handler.http.removebg import ParsedRequest
from handler.local.poller import Context
from pipeline import decode
from pipeline.errors import OutOfTime
from pipeline.options import Options
from tests.handler.http.conftest import png


def test_an_image_that_would_take_too_long_is_not_begun():
    def never():
        raise AssertionError

    with pytest.raises(OutOfTime, match="about 42 s, and a request must end after 20 s"):
        cutting.cut(png(8000, 5000), (8000, 5000), Options(), never, lambda: 29)


def test_the_seconds_in_which_a_container_loads_its_model_are_taken_from_the_image(monkeypatch):
    left, deadlines = iter([29, 10]), []
    monkeypatch.setattr(cutting, "cut_out", lambda *_, deadline: deadlines.append(deadline))
    cutting.cut(png(10, 10), (10, 10), Options(), lambda: None, lambda: next(left))
    assert deadlines == [8]


def test_a_phones_photo_is_not_shrunk_at_the_first_try():
    assert megapixels_in_time((4032, 3024), cutting.FIRST_TRY_SECONDS) >= 4032 * 3024 / 1e6


@pytest.mark.parametrize("seconds", [29, 20, 12])
@pytest.mark.parametrize("size", [(1000, 1000), (6000, 4000), (8000, 6000)])
def test_what_can_be_cut_in_time_is_begun(seconds, size):
    most = megapixels_in_time(size, seconds)
    assert most >= 0.25
    if most > 0.25:
        assert estimate(size, most) <= min(cutting.MAX_SECONDS, seconds - 2)


@pytest.mark.parametrize(("waited_s", "lambda_s", "left_s"), [(0, 29, 29), (3, 29, 26), (20, 15, 9), (1, 5, 5)])
def test_the_time_in_which_a_new_container_starts_counts(monkeypatch, waited_s, lambda_s, left_s):
    """API Gateway ends a request 29 s after it came; Lambda counts from the end of the container's start."""
    context = {"requestTimeEpoch": 1000 * (time.time() - waited_s), "requestId": "1"}
    event = SimpleNamespace(raw_event={"requestContext": context})
    monkeypatch.setattr(cutout_app.app, "current_event", event, raising=False)
    monkeypatch.setattr(cutout_app.app, "lambda_context", Context(lambda_s, 1769), raising=False)
    assert cutout_app._seconds_left() == pytest.approx(left_s, abs=0.5)


@pytest.fixture
def counted(monkeypatch):
    """Images that were recorded, during a request that came just now."""
    event = SimpleNamespace(raw_event={"requestContext": {"requestTimeEpoch": 1000 * time.time(), "requestId": "1"}})
    monkeypatch.setattr(cutout_app.app, "current_event", event, raising=False)
    monkeypatch.setattr(cutout_app.app, "lambda_context", Context(29, 1769), raising=False)
    found = []
    monkeypatch.setattr(observability, "record", found.append)
    return found


@pytest.mark.parametrize(("final", "outcomes"), [(True, ["rejected"]), (False, [])])
def test_an_image_that_takes_too_long_is_counted_once(counted, final, outcomes):
    """On removebg here, and as a job's when CutoutFunction cuts it."""
    with pytest.raises(OutOfTime):
        cutout_app._cut(png(8000, 5000), (8000, 5000), Options(), "tenant", final=final)
    assert [image.status for image in counted] == outcomes
    assert {image.identity["tenant"] for image in counted} <= {"tenant"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"hello", "invalid_file_type"),
        (b"\x89PNG\r\n\x1a\n", "failed_to_read_image"),
        (bytes(1001), "file_too_large"),
        (png(64, 64), "resolution_too_high"),
    ],
)
def test_a_file_that_removebg_rejects_by_its_header_is_counted_once(monkeypatch, counted, data, code):
    deps = SimpleNamespace(
        config=SimpleNamespace(options=Options(max_bytes=1000, max_megapixels=0.004)),
        sources=SimpleNamespace(image=lambda _name, source: source),
    )
    monkeypatch.setattr(wiring, "cutouts", lambda: deps)
    with pytest.raises(ApiError) as rejected:
        cutout_app._removed(ParsedRequest(("image_file", data), None, {}, shrink_to_fit=True), "tenant")
    assert rejected.value.code == code
    assert [(image.status, image.identity["tenant"]) for image in counted] == [("rejected", "tenant")]


def test_the_header_of_an_image_is_read_once_before_it_is_cut(monkeypatch, counted, photo, segmenter):
    measured, measure = [], decode.measure

    def counting(data, **limits):
        measured.append(data)
        return measure(data, **limits)

    deps = SimpleNamespace(
        config=SimpleNamespace(options=Options()), sources=SimpleNamespace(image=lambda _name, source: source)
    )
    monkeypatch.setattr(wiring, "cutouts", lambda: deps)
    monkeypatch.setattr(wiring, "segmenter", lambda: segmenter)
    monkeypatch.setattr(decode, "measure", counting)
    cutout_app._removed(ParsedRequest(("image_file", photo), None, {}, shrink_to_fit=True), "tenant")
    assert measured == [photo]
    assert [image.status for image in counted] == ["done"]


@pytest.mark.parametrize(("limit", "sizes"), [(30, 1), (5, 2), (1.2, 3), (0.3, 4), (0.1, 4)])
def test_size_auto_is_tried_smaller_if_this_machine_is_slower_than_the_estimate(monkeypatch, counted, limit, sizes):
    """limit: the megapixels that it can cut in time."""
    tried = []

    def cut(_data, _size, options, _segmenter, _left):
        tried.append(options.shrink_to_megapixels)
        if tried[-1] > limit:
            raise OutOfTime("late")
        return SimpleNamespace(report=None)

    monkeypatch.setattr(cutting, "cut", cut)
    options = Options(shrink_to_megapixels=25)
    if limit < cutting.MIN_MEGAPIXELS:
        with pytest.raises(OutOfTime):
            cutout_app._cut_in_time(b"", (6000, 4000), options, "tenant")
    else:
        used, _ = cutout_app._cut_in_time(b"", (6000, 4000), options, "tenant")
        assert used.shrink_to_megapixels == tried[-1] <= limit
    assert len(tried) == sizes
    assert tried == sorted(tried, reverse=True)
    assert len(counted) == 1


def test_a_preview_of_a_large_picture_is_not_long():
    assert estimate((8000, 5000), 0.25) < cutting.MAX_SECONDS < estimate((8000, 5000), None)
