"""ETags that differ at each write, as under a KMS key."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from handler.cutouts.work import process
from handler.jobs import ObjectRef
from tests.handler.conftest import OUTPUT
from tests.handler.cutouts.jobs import JOB, KEY, plenty
from tests.handler.watched_store import WatchedStore, once


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
