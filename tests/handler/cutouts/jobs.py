"""One image, its job, and what is stored of it."""

import json

from handler.jobs import Job, ObjectRef
from tests.handler.conftest import INPUT, OUTPUT
from tests.pipeline.strict_schema import assert_valid

KEY = "products/red shoe+1.jpg"
JOB = Job(ObjectRef(INPUT, KEY))
UPLOAD = Job(ObjectRef(INPUT, "api/tenant/0123"))
PLAIN = {f"{KEY}/{name}" for name in ("alpha.png", "cutout.png", "report.json")}


def plenty():
    return 300.0


class Killed(BaseException):
    """As SIGKILL: nothing in the handler may catch it."""


def report(cloud):
    return json.loads(cloud.read(f"{KEY}/report.json"))


def without_times(outputs):
    stored = json.loads(outputs[f"{KEY}/report.json"])
    del stored["ms"], stored["matting"]["ms"]
    return {**outputs, f"{KEY}/report.json": stored}


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


class Broken:
    """A network that fails with the error that it is given."""

    def __init__(self, spec, error):
        self.spec, self.error = spec, error

    def segment(self, _picture):
        raise self.error
