"""The command line: `hairline`, also as `python -m pipeline`.

Exit status: 0 all went well, 1 some images were rejected, failed or break a marketplace's rules (the others are done),
2 wrong usage, 130 interrupted, 141 the reader of the output ended.
"""

import argparse
import importlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from pipeline import models
from pipeline.cli.arguments import STREAM, flag, parser
from pipeline.cli.names import STDIN, BadPaths, endings, key
from pipeline.cli.plan import Plan, plan
from pipeline.cli.text import one_line, show_everything
from pipeline.errors import BadOptions, HairlineError
from pipeline.geometry import Colour
from pipeline.models.choice import Folder, chosen
from pipeline.options import PLANES, Options
from pipeline.options.kinds import ColourOrFile, File

OF_ONE_IMAGE = ("trimap", "scribbles", "strokes")
"""Options that fit one image only."""
MAX_MEGAPIXELS_TO_SHRINK = 175.0
"""The limit for images that are shrunk: decoding takes 3 to 8 bytes a pixel, cutting far more."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    given = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        show_everything(stream)
    try:
        with _sigterm_as_ctrl_c():
            return {"cut": _cut, "apply": _apply, "matte": _matte, "studio": _studio}[given.command](given)
    except (BadPaths, HairlineError) as error:
        # The command itself is wrong. No image was cut.
        print(f"hairline: {one_line(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("hairline: interrupted. Finished images stay.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # As a shell reports SIGPIPE. What is left in the buffers must not raise again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        return 128 + 13


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _cut(given: argparse.Namespace) -> int:
    options = _options(given)
    sources = [STDIN if path == STREAM else path for path in given.inputs]
    if STDIN in sources and len(sources) > 1:
        raise BadPaths("INPUT - is standard input, which is one image. Leave the other inputs out.")
    page = given.out if given.sheet and any(path.is_dir() for path in sources) else None
    if given.watch:
        return _watch(given, sources, options)
    if given.out == STREAM:
        return _cut_to_stdout(given, sources, options)
    planned = _planned(given, sources, options, pages=page is not None)
    for name in OF_ONE_IMAGE:
        if getattr(given, name) is not None and len(planned.tasks) != 1:
            raise BadPaths(f"--{name} works with one image; you gave {len(planned.tasks)}.")
    spec = _model(given)
    if not planned.tasks:
        raise BadPaths(f"There is no image in {', '.join(map(str, given.inputs))}.")
    _check_writable(given.out)
    # Imported here, because it takes a second to load, and --help or a typing error should not wait for it.
    from pipeline.cli.batch import Work, cut_all

    work = Work(spec, given.model_dir, options, again=given.again)
    return cut_all(planned.tasks, work, jobs=min(given.jobs, len(planned.tasks)), page=page, left_out=planned.left_out)


def _watch(given: argparse.Namespace, folders: Sequence[Path], options: Options) -> NoReturn:
    """Cut what is in the folders and what arrives, until it is interrupted."""
    if given.out == STREAM:
        raise BadPaths("--watch needs a folder for -o.")
    for path in folders:
        if not path.is_dir():
            raise BadPaths(f"--watch takes folders, but {path} is not a folder.")
    if any(getattr(given, name) is not None for name in OF_ONE_IMAGE):
        raise BadPaths("--watch cuts many images. Leave out --trimap, --scribbles and --strokes, which fit one.")
    spec = _model(given)
    _check_writable(given.out)
    from pipeline.cli.batch import Work, cut_all
    from pipeline.cli.watch import arrivals, unobstructed

    work = Work(spec, given.model_dir, options, again=given.again)
    print(f"Watching {one_line(', '.join(map(str, folders)))}. Ctrl-C ends it.", file=sys.stderr, flush=True)
    for tasks in arrivals(folders, lambda: _planned(given, folders, options).tasks):
        if ready := tasks if given.force else unobstructed(tasks):
            cut_all(ready, work, jobs=min(given.jobs, len(ready)))
    raise AssertionError  # arrivals do not end


def _cut_to_stdout(given: argparse.Namespace, sources: Sequence[Path], options: Options) -> int:
    if len(sources) != 1 or sources[0].is_dir():
        raise BadPaths("-o - writes one image to standard output. Give one image, or a folder for -o.")
    if options.stages or options.marketplaces:
        raise BadPaths("-o - writes the cutout alone. Leave out --stages, --sheet and --marketplace.")
    if sys.stdout.isatty():
        raise BadPaths("-o - would write an image to the terminal. Redirect standard output to a file or a program.")
    spec = _model(given)
    from pipeline.cli.batch import Work, cut_to_stdout

    try:
        cut_to_stdout(sources[0], Work(spec, given.model_dir, options))
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"{one_line(str(sources[0]))}: {error.strerror}", file=sys.stderr)
        return 1
    except HairlineError as error:
        print(f"{one_line(str(sources[0]))}: {error.code}: {error}", file=sys.stderr)
        return 1
    return 0


def _apply(given: argparse.Namespace) -> int:
    if STREAM in (given.alpha, given.out, *given.inputs):
        raise BadPaths("- works with hairline cut only. To name a file or folder -, write ./-")
    options = _options(given)
    planned, alpha = _planned(given, given.inputs, options), _read(given.alpha)
    folders = {key(task.folder.resolve()) for task in planned.tasks} | {key(given.out.resolve())}
    if key(given.alpha.resolve().parent) in folders:
        raise BadPaths(
            f"The output folder {given.out} is the one that {given.alpha.name} is in, so results could overwrite it. "
            "Choose another folder for -o."
        )
    if not planned.tasks:
        raise BadPaths(f"There is no image in {', '.join(map(str, given.inputs))}.")
    _check_writable(given.out)
    from pipeline.cli.batch import apply_all

    return apply_all(planned.tasks, alpha, options, again=given.again, left_out=planned.left_out)


def _matte(given: argparse.Namespace) -> int:
    if STREAM in (given.image, given.trimap, given.out):
        raise BadPaths("- works with hairline cut only. To name a file -, write ./-")
    if given.out.suffix.lower() != ".png":
        raise BadPaths(f"-o must end in .png, since alpha is a 16-bit PNG; {given.out} does not.")
    for source in (given.image, given.trimap):
        if key(given.out.resolve()) == key(source.resolve()):
            raise BadPaths(f"-o {given.out} is the input {source}, which alpha would overwrite. Choose another name.")
    if given.out.is_dir():
        raise BadPaths(f"-o takes a file, but {given.out} is a folder.")
    if given.out.exists() and not given.force:
        raise BadPaths(f"-o {given.out} exists. Choose another name, or add --force to replace it.")
    image, trimap = _read(given.image), _read(given.trimap)
    from pipeline.cli.batch import solve_alone

    try:
        solve_alone(image, trimap, given.out, given.method)
    except HairlineError as error:
        print(f"{one_line(str(given.image))}: {error.code}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        raise BadPaths(f"-o {given.out} cannot be written: {error.strerror}.") from error
    return 0


def _studio(given: argparse.Namespace) -> int:
    # Imported by name, because the studio is a shell around this package, and only a checkout has it.
    try:
        studio = importlib.import_module("studio.main")
    except ModuleNotFoundError as error:
        raise BadPaths(f"hairline studio needs a checkout of Hairline ({error}). Run make setup there.") from error
    status: int = studio.run(given.folder, given.port, _model(given), given.model_dir)
    return status


def _planned(given: argparse.Namespace, sources: Sequence[Path], options: Options, *, pages: bool = False) -> Plan:
    force = given.force or getattr(given, "watch", False)  # while watching, each image is checked by itself
    try:
        return plan(sources, given.out, endings(options), pages=pages, force=force)
    except OSError as error:
        raise BadPaths(f"{error.filename} cannot be read: {error.strerror}.") from error


def _model(given: argparse.Namespace) -> models.ModelSpec:
    spec = chosen(given.model, Folder(given.model_dir))
    for part in spec.parts:
        models.read_weights(part, given.model_dir)
    return spec


def _check_writable(folder: Path) -> None:
    """Make the folder and write into it once. Raises BadPaths."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise BadPaths(f"-o {folder} cannot be written: {error.strerror}.") from error


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
        if given.shrink_to_megapixels is not None and given.max_megapixels is None:
            values["max_megapixels"] = MAX_MEGAPIXELS_TO_SHRINK
        values["stages"] = (*(PLANES if given.planes else ()), *(("sheet",) if given.sheet else ()))
    try:
        return Options(**values)
    except BadOptions as error:
        raise BadPaths(_by_its_flag(str(error))) from error


def _by_its_flag(message: str) -> str:
    """The message with the flag in place of the option's name, if it begins with one."""
    name, _, rest = message.partition(" ")
    row = Options.table().get(name)
    return message if row is None else f"{flag(row)} {rest}"


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
