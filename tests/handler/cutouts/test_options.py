"""The options of a deployment and of an object, and which changes cut an image again."""

from dataclasses import replace

import pytest

from handler.config import CutoutConfig
from handler.cutouts.work import process
from handler.dispositions import REJECT
from pipeline.errors import BadOptions
from pipeline.models import MODELS
from tests.handler.conftest import INPUT, OUTPUT
from tests.handler.cutouts.jobs import JOB, KEY, assert_whole, plenty, report
from tests.handler.watched_store import WatchedStore


def test_the_objects_own_options_override_the_defaults(cloud, deps, photo):
    deps = replace(
        deps, config=CutoutConfig.from_env(cloud.env(HAIRLINE_OPTIONS='{"format": "webp", "stages": ["trimap"]}'))
    )
    cloud.drop(KEY, photo, Metadata={"hairline": '{"background": "#ffffff", "format": "jpeg"}'})
    process(JOB, deps, plenty)
    assert cloud.outputs().keys() == {
        f"{KEY}/{name}" for name in ("cutout.jpg", "trimap.png", "alpha.png", "report.json")
    }
    assert report(cloud)["options"]["background"] == "#ffffff"


def test_listing_images_are_outputs_and_stale_ones_are_deleted(cloud, deps, photo):
    cloud.drop(KEY, photo, Metadata={"hairline": '{"marketplaces": ["amazon-main", "etsy"]}'})
    store = WatchedStore(cloud.s3)
    assert process(JOB, replace(deps, store=store), plenty).status == "done"
    names = ("cutout.png", "alpha.png", "amazon-main.jpg", "etsy.jpg", "report.json")
    assert store.written() == [("put", f"{KEY}/{name}") for name in names]
    assert report(cloud)["files"].keys() == {*names} - {"report.json"}
    assert report(cloud)["compliance"].keys() == {"amazon-main", "etsy"}
    assert cloud.s3.head_object(Bucket=OUTPUT, Key=f"{KEY}/etsy.jpg")["ContentType"] == "image/jpeg"
    assert process(JOB, deps, plenty).status == "repeated"
    cloud.s3.delete_object(Bucket=OUTPUT, Key=f"{KEY}/etsy.jpg")
    assert process(JOB, deps, plenty).status == "done"
    assert_whole(cloud)
    cloud.drop(KEY, photo, Metadata={"hairline": '{"marketplaces": ["etsy"]}'})
    assert process(JOB, deps, plenty).status == "done"
    assert cloud.outputs().keys() == {f"{KEY}/{name}" for name in names if name != "amazon-main.jpg"}
    assert_whole(cloud)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"marketplaces": ["amzon-main"]}', "Did you mean amazon-main"),
        ('{"marketplaces": ["ebay"], "format": "webp"}', "format 'webp' contradicts the marketplace ebay"),
        ('{"formt": "png"}', "formt"),
        ('{"quality": 900}', "quality"),
        ('{"max_megapixels": 900}', "max_megapixels"),
        ("png", "x-amz-meta-hairline"),
        ("[1]", "x-amz-meta-hairline"),
    ],
)
def test_bad_options_are_a_rejection_that_names_them(cloud, deps, photo, text, words):
    cloud.drop(KEY, photo, Metadata={"hairline": text})
    outcome = process(JOB, deps, plenty)
    assert (outcome.status, type(outcome.error)) == (REJECT, BadOptions)
    assert cloud.outputs().keys() == {f"{KEY}/report.json"}
    assert report(cloud)["reason"]["code"] == "bad_options"
    assert words in report(cloud)["reason"]["message"]
    assert process(JOB, deps, plenty).status == "repeated"


def test_new_metadata_on_the_same_bytes_is_a_new_job(cloud, deps, photo):
    cloud.s3.put_bucket_versioning(Bucket=INPUT, VersioningConfiguration={"Status": "Suspended"})
    cloud.drop(KEY, photo, Metadata={"hairline": "{"})
    process(JOB, deps, plenty)
    cloud.drop(KEY, photo, Metadata={"hairline": "{}"})
    assert process(JOB, deps, plenty).status == "done"


@pytest.mark.parametrize(
    "changed",
    [{"HAIRLINE_OPTIONS": '{"crop": true}'}, {"HAIRLINE_MAX_MEGAPIXELS": "1"}],
)
def test_a_changed_deployment_cuts_again(cloud, deps, photo, changed):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    assert process(JOB, replace(deps, config=CutoutConfig.from_env(cloud.env(**changed))), plenty).status == "done"


def test_another_model_or_other_weights_of_its_name_cut_again(cloud, deps, photo):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    for model in (replace(deps.model, stronger=MODELS["isnet"]), replace(deps.model, sha256="0" * 64)):
        assert process(JOB, replace(deps, model=model), plenty).status == "done"
