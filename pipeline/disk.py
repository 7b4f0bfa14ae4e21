"""Files written whole or not at all, and folders that one process at a time may change."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: an interruption leaves what was there before. Makes the folder."""
    write_all({path: data})


def write_all(files: Mapping[Path, bytes], stale: Iterable[Path] = ()) -> None:
    """Write files that belong together, in order, in place of the `stale` ones. Makes the folders. Raises OSError.

    All data is on the disk before the first name changes: an error until then, such as a full disk, leaves everything
    as it was. Then the stale files go, in order, and the new ones get their names. An error on the way, or an
    interruption, removes those that already have theirs, so that no part of the whole is left.
    """
    with ExitStack() as undo:
        parts = []
        for path, data in files.items():
            _check_name(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".hairline.{os.getpid()}.", suffix=".part")
            part = Path(name)
            undo.callback(part.unlink, missing_ok=True)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            part.chmod(0o644)
            parts.append(part)
        for path in stale:
            path.unlink(missing_ok=True)
        for part, path in zip(parts, files, strict=True):
            part.replace(path)
            undo.callback(path.unlink, missing_ok=True)
        undo.pop_all()


def sweep(folder: Path) -> None:
    """Remove what processes that were killed had half written in a folder. POSIX only; elsewhere it stays."""
    if os.name != "posix":
        return
    for part in folder.glob(".hairline.*.part"):
        number = part.name.split(".")[2]
        if number.isdecimal() and not _is_running(int(number)):
            part.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it belongs to another user
        pass
    return True


def _check_name(path: Path) -> None:
    """Raise OSError if no file can have this name: it is too long, or a folder has it."""
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(path.lstat().st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, made with the folder where missing; waits while another process holds it.

    The operating system releases the lock when its holder ends, however it ends: flock(2). POSIX only. Raises OSError.
    """
    import fcntl  # here, so that the command line also starts on systems without it

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
