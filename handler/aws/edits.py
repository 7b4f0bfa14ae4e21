"""A person's edits of an image, in the output bucket beside its results."""

import hashlib
from dataclasses import dataclass

from handler import keys
from handler.aws.bucket import ObjectStore
from handler.errors import SourceMissing
from handler.jobs import ObjectRef
from pipeline.edits import Edits
from pipeline.errors import BadOptions


@dataclass(frozen=True, slots=True)
class StoredEdits:
    """The object as it was read. data, etag: None where there is none."""

    ref: ObjectRef
    data: bytes | None = None
    etag: str | None = None

    def edits(self) -> Edits:
        """What it says. Raises BadOptions, which names the object."""
        return Edits() if self.data is None else Edits.from_bytes(self.data, str(self.ref))

    def digest(self) -> str | None:
        """`Edits.digest`, or of an object that cannot be used its checksum, so that its image is rejected once."""
        try:
            return self.edits().digest()
        except BadOptions:
            return hashlib.sha256(self.data or b"").hexdigest()


def ref(bucket: str, key: str) -> ObjectRef:
    """Where the edits of the image with that key are. bucket: the output bucket."""
    return ObjectRef(bucket, keys.output(key, keys.EDITS))


def stored(store: ObjectStore, place: ObjectRef) -> StoredEdits:
    """The edits that are there. place: as `ref` gives it. Raises StoreUnavailable."""
    try:
        found = store.get(place)
    except SourceMissing:
        return StoredEdits(place)
    return StoredEdits(place, found.data, found.etag)


def replace(store: ObjectStore, before: StoredEdits, edits: Edits) -> StoredEdits:
    """Write edits in the place of those that were read. Raises SourceChanged if others did meanwhile."""
    data = edits.to_bytes()
    condition = {"if_none_match": "*"} if before.etag is None else {"if_match": before.etag}
    etag = store.put(before.ref, data, "application/json", **condition)
    return StoredEdits(before.ref, data, etag)
