"""The file of a person's edits, beside an image's results."""

import errno
from pathlib import Path

from pipeline.disk import write
from pipeline.edits import Edits

EDITS = ".edits.json"
"""What the file's name ends in, as a report's ends in `REPORT`."""


def read(path: Path) -> Edits:
    """The edits in a file, none where there is no file. Raises BadOptions, which names the file, and OSError."""
    try:
        return Edits.from_bytes(path.read_bytes(), str(path))
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENAMETOOLONG):
            raise
        return Edits()


def save(path: Path, edits: Edits) -> None:
    """Write the edits, whole or not at all. Raises OSError."""
    write(path, edits.to_bytes())
