"""Delete the outputs of an image that was deleted.

The outputs of an API job are always deleted with its image. Their folder is Hairline's alone, so everything in it is
deleted, in every version, with or without a report. The outputs of other images are deleted only if the deployment says
so: first the files that Hairline's report names, then the edits, and the report last, so that the next try can continue
after a worker that died. The report of a failed image names no files. All outputs beside it are then deleted, because
they are those of an earlier image.
"""

from collections.abc import Iterable
from typing import Protocol

from handler import keys
from handler.aws import reports
from handler.aws.bucket import ObjectStore
from handler.config import BucketConfig
from handler.cutouts import results
from handler.errors import SourceMissing
from handler.jobs import ObjectRef


class Deps(Protocol):
    """What `remove` depends on."""

    @property
    def config(self) -> BucketConfig: ...
    @property
    def store(self) -> ObjectStore: ...


def is_due(source: ObjectRef, config: BucketConfig) -> bool:
    """Whether the outputs of this image are to be deleted with it."""
    return config.delete_outputs or keys.split_upload(source.key) is not None


def remove(source: ObjectRef, deps: Deps) -> None:
    """Delete the outputs of `source`, if there are any. Safe to repeat. Raises StoreUnavailable."""
    folder = ObjectRef(deps.config.output_bucket, source.key)
    if keys.split_upload(source.key) is not None:
        deps.store.erase(folder)
        return
    for name in _named(folder, source, deps.store):
        if keys.is_output(name) or name == keys.EDITS:
            deps.store.delete(results.file_ref(folder, name))


def _named(folder: ObjectRef, source: ObjectRef, store: ObjectStore) -> Iterable[str]:
    """The files that the report of this source names, its edits and the report; none if it is not Hairline's."""
    try:
        report = reports.stored(store, folder.bucket, folder.key)
        described, files = report["object"], report["files"]
        same = (described["bucket"], described["key"]) == (source.bucket, source.key)
    except (SourceMissing, ValueError, KeyError, TypeError):
        return []
    if not same or not isinstance(files, dict):
        return []
    names = store.children(folder) if report.get("status") == "failed" else files
    return [*(name for name in names if name not in (keys.EDITS, keys.REPORT)), keys.EDITS, keys.REPORT]
