"""Fetch a network's weights: `python -m weights u2netp`.

The file appears under its name only when it is whole and has the right sha256. An interrupted fetch starts from the
beginning the next time. There is no fsync: whoever reads the weights checks the sum again, so a file that a power cut
tore is found out and fetched anew.
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
from weights.download import SourceUnavailable, pieces
from weights.sources import SOURCES, Local, Source


def fetch(spec: ModelSpec, sources: Sequence[Source], folder: Path) -> Path:
    """The path of the weights in `folder`, from the first of `sources` that has them.

    Where they are there already and right, nothing is done. Says on stderr which source is read, and why one failed.
    Raises ModelUnavailable when none of the sources had the right bytes, and OSError where `folder` cannot be written.
    """
    path = folder / spec.file
    with contextlib.suppress(ModelUnavailable):
        read_weights(spec, folder)
        return path
    for source in sources:
        print(f"Fetching {spec.name} ({spec.size / 1e6:.1f} MB) from {source}", file=sys.stderr)
        try:
            data = _checked(source, spec)
        except SourceUnavailable as error:
            print(f"  That did not work: {error}.", file=sys.stderr)
        else:
            write(path, data)
            return path
    raise ModelUnavailable(
        f"{spec.file} could not be had from any source (see above). Where you have the file: "
        f"`python -m weights {spec.name} --from FILE`."
    )


def _checked(source: Source, spec: ModelSpec) -> bytes:
    """All that `source` holds. Raises SourceUnavailable where that is not what `spec` says."""
    data = bytearray()
    with closing(pieces(source)) as stream:
        for piece in stream:
            data += piece
            if len(data) > spec.size:
                raise SourceUnavailable(f"it holds more than the {spec.size:,} bytes of {spec.file}")
    found = hashlib.sha256(data).hexdigest()
    if found != spec.sha256:
        raise SourceUnavailable(
            f"it holds {len(data):,} bytes with sha256 {found}, but {spec.file} has {spec.size:,} with {spec.sha256}"
        )
    return bytes(data)


def licence_of(spec: ModelSpec) -> str:
    """What to know before weights under a copyleft or non-commercial licence are used."""
    return (
        f"The weights of {spec.name} come under {spec.licence}: {spec.source}.\n"
        f"Read it first: https://spdx.org/licenses/{spec.licence}.html. It is copyleft or forbids commercial use, and "
        "may oblige whoever offers a service with these weights. Hairline itself stays under Apache-2.0."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where the weights are in place, 1 where they could not be had or their licence was not accepted.

    argparse exits with 2 for wrong usage.
    """
    parser = argparse.ArgumentParser(prog="python -m weights", description="Fetch a network's weights.")
    parser.add_argument("name", choices=sorted(SOURCES))
    parser.add_argument("--to", metavar="FOLDER", type=Path, default=DEFAULT_FOLDER, help="default: %(default)s")
    parser.add_argument("--from", metavar="FILE", dest="file", help="a copy on this machine, instead of the network")
    parser.add_argument("--accept-licence", action="store_true", help="of weights that are copyleft or non-commercial")
    asked = parser.parse_args(arguments)
    spec = MODELS[asked.name]
    if not spec.free:
        print(licence_of(spec), file=sys.stderr)
        if not asked.accept_licence:
            print("Nothing was fetched: give --accept-licence where you accept that.", file=sys.stderr)
            return 1
    sources = (Local(asked.file),) if asked.file else SOURCES[asked.name]
    try:
        fetch(spec, sources, asked.to)
    except (ModelUnavailable, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
