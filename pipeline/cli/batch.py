"""Cut the images of a command, one after the other or in several processes. No image can stop the others."""

import functools
import hashlib
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from pipeline import decode, encode, matting, option_images, trimap
from pipeline.apply import apply_matte
from pipeline.cli import edits, gallery, image, workers
from pipeline.cli.edits import EDITS
from pipeline.cli.image import Line, Recipe
from pipeline.cli.index import write_pages
from pipeline.cli.names import Task
from pipeline.cli.summary import Summary
from pipeline.cli.text import one_line
from pipeline.disk import sweep, write
from pipeline.errors import BadOptions
from pipeline.models import ModelSpec
from pipeline.options import Options
from pipeline.report import CutReport
from pipeline.run import cut_out
from pipeline.segment import Segmenter, open_model
from pipeline.threads import usable
from pipeline.types import Canvas, Result

KILLED = (
    "failed: its process was killed twice, probably for lack of memory. Use fewer --jobs or --shrink-to-megapixels."
)


@dataclass(frozen=True, slots=True)
class Work:
    """The settings that all images of a command share. folder: of the weights. again: cut even what is done already."""

    spec: ModelSpec
    folder: Path
    options: Options
    again: bool = False


def cut_all(
    tasks: Sequence[Task], work: Work, *, jobs: int, page: Path | None = None, left_out: Counter[str] | None = None
) -> int:
    """Cut every image; returns 0, or 1 where an image was rejected or failed or a listing breaks rules.

    Prints a line for each image: cut ones on stdout, others on stderr, where a summary follows. page: the folder of all
    results, if pages that show them are to be written there at the end. left_out: for the summary.
    Raises ModelUnavailable at the first image that is not done already.
    """
    work = replace(work, options=replace(work.options, threads=max(1, usable() // jobs)))
    lines: Generator[Line, None, None]
    if jobs == 1:
        lines = (cut_one(task, work) for task in tasks)
    else:
        lines = workers.run(functools.partial(cut_one, work=work), tasks, jobs, _killed)
    with closing(lines):
        return _report(lines, tasks, page, left_out or Counter())


def apply_all(
    tasks: Sequence[Task], alpha: bytes, options: Options, *, again: bool, left_out: Counter[str] | None = None
) -> int:
    """Apply one matte to every image; returns and prints as `cut_all` does."""
    make = functools.partial(apply_matte, alpha=alpha, options=options)
    recipe = Recipe(options, matte=hashlib.sha256(alpha).hexdigest())
    lines = (image.process(task, make, recipe, again=again) for task in tasks)
    return _report(lines, tasks, None, left_out or Counter())


def cut_to_stdout(source: Path, work: Work) -> None:
    """Cut one image to standard output. Raises OSError and HairlineError."""
    result = _cut(image.read(source), work)
    sys.stdout.buffer.write(result.output.data)
    sys.stdout.buffer.flush()


def solve_alone(picture: bytes, grey: bytes, target: Path, method: str) -> None:
    """The matting stage alone: an image and a trimap, encoded, to a 16-bit grey PNG. Raises HairlineError, OSError."""
    options = Options()
    decoded = decode.decode(picture, **options.limits())
    known = trimap.from_grey(option_images.decoded("trimap", decode.decode_grey, grey, options), decoded)
    matte = matting.solve(decoded, known, method=method)
    write(target, encode.encode(Canvas(None, matte.alpha), format="png", quality=None, depth=16).data)


@functools.cache
def _segmenter(spec: ModelSpec, folder: Path, threads: int) -> Segmenter:
    return open_model(spec, folder, threads=threads)


def _cut(data: bytes, work: Work) -> Result[CutReport]:
    """Raises what `cut_out` does, and ModelUnavailable."""
    return cut_out(data, _segmenter(work.spec, work.folder, work.options.threads or 1), work.options)


def cut_one(task: Task, work: Work) -> Line:
    """Cut one image, with the edits that a person saved beside its results; see `image.process`, which raises, too."""
    try:
        work = replace(work, options=edits.read(task.target(EDITS)).applied(work.options))
    except BadOptions as error:
        return image.failed(task, str(error))
    except OSError as error:
        return image.failed(task, f"{task.target(EDITS)} cannot be read: {error.strerror}")
    return image.process(task, functools.partial(_cut, work=work), Recipe(work.options, work.spec), again=work.again)


def _killed(task: Task) -> Line:
    return image.failed(task, KILLED)


def _report(lines: Iterable[Line], tasks: Sequence[Task], page: Path | None, left_out: Counter[str]) -> int:
    for folder in {task.folder for task in tasks}:
        sweep(folder)
    summary = Summary()
    quiet = len(tasks) < 2 or not sys.stderr.isatty()
    with tqdm(total=len(tasks), unit="image", disable=quiet) as bar:
        for line in lines:
            stream = sys.stdout if line.good else sys.stderr
            bar.write(one_line(line.text), file=stream)
            stream.flush()  # so that a reader sees each image at once, and a closed pipe ends the run here
            bar.update()
            summary.add(line)
    good = summary.good
    if page is not None:
        good &= _pages(page, tasks, summary.failures)
    for text in summary.lines(left_out) if len(tasks) > 1 or left_out else ():
        print(text, file=sys.stderr)
    return 0 if good else 1


def _pages(folder: Path, tasks: Sequence[Task], failures: Mapping[Path, str]) -> bool:
    try:
        write_pages(folder, tasks, failures)
    except OSError as error:
        print(f"{folder / gallery.name(1)}: cannot be written: {error.strerror}", file=sys.stderr)
        return False
    return True
