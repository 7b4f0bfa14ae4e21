"""Delete the outputs of an image that was deleted.

Those of an API job always go with it: their folder is Hairline's alone, so all of it is deleted, in every version and
with or without a report. Of other images, and only where the deployment says so, the files are deleted that a report of
Hairline names, then the edits, and the report last: a worker that dies on the way leaves it to the next try, which goes
on. A report that says that the image failed names none, so all outputs beside it are deleted: an earlier image's.
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
    """Delete the outputs of `source`, if there are any. Raises StoreUnavailable; a repetition does no harm."""
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
