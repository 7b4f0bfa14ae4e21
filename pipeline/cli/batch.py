"""Pictures on disk to cutouts on disk, one or several at a time, none of which can stop the others."""

import functools
import json
import multiprocessing
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from pipeline import decode, describe, encode, matting, trimap
from pipeline.apply import apply_matte
from pipeline.cli import gallery
from pipeline.cli.plan import Task
from pipeline.disk import write
from pipeline.errors import HairlineError
from pipeline.models import ModelSpec
from pipeline.options import Options
from pipeline.report import AppliedReport, CutReport, Report
from pipeline.run import cut_out
from pipeline.segment import Segmenter, open_model
from pipeline.threads import usable
from pipeline.types import Canvas, Result


@dataclass(frozen=True, slots=True)
class Work:
    """What is the same for all pictures of one command."""

    spec: ModelSpec
    folder: Path
    options: Options


@dataclass(frozen=True, slots=True)
class Line:
    """How one picture ended, as it is told to the user."""

    done: bool
    text: str
    entry: gallery.Entry


def cut_all(tasks: Sequence[Task], work: Work, *, jobs: int, page: Path | None = None) -> int:
    """Cut every picture; returns 0, or 1 where some were refused. One line each: done on stdout, refused on stderr.

    page: the folder that holds all results and gets, when they are done, an index.html that shows them.
    """
    work = replace(work, options=replace(work.options, threads=max(1, usable() // jobs)))
    entries: list[gallery.Entry] = []
    refused = 0
    quiet = len(tasks) < 2 or not sys.stderr.isatty()
    with tqdm(total=len(tasks), unit="picture", disable=quiet) as bar, _lines(tasks, work, jobs) as lines:
        for line in lines:
            bar.write(line.text, file=sys.stdout if line.done else sys.stderr)
            bar.update()
            refused += not line.done
            entries.append(line.entry)
    if page is not None:
        write(page / "index.html", gallery.page(entries, page).encode("utf-8", "surrogateescape"))
    return 1 if refused else 0


def apply_all(tasks: Sequence[Task], alpha: bytes, options: Options) -> int:
    """Put one matte onto every picture; returns and prints as `cut_all` does."""
    make = functools.partial(apply_matte, alpha=alpha, options=options)
    refused = 0
    for task in tasks:
        line = _done(task, make, None, options)
        print(line.text, file=sys.stdout if line.done else sys.stderr)
        refused += not line.done
    return 1 if refused else 0


def solve_alone(picture: bytes, grey: bytes, target: Path, method: str) -> None:
    """The matting stage alone: a picture and a trimap, encoded, to a 16-bit grey PNG. Raises HairlineError."""
    limits = Options().limits()
    decoded = decode.decode(picture, **limits)
    known = trimap.from_grey(decode.decode_grey(grey, **limits), decoded)
    matte = matting.solve(decoded, known, method=method)
    write(target, encode.encode(Canvas(None, matte.alpha), format="png", quality=None, depth=16).data)


@contextmanager
def _lines(tasks: Sequence[Task], work: Work, jobs: int) -> Iterator[Iterator[Line]]:
    if jobs == 1:
        yield (_cut_one(task, work) for task in tasks)
        return
    # Spawned, not forked: ONNX Runtime's and OpenCV's threads do not survive a fork.
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield (future.result() for future in as_completed([pool.submit(_cut_one, task, work) for task in tasks]))
    finally:
        pool.shutdown(cancel_futures=True)


@functools.cache
def _segmenter(spec: ModelSpec, folder: Path, threads: int) -> Segmenter:
    return open_model(spec, folder, threads=threads)


def _cut_one(task: Task, work: Work) -> Line:
    def make(data: bytes) -> Result[CutReport]:
        return cut_out(data, _segmenter(work.spec, work.folder, work.options.threads or 1), work.options)

    return _done(task, make, work.spec, work.options)


def _done(
    task: Task,
    make: Callable[[bytes], Result[CutReport | AppliedReport]],
    spec: ModelSpec | None,
    options: Options,
) -> Line:
    """Read, make, and write the pictures and last the report."""
    try:
        result = make(task.source.read_bytes())
    except HairlineError as error:
        target = _write_report(task, describe.rejected(error, spec, options))
        return _failed(task, f"{error.code}: {error}", target)
    except OSError as error:
        return _failed(task, f"cannot be read: {error.strerror}")
    except Exception:  # noqa: BLE001 - our own bug: shown whole, and the pictures after this one get their turn
        return _failed(task, f"failed unexpectedly:\n{traceback.format_exc()}")
    output = task.target(f".{result.output.extension}")
    extra = {**result.stages, **result.listings}
    targets = {name: task.target(f".{name}.{made.extension}") for name, made in extra.items()}
    for name, path in targets.items():
        write(path, extra[name].data)
    write(output, result.output.data)
    report = result.report
    entry = gallery.Entry(
        task.folder / task.source.name,
        report["quality"] if "quality" in report else None,  # noqa: SIM401 - mypy takes the type from it, not from get
        sheet=targets.get("sheet"),
        output=output,
        report=_write_report(task, report),
    )
    text = str(output)
    if "quality" in report:
        text += f"  confidence {report['quality']['confidence']:.2f}  {sum(report['ms'].values()) / 1000:.1f} s"
    return Line(True, text, entry)


def _failed(task: Task, message: str, told: Path | None = None) -> Line:
    entry = gallery.Entry(task.folder / task.source.name, message=message, report=told)
    return Line(False, f"{task.source}: {message}", entry)


def _write_report(task: Task, report: Report) -> Path:
    target = task.target(".report.json")
    write(target, (json.dumps(report, indent=2) + "\n").encode())
    return target
