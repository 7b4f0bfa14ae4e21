"""Pictures on disk to cutouts on disk, one or several at a time, none of which can stop the others."""

import functools
import json
import multiprocessing
import sys
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from pipeline import decode, encode, matting, report, trimap
from pipeline.errors import HairlineError
from pipeline.files import Task, write
from pipeline.models import ModelSpec
from pipeline.options import Options
from pipeline.run import cut_out
from pipeline.segment import OnnxSegmenter
from pipeline.stages import Canvas
from pipeline.threads import usable


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


def cut_all(tasks: Sequence[Task], work: Work, *, jobs: int) -> int:
    """Cut every picture; returns 0, or 1 where some were refused. One line each: done on stdout, refused on stderr."""
    work = replace(work, options=replace(work.options, threads=max(1, usable() // jobs)))
    refused = 0
    quiet = len(tasks) < 2 or not sys.stderr.isatty()
    with tqdm(total=len(tasks), unit="picture", disable=quiet) as bar, _lines(tasks, work, jobs) as lines:
        for line in lines:
            bar.write(line.text, file=sys.stdout if line.done else sys.stderr)
            bar.update()
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
def _segmenter(spec: ModelSpec, folder: Path, threads: int) -> OnnxSegmenter:
    return OnnxSegmenter(spec, folder, threads=threads)


def _cut_one(task: Task, work: Work) -> Line:
    try:
        segmenter = _segmenter(work.spec, work.folder, work.options.threads or 1)
        result = cut_out(task.source.read_bytes(), segmenter, work.options)
    except HairlineError as error:
        _write_report(task, report.rejection(error, work.spec, work.options))
        return Line(False, f"{task.source}: {error.code}: {error}")
    except OSError as error:
        return Line(False, f"{task.source}: cannot be read: {error.strerror}")
    except Exception:  # noqa: BLE001 - our own bug: shown whole, and the pictures after this one get their turn
        return Line(False, f"{task.source}: failed unexpectedly:\n{traceback.format_exc()}")
    output = task.target(f".{result.output.extension}")
    for name, made in {**result.stages, **result.listings}.items():
        write(task.target(f".{name}.{made.extension}"), made.data)
    write(output, result.output.data)
    _write_report(task, dict(result.report))
    confidence = result.report["quality"]["confidence"]
    return Line(True, f"{output}  confidence {confidence:.2f}  {sum(result.report['ms'].values()) / 1000:.1f} s")


def _write_report(task: Task, told: dict[str, object]) -> None:
    write(task.target(".report.json"), (json.dumps(told, indent=2) + "\n").encode())
