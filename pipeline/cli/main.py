"""The command line: `hairline`, also as `python -m pipeline`.

Exit status: 0 all went well, 1 some images were rejected or failed (the others are done), 2 wrong usage,
130 interrupted.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline import models
from pipeline.cli.arguments import flag, parser
from pipeline.cli.plan import BadPaths, plan
from pipeline.errors import HairlineError
from pipeline.geometry import Colour
from pipeline.options import PLANES, Options
from pipeline.options.kinds import ColourOrFile, File


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    given = parser().parse_args(arguments)
    try:
        return {"cut": _cut, "apply": _apply, "matte": _matte}[given.command](given)
    except (BadPaths, HairlineError) as error:
        # Raised before any image was begun: the command itself is wrong.
        print(f"hairline: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("hairline: interrupted. Finished images stay.", file=sys.stderr)
        return 130


def _cut(given: argparse.Namespace) -> int:
    tasks = plan(given.inputs, given.out)
    for name in ("trimap", "scribbles"):
        if getattr(given, name) is not None and len(tasks) != 1:
            raise BadPaths(f"--{name} works with one image; you gave {len(tasks)}.")
    options = _options(given)
    spec = models.named(given.model)
    for part in spec.parts:
        models.read_weights(part, given.model_dir)
    if not tasks:
        raise BadPaths(f"There is no image in {', '.join(map(str, given.inputs))}.")
    # Only now: ONNX Runtime and PyMatting take a second to load, which --help and a typing error need not wait for.
    from pipeline.cli.batch import Work, cut_all

    page = given.out if given.sheet and any(path.is_dir() for path in given.inputs) else None
    return cut_all(tasks, Work(spec, given.model_dir, options), jobs=min(given.jobs, len(tasks)), page=page)


def _apply(given: argparse.Namespace) -> int:
    tasks, alpha, options = plan(given.inputs, given.out), _read(given.alpha), _options(given)
    if given.out.resolve() == given.alpha.resolve().parent:
        raise BadPaths(
            f"The output folder {given.out} is the one that {given.alpha.name} is in, so results could overwrite it. "
            "Choose another folder for -o."
        )
    from pipeline.cli.batch import apply_all

    return apply_all(tasks, alpha, options)


def _matte(given: argparse.Namespace) -> int:
    from pipeline.cli.batch import solve_alone

    image, trimap = _read(given.image), _read(given.trimap)
    try:
        solve_alone(image, trimap, given.out, given.method)
    except HairlineError as error:
        print(f"{given.image}: {error.code}: {error}", file=sys.stderr)
        return 1
    return 0


def _options(given: argparse.Namespace) -> Options:
    """The options that were given; files among them are read."""
    values: dict[str, Any] = {}
    for name, row in Options.table().items():
        if (value := getattr(given, name, None)) is None:
            continue
        if isinstance(row.kind, ColourOrFile):
            value = _colour_or_file(value, flag(row))
        elif isinstance(row.kind, File):
            value = _read(Path(value))
        values[name] = value
    if given.command == "cut":
        values["stages"] = (*(PLANES if given.planes else ()), *(("sheet",) if given.sheet else ()))
    return Options(**values)


def _colour_or_file(text: str, option: str) -> Colour | bytes:
    try:
        return Colour.parse(text)
    except ValueError as error:
        if not Path(text).is_file():
            raise BadPaths(
                f"{option}: {text!r} is neither a colour (such as white or #ffffff) nor an image file."
            ) from error
        return _read(Path(text))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadPaths(f"{path} cannot be read: {error.strerror}.") from error
