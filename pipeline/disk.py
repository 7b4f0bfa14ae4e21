"""Write files whole or not at all, and let one process at a time change a folder."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from secrets import token_hex


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; creates its folder. After an interruption the old content is still there.

    Raises OSError.
    """
    write_all({path: data})


def write_all(files: Mapping[Path, bytes], stale: Iterable[Path] = ()) -> None:
    """Write files that belong together, in order, and remove the `stale` ones. Creates the folders. Raises OSError.

    All data is written to temporary files first, so an error such as a full disk leaves everything as it was. Then the
    stale files are removed, in order, and the new files get their names. If that is interrupted or fails, the new files
    that already have their names are removed, so that no incomplete set is left.
    """
    with ExitStack() as undo:
        parts = []
        for path, data in files.items():
            _check_name(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.parent / f".hairline.{os.getpid()}.{token_hex(8)}.part"
            with part.open("xb") as file:  # not by tempfile, whose files only their owner may read, whatever the umask
                undo.callback(part.unlink, missing_ok=True)
                file.write(data)
            parts.append(part)
        for path in stale:
            path.unlink(missing_ok=True)
        for part, path in zip(parts, files, strict=True):
            part.replace(path)
            undo.callback(path.unlink, missing_ok=True)
        undo.pop_all()


def sweep(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder, except those that cannot be removed.

    Does nothing where the system is not POSIX.
    """
    if os.name != "posix":
        return
    for part in folder.glob(".hairline.*.part"):
        number = part.name.split(".")[2]
        if number.isdecimal() and not _is_running(int(number)):
            with suppress(OSError):
                part.unlink()


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # it belongs to another user, or is the name of another program's file
        pass
    return True


def _check_name(path: Path) -> None:
    """Raise OSError if no file can have this name: it is too long, or is the name of a folder."""
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(path.lstat().st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a lock on the folder, which is created if it is missing; waits while another process holds the lock.

    The operating system releases the lock when the process ends, even if it is killed: flock(2). POSIX only.
    Raises OSError.
    """
    import fcntl  # here, so that the command line also starts on systems without it

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
