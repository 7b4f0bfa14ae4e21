"""Write a result to the output bucket: the old report goes first, and the new one comes last."""

import hashlib
from collections.abc import Mapping

from handler import keys
from handler.aws.bucket import ObjectHead, ObjectStore
from handler.cutouts import results
from handler.cutouts.results import Found
from handler.errors import SourceChanged
from handler.jobs import ObjectRef
from pipeline import describe
from pipeline.report import CutReport, RejectedReport, Stored, StoredReport
from pipeline.types import Encoded


def write(
    source: ObjectHead,
    folder: ObjectRef,
    found: Found,
    mark: str,
    outputs: Mapping[str, Encoded],
    report: CutReport | RejectedReport,
    store: ObjectStore,
) -> StoredReport | None:
    """Write the files, then the report, in place of what was found.

    Returns the report as it is stored; None where another worker wrote one meanwhile, whose files these may have
    replaced. Raises StoreUnavailable.
    """
    files = _write_files(folder, found.files, outputs, store)
    sha256 = {name: hashlib.sha256(made.data).hexdigest() for name, made in outputs.items()}
    facts: Stored = {
        "object": results.described(source),
        "mark": mark,
        "edits": found.edits.digest(),
        "files": files,
        "sha256": sha256,
    }
    stored = describe.stored(report, facts)
    report_ref = results.file_ref(folder, keys.REPORT)
    try:
        store.put(report_ref, results.encoded(stored), "application/json", if_none_match="*")
    except SourceChanged:
        return None
    return stored


def _write_files(
    folder: ObjectRef, existing: Mapping[str, str], outputs: Mapping[str, Encoded], store: ObjectStore
) -> dict[str, str]:
    """Delete the old report, then stale files, and write the outputs: this order misleads no reader. Returns etags."""
    stale = sorted(existing.keys() - outputs.keys(), key=lambda name: (name != keys.REPORT, name))
    for name in stale:
        store.delete(results.file_ref(folder, name))
    return {
        name: _put(results.file_ref(folder, name), made, existing.get(name), store) for name, made in outputs.items()
    }


def _put(ref: ObjectRef, made: Encoded, etag: str | None, store: ObjectStore) -> str:
    """Write a file, unless these bytes are there already. Returns its etag.

    etag: of the file that is there. It is the MD5 of its bytes, except under a KMS key.
    """
    md5 = f'"{hashlib.md5(made.data, usedforsecurity=False).hexdigest()}"'
    return md5 if etag == md5 else store.put(ref, made.data, made.content_type)
