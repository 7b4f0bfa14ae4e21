"""A folder that behaves like a bucket: an ObjectStore for tests that need no emulator."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handler.aws.bucket import Content, ObjectHead
from handler.errors import SourceChanged, SourceMissing, StoreUnavailable
from handler.jobs import ObjectRef
from pipeline import disk


class FolderStore:
    """A folder with one folder for each bucket and one file for each object; no versions, no metadata.

    Keys are paths below the bucket's folder, so those with empty parts, "." or ".." have no place: StoreUnavailable.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def head(self, ref: ObjectRef) -> ObjectHead:
        data = self._read(ref)
        return ObjectHead(ref, None, _etag(data), len(data))

    def get(self, ref: ObjectRef, if_match: str | None = None) -> Content:
        data = self._read(ref)
        if if_match not in (None, _etag(data)):
            raise SourceChanged(f"{ref} was replaced while it was being read.")
        return Content(data, _etag(data))

    def children(self, folder: ObjectRef) -> dict[str, str]:
        path = self._path(folder)
        with _faults_of_disk(f"list {folder}/"):
            found = [each for each in path.iterdir() if each.is_file()] if path.is_dir() else []
            return {each.name: _etag(each.read_bytes()) for each in found if not each.name.endswith(".part")}

    def sha256(self, ref: ObjectRef) -> str | None:
        return hashlib.sha256(self._read(ref)).hexdigest()

    def put(
        self,
        ref: ObjectRef,
        data: bytes,
        content_type: str,  # noqa: ARG002  a file's name tells its type
        *,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> str:
        path = self._path(ref)
        if (if_none_match and path.exists()) or (if_match and self.head(ref).etag != if_match):
            raise SourceChanged(f"{ref} was changed by another writer.")
        with _faults_of_disk(f"write {ref}"):
            disk.write(path, data)
        return _etag(data)

    def delete(self, ref: ObjectRef) -> None:
        with _faults_of_disk(f"delete {ref}"):
            self._path(ref).unlink(missing_ok=True)

    def erase(self, ref: ObjectRef) -> None:
        for name in self.children(ref):
            self.delete(ObjectRef(ref.bucket, f"{ref.key}/{name}"))
        self.delete(ref)

    def _read(self, ref: ObjectRef) -> bytes:
        path = self._path(ref)
        with _faults_of_disk(f"read {ref}"):
            try:
                return path.read_bytes()
            except (FileNotFoundError, IsADirectoryError) as error:
                raise SourceMissing(f"{ref} is no longer there.") from error

    def _path(self, ref: ObjectRef) -> Path:
        parts = [ref.bucket, *ref.key.split("/")]
        if any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise StoreUnavailable(f"A folder has no place for {ref}: choose a key without empty parts, '.' and '..'.")
        return self._root.joinpath(*parts)


def _etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextmanager
def _faults_of_disk(task: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"Could not {task}: {error}") from error
