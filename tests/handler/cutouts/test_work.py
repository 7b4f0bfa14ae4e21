"""Jobs done on moto's S3 with the real network: what is written, in which order, and what an interruption leaves."""

import io
import itertools
import json
from dataclasses import replace

import pytest
from PIL import Image

from handler.aws.bucket import S3Store
from handler.config import CutoutConfig
from handler.cutouts.work import MIN_SECONDS, process, process_message
from handler.dispositions import ALARM, REJECT, RETRY
from handler.errors import BadEvent, SourceChanged, SourceMissing, StoreUnavailable
from handler.jobs import Job, ObjectRef
from pipeline.errors import BadOptions, ImageTooLarge, MattingFailed, NotAnImage, OutOfMemory, OutOfTime
from pipeline.models import MODELS
from tests.handler.conftest import INPUT, OUTPUT
from tests.handler.folder_store import FolderStore
from tests.pipeline.strict_schema import assert_valid

KEY = "products/red shoe+1.jpg"
JOB = Job(ObjectRef(INPUT, KEY))
PLAIN = {f"{KEY}/{name}" for name in ("alpha.png", "cutout.png", "report.json")}


def plenty():
    return 300.0


class WatchedStore(S3Store):
    """Keeps a list of its calls, and can do something before each of them."""

    def __init__(self, client, before=lambda _task, _ref: None):
        super().__init__(client)
        self.calls, self.before = [], before

    def _note(self, task, ref):
        self.calls.append((task, ref.bucket, ref.key))
        self.before(task, ref)

    def head(self, ref):
        self._note("head", ref)
        return super().head(ref)

    def get(self, ref, if_match=None):
        self._note("get", ref)
        return super().get(ref, if_match)

    def children(self, folder):
        self._note("list", folder)
        return super().children(folder)

    def put(self, ref, data, content_type, **conditions):
        self._note("put", ref)
        return super().put(ref, data, content_type, **conditions)

    def delete(self, ref):
        self._note("delete", ref)
        super().delete(ref)

    def written(self):
        return [(task, key) for task, _, key in self.calls if task in ("put", "delete")]


@pytest.fixture
def small(photo):
    """Another picture than `photo`, of the same subject."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(photo)).resize((128, 128)).save(buffer, "PNG")
    return buffer.getvalue()


def report(cloud):
    return json.loads(cloud.read(f"{KEY}/report.json"))


def without_times(outputs):
    told = json.loads(outputs[f"{KEY}/report.json"])
    del told["ms"], told["matting"]["ms"]
    return {**outputs, f"{KEY}/report.json": told}


def assert_whole(cloud):
    """A report, where there is one, names exactly the files that are there."""
    outputs = cloud.outputs()
    if f"{KEY}/report.json" in outputs:
        listed = {
            item["Key"].removeprefix(f"{KEY}/"): item["ETag"]
            for item in cloud.s3.list_objects_v2(Bucket=OUTPUT)["Contents"]
        }
        del listed["report.json"]
        assert report(cloud)["files"] == listed
        done = report(cloud)["status"] == "done"
        assert_valid(report(cloud), "StoredCutReport" if done else "StoredRejectedReport")
        assert done == ("alpha.png" in listed)


def test_a_picture_becomes_cutout_alpha_and_report(cloud, deps, photo):
    cloud.drop(KEY, photo)
    outcome = process(JOB, deps, plenty)
    assert (outcome.status, outcome.error) == ("done", None)
    outputs = cloud.outputs()
    assert outputs.keys() == PLAIN
    cutout = Image.open(io.BytesIO(outputs[f"{KEY}/cutout.png"]))
    assert (cutout.mode, cutout.size) == ("RGBA", (256, 256))
    alpha = Image.open(io.BytesIO(outputs[f"{KEY}/alpha.png"]))
    assert alpha.tobytes() == cutout.getchannel("A").tobytes()
    told = report(cloud)
    assert told == outcome.report
    assert told["status"] == "done"
    assert told["object"]["key"] == KEY
    assert told["object"]["version"] == cloud.s3.head_object(Bucket=INPUT, Key=KEY)["VersionId"]
    assert cloud.s3.head_object(Bucket=OUTPUT, Key=f"{KEY}/report.json")["ContentType"] == "application/json"
    assert_whole(cloud)


def test_the_report_is_written_last(cloud, deps, photo):
    cloud.drop(KEY, photo)
    store = WatchedStore(cloud.s3)
    process(JOB, replace(deps, store=store), plenty)
    assert store.written() == [("put", f"{KEY}/{name}") for name in ("cutout.png", "alpha.png", "report.json")]


def test_an_old_report_is_removed_first(cloud, deps, photo):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    cloud.drop(KEY, b"no picture")
    store = WatchedStore(cloud.s3)
    process(JOB, replace(deps, store=store), plenty)
    removed = [("delete", f"{KEY}/{name}") for name in ("report.json", "alpha.png", "cutout.png")]
    assert store.written() == [*removed, ("put", f"{KEY}/report.json")]


def test_nothing_is_ever_written_to_the_input_bucket(cloud, deps, photo, small):
    store = WatchedStore(cloud.s3)
    for data in (photo, b"no picture", small):
        cloud.drop(KEY, data)
        process(JOB, replace(deps, store=store), plenty)
    assert {bucket for task, bucket, _ in store.calls if task in ("put", "delete")} == {OUTPUT}


@pytest.mark.parametrize("data", ["photo", b"no picture"])
def test_a_repeated_event_changes_nothing(cloud, deps, photo, data):
    cloud.drop(KEY, photo if data == "photo" else data)
    first = process(JOB, deps, plenty)
    store = WatchedStore(cloud.s3)
    again = process(JOB, replace(deps, store=store), plenty)
    assert again.status == "repeated"
    assert again.report == first.report
    assert store.written() == []
    assert ("get", INPUT, KEY) not in store.calls


def test_the_same_picture_gives_the_same_bytes(cloud, deps, photo):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    first = cloud.outputs()
    for key in first:
        cloud.s3.delete_object(Bucket=OUTPUT, Key=key)
    process(JOB, deps, plenty)
    assert without_times(cloud.outputs()) == without_times(first)


def test_an_unversioned_bucket(cloud, deps, photo, small):
    cloud.s3.create_bucket(Bucket="plain-input")
    deps = replace(deps, config=replace(deps.config, input_bucket="plain-input"))
    job = Job(ObjectRef("plain-input", KEY))
    cloud.s3.put_object(Bucket="plain-input", Key=KEY, Body=photo)
    assert [process(job, deps, plenty).status for _ in range(2)] == ["done", "repeated"]
    assert report(cloud)["object"]["version"] is None
    cloud.s3.put_object(Bucket="plain-input", Key=KEY, Body=small)
    assert process(job, deps, plenty).status == "done"


def test_a_folder_serves_as_well(tmp_path, deps, photo):
    store = FolderStore(tmp_path)
    store.put(ObjectRef(INPUT, KEY), photo, "image/jpeg")
    deps = replace(deps, store=store)
    assert [process(JOB, deps, plenty).status for _ in range(2)] == ["done", "repeated"]
    assert {path.name for path in (tmp_path / OUTPUT / KEY).iterdir()} == {"cutout.png", "alpha.png", "report.json"}


# Options


def test_the_objects_own_options_are_laid_over_the_defaults(cloud, deps, photo):
    deps = replace(
        deps, config=CutoutConfig.from_env(cloud.env(HAIRLINE_OPTIONS='{"format": "webp", "stages": ["trimap"]}'))
    )
    cloud.drop(KEY, photo, Metadata={"hairline": '{"background": "#ffffff", "format": "jpeg"}'})
    process(JOB, deps, plenty)
    assert cloud.outputs().keys() == {
        f"{KEY}/{name}" for name in ("cutout.jpg", "trimap.png", "alpha.png", "report.json")
    }
    assert report(cloud)["options"]["background"] == "#ffffff"


def test_listings_are_outputs_as_any_and_stale_ones_are_removed(cloud, deps, photo):
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
def test_bad_options_are_a_refusal_that_names_them(cloud, deps, photo, text, words):
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


# Refusals, and outputs of earlier versions


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "empty_image"), (b"<html></html>", "not_an_image"), (b"\xff\xd8\xff\xe0", "")]
)
def test_a_refused_picture_gets_its_report_alone(cloud, deps, data, code):
    cloud.drop(KEY, data)
    outcome = process(JOB, deps, plenty)
    assert outcome.status == REJECT
    assert cloud.outputs().keys() == {f"{KEY}/report.json"}
    assert report(cloud)["status"] == "rejected"
    assert report(cloud)["reason"]["code"].endswith(code)
    assert report(cloud)["reason"]["message"]


def test_too_large_a_file_is_not_even_fetched(cloud, deps, photo):
    config = CutoutConfig.from_env(cloud.env(HAIRLINE_MAX_BYTES=str(len(photo) - 1)))
    store = WatchedStore(cloud.s3)
    cloud.drop(KEY, photo)
    outcome = process(JOB, replace(deps, config=config, store=store), plenty)
    assert isinstance(outcome.error, ImageTooLarge)
    assert ("get", INPUT, KEY) not in store.calls
    exactly = CutoutConfig.from_env(cloud.env(HAIRLINE_MAX_BYTES=str(len(photo))))
    assert process(JOB, replace(deps, config=exactly), plenty).status == "done"


def test_a_refusal_leaves_no_cutout_of_the_picture_before(cloud, deps, photo):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    cloud.drop(KEY, b"no picture")
    assert isinstance(process(JOB, deps, plenty).error, NotAnImage)
    assert cloud.outputs().keys() == {f"{KEY}/report.json"}
    cloud.drop(KEY, photo)
    assert process(JOB, deps, plenty).status == "done"
    assert cloud.outputs().keys() == PLAIN


def test_another_format_leaves_no_cutout_of_the_old_one(cloud, deps, photo):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    cloud.drop(KEY, photo, Metadata={"hairline": '{"format": "webp"}'})
    process(JOB, deps, plenty)
    assert cloud.outputs().keys() == {f"{KEY}/{name}" for name in ("alpha.png", "cutout.webp", "report.json")}


def test_files_of_others_stay(cloud, deps, photo):
    others = {f"{KEY}/notes.txt", f"{KEY}/cut/cutout.png", f"{KEY}2/cutout.png", "products/cutout.png"}
    for key in others:
        cloud.s3.put_object(Bucket=OUTPUT, Key=key, Body=b"mine")
    for data in (photo, b"no picture"):
        cloud.drop(KEY, data)
        process(JOB, deps, plenty)
        assert process(JOB, deps, plenty).status == "repeated"
    assert cloud.outputs().keys() == {*others, f"{KEY}/report.json"}


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"mark": 1}', b"\xff"])
def test_a_report_that_is_none_of_ours_is_replaced(cloud, deps, photo, text):
    cloud.drop(KEY, photo)
    cloud.s3.put_object(Bucket=OUTPUT, Key=f"{KEY}/report.json", Body=text)
    assert process(JOB, deps, plenty).status == "done"
    assert_whole(cloud)


@pytest.mark.parametrize("name", ["cutout.png", "alpha.png"])
@pytest.mark.parametrize("harm", ["lost", "overwritten"])
def test_a_repeated_event_mends_what_a_dying_worker_spoilt(cloud, deps, photo, name, harm):
    cloud.drop(KEY, photo)
    process(JOB, deps, plenty)
    good = cloud.outputs()
    if harm == "lost":
        cloud.s3.delete_object(Bucket=OUTPUT, Key=f"{KEY}/{name}")
    else:
        cloud.s3.put_object(Bucket=OUTPUT, Key=f"{KEY}/{name}", Body=b"of another version")
    assert process(JOB, deps, plenty).status == "done"
    assert without_times(cloud.outputs()) == without_times(good)


# Requests that an image costs


def test_a_new_image_is_cut_without_a_list_of_what_there_is(cloud, deps, photo):
    cloud.drop(KEY, photo)
    store = WatchedStore(cloud.s3)
    assert process(JOB, replace(deps, store=store), plenty, first_try=True).status == "done"
    files = [("put", OUTPUT, f"{KEY}/{name}") for name in ("cutout.png", "alpha.png", "report.json")]
    assert store.calls == [
        ("head", INPUT, KEY), ("get", OUTPUT, f"{KEY}/report.json"), ("get", INPUT, KEY), *files, ("head", INPUT, KEY)
    ]  # fmt: skip
    assert process(JOB, deps, plenty, first_try=True).status == "repeated"


def test_what_a_killed_try_left_is_deleted_when_its_message_comes_again(cloud, deps, photo):
    def killed(task, ref):
        if (task, ref.key) == ("put", f"{KEY}/report.json"):
            raise Killed

    cloud.drop(KEY, photo, Metadata={"hairline": '{"format": "webp"}'})
    with pytest.raises(Killed):
        process(JOB, replace(deps, store=WatchedStore(cloud.s3, killed)), plenty, first_try=True)
    cloud.drop(KEY, photo)  # the event of the new object comes before the old one's comes again
    assert process(JOB, deps, plenty, first_try=True).status == "done"
    assert f"{KEY}/cutout.webp" in cloud.outputs()
    assert process(JOB, deps, plenty).status == "done"
    assert cloud.outputs().keys() == PLAIN
    assert_whole(cloud)


def test_the_matte_can_be_left_out(cloud, deps, photo):
    cloud.drop(KEY, photo, Metadata={"hairline": '{"matte": false, "stages": ["trimap"]}'})
    assert process(JOB, deps, plenty).status == "done"
    assert cloud.outputs().keys() == {f"{KEY}/{name}" for name in ("cutout.png", "trimap.png", "report.json")}
    assert process(JOB, deps, plenty).status == "repeated"


# ETags that differ at each write, as under a KMS key


class KmsStore(WatchedStore):
    def __init__(self, client, before=lambda _task, _ref: None):
        super().__init__(client, before)
        self.writes = {}

    def _etag(self, ref):
        return f'"{self.writes.get(ref)}"'

    def get(self, ref, if_match=None):
        if ref.bucket != OUTPUT:
            return super().get(ref, if_match)
        return super().get(ref)._replace(etag=self._etag(ref))

    def children(self, folder):
        return {name: self._etag(ObjectRef(folder.bucket, f"{folder.key}/{name}")) for name in super().children(folder)}

    def put(self, ref, data, content_type, **conditions):
        super().put(ref, data, content_type, **conditions)
        self.writes[ref] = len(self.writes) + sum(map(int, self.writes.values()))
        return self._etag(ref)


def test_a_worker_that_ends_within_another_leaves_a_result_that_is_recognised(cloud, deps, photo):
    cloud.drop(KEY, photo)
    store = KmsStore(cloud.s3)
    deps = replace(deps, store=store)
    store.before = once("put", OUTPUT, lambda: process(JOB, deps, plenty))
    assert process(JOB, deps, plenty).status == "repeated"
    # Both wrote the cutout, one after the other's report.
    store.put(ObjectRef(OUTPUT, f"{KEY}/cutout.png"), cloud.read(f"{KEY}/cutout.png"), "image/png")
    store.calls.clear()
    assert process(JOB, deps, plenty).status == "repeated"
    assert store.written() == []


@pytest.mark.parametrize("checksum", [True, False])
def test_other_bytes_under_the_same_name_are_recognised(cloud, deps, photo, checksum):
    cloud.drop(KEY, photo)
    deps = replace(deps, store=KmsStore(cloud.s3))
    process(JOB, deps, plenty)
    if checksum:
        deps.store.put(ObjectRef(OUTPUT, f"{KEY}/cutout.png"), b"another", "image/png")
    else:  # somebody else's write
        cloud.s3.put_object(Bucket=OUTPUT, Key=f"{KEY}/cutout.png", Body=b"another")
        deps.store.writes[ObjectRef(OUTPUT, f"{KEY}/cutout.png")] = 99
    assert process(JOB, deps, plenty).status == "done"
    assert Image.open(io.BytesIO(cloud.read(f"{KEY}/cutout.png"))).mode == "RGBA"


# The source is removed or replaced meanwhile


def test_a_removed_picture_is_acknowledged(cloud, deps, photo):
    cloud.drop(KEY, photo)
    cloud.s3.delete_object(Bucket=INPUT, Key=KEY)
    outcome = process(JOB, deps, plenty)
    assert (outcome.status, type(outcome.error)) == (REJECT, SourceMissing)
    assert cloud.outputs() == {}


def test_an_older_event_never_replaces_a_newer_result(cloud, deps, photo, small):
    cloud.drop(KEY, photo)
    older = replace(JOB, version=cloud.s3.head_object(Bucket=INPUT, Key=KEY)["VersionId"])
    cloud.drop(KEY, small)
    newer = replace(JOB, version=cloud.s3.head_object(Bucket=INPUT, Key=KEY)["VersionId"])
    assert process(newer, deps, plenty).status == "done"
    assert process(older, deps, plenty).status == "repeated"
    assert report(cloud)["object"]["version"] == newer.version


def once(task_wanted, bucket_wanted, act):
    """A `before` of WatchedStore that acts on the first such task only."""
    left = [act]

    def before(task, ref):
        if left and (task, ref.bucket) == (task_wanted, bucket_wanted):
            left.pop()()

    return before


def test_replaced_before_it_was_fetched_is_left_to_the_newer_event(cloud, deps, photo, small):
    cloud.drop(KEY, photo)
    store = WatchedStore(cloud.s3, once("get", INPUT, lambda: cloud.drop(KEY, small)))
    outcome = process(JOB, replace(deps, store=store), plenty)
    assert (outcome.status, type(outcome.error)) == (REJECT, SourceChanged)
    assert store.written() == []


@pytest.mark.parametrize("task", ["put", "head"])
def test_replaced_while_it_was_cut_is_cut_again_at_once(cloud, deps, photo, small, task):
    """The newer event may have been done already, by a faster worker: the slow one must not have the last word."""
    cloud.drop(KEY, photo)

    def overtake():
        cloud.drop(KEY, small)
        assert process(JOB, deps, plenty).status == "done"

    heads = [0]

    def before(asked, ref):
        heads[0] += asked == "head"
        if asked == task and (task == "put" or heads[0] == 2) and not overtaken:
            overtaken.append(True)
            overtake()

    overtaken = []
    outcome = process(JOB, replace(deps, store=WatchedStore(cloud.s3, before)), plenty)
    assert overtaken
    assert outcome.status in ("done", "repeated")
    assert report(cloud)["object"]["version"] == cloud.s3.head_object(Bucket=INPUT, Key=KEY)["VersionId"]
    assert Image.open(io.BytesIO(cloud.read(f"{KEY}/cutout.png"))).size == (128, 128)
    assert_whole(cloud)


def test_removed_while_it_was_cut_stays_cut(cloud, deps, photo):
    cloud.drop(KEY, photo)
    store = WatchedStore(cloud.s3, once("put", OUTPUT, lambda: cloud.s3.delete_object(Bucket=INPUT, Key=KEY)))
    assert process(JOB, replace(deps, store=store), plenty).status == "done"
    assert_whole(cloud)


UPLOAD = Job(ObjectRef(INPUT, "api/tenant/0123"))


def erase_job(cloud):
    """What the API deletes, in its order."""
    for bucket in (INPUT, OUTPUT):
        S3Store(cloud.s3).erase(ObjectRef(bucket, UPLOAD.source.key))


@pytest.mark.parametrize("fault", [None, StoreUnavailable])
def test_an_api_job_that_is_deleted_at_any_moment_leaves_nothing(cloud, deps, photo, fault):
    """Before each call to S3; after it, the worker goes on, or fails and is followed by another."""
    step = 0
    while True:
        cloud.drop(UPLOAD.source.key, photo)
        calls = itertools.count()

        def before(_task, _ref, calls=calls, moment=step):
            if next(calls) == moment:
                erase_job(cloud)
                if fault:
                    raise fault("S3 is down.")

        outcome = process(UPLOAD, replace(deps, store=WatchedStore(cloud.s3, before)), plenty)
        if next(calls) <= step:
            break  # the work ended before that moment
        if outcome.status == RETRY:
            outcome = process(UPLOAD, deps, plenty)
        assert (outcome.status, outcome.report, cloud.outputs()) == ("removed", None, {})
        step += 1
    assert step == 8  # head, report, list, get, three files, head
    assert outcome.status == "done"


# Interruptions


class Killed(BaseException):
    """As SIGKILL: nothing in the handler may catch it."""


@pytest.mark.parametrize("fault", [Killed, StoreUnavailable])
@pytest.mark.parametrize("data", ["photo", b"no picture"])
def test_after_an_interruption_anywhere_the_next_try_sets_all_right(cloud, deps, photo, small, data, fault):
    """Before each write and each removal: report and files agree, and another worker brings about the same end."""
    new = photo if data == "photo" else data
    cloud.drop(KEY, small)
    process(JOB, deps, plenty)
    cloud.drop(KEY, new)
    survived = 0
    for step in range(20):
        left = [step]

        def before(task, _ref, left=left):
            if task in ("put", "delete"):
                if left[0] == 0:
                    raise fault("now")
                left[0] -= 1

        try:
            outcome = process(JOB, replace(deps, store=WatchedStore(cloud.s3, before)), plenty)
        except Killed:
            assert fault is Killed
        else:
            if outcome.status != RETRY:
                break
        survived += 1
        assert_whole(cloud)
    assert survived >= 3
    assert outcome.status == ("done" if data == "photo" else REJECT)
    assert process(JOB, deps, plenty).status == "repeated"
    assert_whole(cloud)


# What can go wrong with the machine


class Broken:
    """A network that fails as it is told to."""

    def __init__(self, spec, error):
        self.spec, self.error = spec, error

    def segment(self, _picture):
        raise self.error


@pytest.mark.parametrize(
    ("raised", "status", "told"),
    [
        (MemoryError(), RETRY, OutOfMemory),
        (MattingFailed("no answer"), ALARM, MattingFailed),
        (OutOfTime("late"), RETRY, OutOfTime),
        (ZeroDivisionError("a mistake of ours"), RETRY, ZeroDivisionError),
        (AssertionError("a mistake of ours"), RETRY, AssertionError),
    ],
)
def test_our_own_faults_leave_no_report(cloud, deps, photo, raised, status, told):
    cloud.drop(KEY, photo)
    outcome = process(JOB, replace(deps, segmenter=Broken(deps.model, raised)), plenty)
    assert (outcome.status, type(outcome.error)) == (status, told)
    assert cloud.outputs() == {}


def test_no_picture_is_begun_when_time_is_short(cloud, deps, photo):
    cloud.drop(KEY, photo)
    store = WatchedStore(cloud.s3)
    outcome = process(JOB, replace(deps, store=store), lambda: MIN_SECONDS - 0.1)
    assert (outcome.status, type(outcome.error)) == (RETRY, OutOfTime)
    assert store.calls == []


def test_the_time_that_is_left_bounds_the_cutout(cloud, deps, photo):
    cloud.drop(KEY, photo)
    clock = iter([60.0, 4.0])  # looking at the source took most of it
    outcome = process(JOB, deps, lambda: next(clock))
    assert (outcome.status, type(outcome.error)) == (RETRY, OutOfTime)
    assert cloud.outputs() == {}


@pytest.mark.parametrize(
    "ref", [ObjectRef("somebody-elses", KEY), ObjectRef(OUTPUT, f"{KEY}/cutout.png"), ObjectRef(INPUT, "é" * 505)]
)
def test_what_we_may_not_touch_is_a_bad_event(cloud, deps, ref):
    store = WatchedStore(cloud.s3)
    outcome = process(Job(ref), replace(deps, store=store), plenty)
    assert (outcome.status, type(outcome.error)) == (ALARM, BadEvent)
    assert store.calls == []


def test_the_longest_key_that_fits(cloud, deps):
    key = "é" * 502
    cloud.drop(key, b"no picture")
    outcome = process(Job(ObjectRef(INPUT, key)), deps, plenty)
    assert outcome.status == REJECT
    assert cloud.outputs().keys() == {f"{key}/report.json"}


# Whole messages


def message(cloud, deps, jobs):
    return process_message("body", lambda: jobs, deps, plenty)


def test_one_bad_job_does_not_hold_up_the_others(cloud, deps, photo):
    cloud.drop(KEY, photo)
    foreign = Job(ObjectRef("somebody-elses", "a.jpg"))
    gone = Job(ObjectRef(INPUT, "gone.jpg"))
    outcomes = message(cloud, deps, [foreign, gone, JOB])
    assert [outcome.status for outcome in outcomes] == [ALARM, REJECT, "done"]
    (dead,) = cloud.dead()
    assert dead["Body"] == "body"
    assert dead["MessageAttributes"]["ReasonCode"]["StringValue"] == "bad_event"


def test_a_retry_is_raised_after_every_job_had_its_turn(cloud, deps, photo):
    cloud.drop(KEY, photo)
    cloud.drop("first.jpg", photo)

    def before(task, ref):
        if task == "get" and ref.key == "first.jpg":
            raise StoreUnavailable("S3 is slow today")

    deps = replace(deps, store=WatchedStore(cloud.s3, before))
    foreign = Job(ObjectRef("somebody-elses", "a.jpg"))
    with pytest.raises(StoreUnavailable, match="slow today"):
        message(cloud, deps, [Job(ObjectRef(INPUT, "first.jpg")), foreign, JOB])
    assert cloud.outputs().keys() == PLAIN
    assert cloud.dead() == []  # not yet: the message will come again as a whole


def test_a_bad_event_is_set_aside_as_it_came(cloud, deps):
    def parse():
        raise BadEvent("no records")

    assert process_message("{}", parse, deps, plenty) == []
    (dead,) = cloud.dead()
    assert dead["Body"] == "{}"
    assert dead["MessageAttributes"]["Reason"]["StringValue"] == "no records"


def test_a_message_that_cannot_be_set_aside_is_kept(cloud, deps):
    cloud.sqs.delete_queue(QueueUrl=cloud.dead_letter_queue_url)
    with pytest.raises(StoreUnavailable, match="dead-letter queue"):
        message(cloud, deps, [Job(ObjectRef("somebody-elses", "a.jpg"))])
