"""Files made again from a stored matte: only where cutting would give the same matte, and then nearly the same file."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from handler.backfill import wiring
from handler.jobs import ObjectRef
from pipeline.apply import apply_matte
from pipeline.options import Options
from tests.handler.backfill.test_app import KEY, result
from tests.handler.conftest import OUTPUT
from tests.handler.watched_store import WatchedStore
from tests.pipeline.strict_schema import assert_valid

LISTED = {"marketplaces": ["ebay"]}


def arguments(mattes, **options):
    return {"options": json.dumps(options), "mattes": mattes}


def report(cloud):
    return json.loads(cloud.read(f"{KEY}/report.json"))


def pixels(cloud, name):
    return np.asarray(Image.open(io.BytesIO(cloud.read(f"{KEY}/{name}")))).astype(int)


@pytest.fixture
def cut(cloud, backfill_deps, photo):
    cloud.drop(KEY, photo)
    result()
    return report(cloud)


def test_a_new_background_comes_from_the_stored_matte(cloud, cut):
    white = {"background": "#ffffff", "format": "png"}
    result(arguments=arguments("new", **white))
    whole = pixels(cloud, "cutout.png")
    result()
    result(arguments=arguments("reuse", **white))
    assert report(cloud)["matting"]["reused"] is True
    difference = np.abs(pixels(cloud, "cutout.png") - whole)
    assert difference.max() <= 8
    assert difference.mean() < 0.1


def test_new_listings_come_from_the_stored_matte(cloud, cut):
    alpha = cloud.read(f"{KEY}/alpha.png")
    result(arguments=arguments("new", **LISTED))
    whole = {name: pixels(cloud, name) for name in ("cutout.png", "ebay.jpg")}
    expected = report(cloud)
    result()  # as before
    assert result(arguments=arguments("reuse", **LISTED))[1].startswith("done")
    made = report(cloud)
    assert made["matting"]["reused"] is True
    assert "reused" not in expected["matting"]
    for part in ("options", "quality", "trimap", "segment", "source", "mark", "model"):
        assert made[part] == expected[part]
    assert list(made["ms"]) == ["apply"]
    assert_valid(made, "StoredCutReport")
    assert cloud.read(f"{KEY}/alpha.png") == alpha
    assert np.abs(pixels(cloud, "cutout.png") - whole["cutout.png"]).max() <= 8
    assert np.abs(pixels(cloud, "ebay.jpg") - whole["ebay.jpg"]).mean() < 0.5
    assert result(arguments=arguments("reuse", **LISTED))[1].startswith("repeated")


def test_listings_of_a_kept_cutout_are_those_of_its_matte_and_source_to_the_byte(
    cloud, cut, backfill_deps, photo, monkeypatch
):
    before = {name: cloud.read(f"{KEY}/{name}") for name in ("cutout.png", "alpha.png")}
    options = replace(backfill_deps.config.options, stages=("alpha",), marketplaces=("ebay", "etsy"))
    expected = apply_matte(photo, before["alpha.png"], options)
    store = WatchedStore(cloud.s3)
    monkeypatch.setattr(wiring, "deps", lambda: replace(backfill_deps, store=store))
    result(arguments=arguments("reuse", marketplaces=["ebay", "etsy"]))
    for name, listing in expected.listings.items():
        assert cloud.read(f"{KEY}/{name}.jpg") == listing.data
    assert {name: cloud.read(f"{KEY}/{name}") for name in before} == before
    made = report(cloud)
    expected_report = json.loads(json.dumps(expected.report))
    for part in ("source", "output", "listings", "compliance", "options"):
        assert made[part] == expected_report[part]
    files = ("ebay.jpg", "etsy.jpg", "report.json")
    assert store.written() == [("delete", f"{KEY}/report.json"), *(("put", f"{KEY}/{name}") for name in files)]
    downloads = [key for task, _, key in store.calls if task == "get"]
    assert KEY not in downloads
    assert downloads.count(f"{KEY}/report.json") == 1


def test_listings_are_not_made_from_a_cutout_with_a_shadow(cloud, cut, photo):
    result(arguments=arguments("new", shadow="drop"))
    result(arguments=arguments("reuse", shadow="drop", **LISTED))
    assert report(cloud)["matting"]["reused"] is True
    options = Options(stages=("alpha",), shadow="drop", marketplaces=("ebay",))
    expected = apply_matte(photo, cloud.read(f"{KEY}/alpha.png"), options)
    assert cloud.read(f"{KEY}/ebay.jpg") == expected.listings["ebay"].data


@pytest.mark.parametrize(
    "options", [{"matting": "exact"}, {"shift": 1}, {"shrink_to_megapixels": 0.1}, {"stages": "trimap"}]
)
def test_another_matte_is_solved(cloud, cut, options):
    assert result(arguments=arguments("reuse", **options))[1].startswith("done")
    assert "reused" not in report(cloud)["matting"]


def test_a_new_image_is_cut(cloud, cut, photo):
    buffer = io.BytesIO()
    Image.open(io.BytesIO(photo)).resize((96, 96)).save(buffer, "PNG")
    cloud.drop(KEY, buffer.getvalue())
    result(arguments=arguments("reuse", **LISTED))
    assert "reused" not in report(cloud)["matting"]


def test_an_image_without_a_result_or_with_a_lost_matte_is_cut(cloud, cut, backfill_deps):
    backfill_deps.store.delete(ObjectRef(OUTPUT, f"{KEY}/alpha.png"))
    result(arguments=arguments("reuse", **LISTED))
    assert "reused" not in report(cloud)["matting"]
    backfill_deps.store.delete(ObjectRef(OUTPUT, f"{KEY}/report.json"))
    assert result(arguments=arguments("reuse", **LISTED))[1].startswith("done")
    assert "reused" not in report(cloud)["matting"]


def test_an_image_with_its_own_transparency_is_cut(cloud, backfill_deps, photo):
    buffer = io.BytesIO()
    picture = Image.open(io.BytesIO(photo)).convert("RGB").resize((96, 96))
    picture.putalpha(Image.linear_gradient("L").resize((96, 96)))
    picture.save(buffer, "PNG")
    cloud.drop(KEY, buffer.getvalue())
    result()
    assert report(cloud)["source"]["transparent"]
    result(arguments=arguments("reuse", **LISTED))
    assert "reused" not in report(cloud)["matting"]


def test_a_rejected_image_stays_rejected(cloud, backfill_deps):
    cloud.drop(KEY, b"<html>")
    result()
    assert result(arguments=arguments("reuse", **LISTED)) == ("Succeeded", "rejected not_an_image")


def test_a_matte_is_not_reused_after_a_person_has_edited_the_image(cloud, cut):
    edits = {"revision": 1, "strokes": [{"tool": "remove", "radius": 10, "points": [[100, 150]]}]}
    cloud.s3.put_object(Bucket=OUTPUT, Key=f"{KEY}/edits.json", Body=json.dumps(edits).encode())
    result(arguments=arguments("reuse", **LISTED))
    made = report(cloud)
    assert "reused" not in made["matting"]
    assert pixels(cloud, "alpha.png")[150, 100] == 0
    result()
    result(arguments=arguments("reuse", **LISTED))
    assert report(cloud)["matting"]["reused"] is True  # the same strokes as the stored matte's
    assert pixels(cloud, "alpha.png")[150, 100] == 0
