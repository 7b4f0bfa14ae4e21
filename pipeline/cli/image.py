"""Process one image, from its file to its results. Every error becomes that image's line, except a missing model."""

import hashlib
import json
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline import describe
from pipeline.cli import earlier
from pipeline.cli.names import REPORT, STDIN, Task
from pipeline.cli.saved import SavedDoneReport, SavedReport, saved
from pipeline.disk import write_all
from pipeline.errors import HairlineError, ImageTooLarge, InputError, ModelUnavailable, NoSubject
from pipeline.marketplaces import required, shown
from pipeline.models import ModelSpec
from pipeline.options import Options
from pipeline.report import AppliedReport, CutReport, RejectedReport
from pipeline.types import Result
from pipeline.version import __version__

Make = Callable[[bytes], Result[CutReport | AppliedReport]]
Status = Literal["cut", "done before", "rejected", "failed"]
NO_MEMORY = "There is not enough memory. Use fewer --jobs, or shrink large images with --shrink-to-megapixels."


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that a result depends on, besides the image. matte: sha256 of the matte for `apply`, else empty."""

    options: Options
    spec: ModelSpec | None = None
    matte: str = ""

    def mark(self, name: str, data: bytes) -> str:
        """sha256 in hex of the recipe, the image, its name and Hairline's version. Equal marks mean equal results."""
        facts = {
            "name": name,
            "source": hashlib.sha256(data).hexdigest(),
            "options": self.options.described(),
            "limits": self.options.limits(),
            "model": "+".join(part.sha256 for part in self.spec.parts) if self.spec else None,
            "matte": self.matte,
            "hairline": __version__,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Line:
    """The outcome of one image, as the user reads it.

    picture: the path of the source's name in the folder of its results. reason: the code of a rejection, or why it
    failed. breaks: whether a listing image breaks its marketplace's rules.
    """

    status: Status
    text: str
    picture: Path
    reason: str = ""
    breaks: bool = False

    @property
    def good(self) -> bool:
        """Whether there is a cutout."""
        return self.status in ("cut", "done before")


def process(task: Task, make: Make, recipe: Recipe, *, again: bool = False) -> Line:
    """Bring an image's results up to date, the report last.

    make: cuts the image out. again: even if its report has this mark already. A rejected image gets a report, and the
    results of earlier runs are removed. An image that fails keeps them. Raises ModelUnavailable, because every other
    image would fail in the same way.
    """
    try:
        return _process(task, make, recipe, again=again)
    except ModelUnavailable:
        raise
    except OSError as error:
        return failed(task, f"cannot be read: {error.strerror}")
    except MemoryError:
        return failed(task, NO_MEMORY)
    except HairlineError as error:
        return failed(task, f"{error.code}: {error}")
    except Exception as error:  # noqa: BLE001 - a bug in Hairline must not stop the images after this one
        return failed(task, _bug(error))


def _process(task: Task, make: Make, recipe: Recipe, *, again: bool) -> Line:
    data = read(task.source)
    mark = recipe.mark(task.source.name, data)
    old = earlier.report(task.target(REPORT))
    results = earlier.named(task, old)
    if old is not None and old["mark"] == mark and results and all(path.is_file() for path in results) and not again:
        return _line(task, old, "done before")
    files, made = _made(task, data, make, recipe)
    report = saved(made, {"name": task.source.name, "sha256": hashlib.sha256(data).hexdigest()}, mark, list(files))
    text = (json.dumps(report, indent=2) + "\n").encode()
    try:
        write_all({**files, task.target(REPORT): text}, stale=results)
    except OSError as error:
        return failed(task, f"its results cannot be written to {task.folder}: {error.strerror}")
    return _line(task, report, "cut")


def read(source: Path) -> bytes:
    """The bytes of an image; STDIN is standard input. Raises OSError."""
    return sys.stdin.buffer.read() if source == STDIN else source.read_bytes()


def failed(task: Task, message: str) -> Line:
    """The line of an image for which nothing was written."""
    return Line("failed", f"{task.source}: {message}", task.folder / task.source.name, message)


def rejection(error: InputError) -> str:
    """The message of a rejection, with the flags that may help."""
    return str(error) + next((advice for kind, advice in ADVICE.items() if isinstance(error, kind)), "")


ADVICE: dict[type[InputError], str] = {
    ImageTooLarge: " Or raise the limit: --max-megapixels, or --max-bytes for the file.",
    NoSubject: " Or pass a --trimap that marks some subject and some background.",
}
"""What the command line adds to a message."""


def _made(
    task: Task, data: bytes, make: Make, recipe: Recipe
) -> tuple[dict[Path, bytes], CutReport | AppliedReport | RejectedReport]:
    """The files, the cutout first, and the report."""
    try:
        result = make(data)
    except InputError as error:
        return {}, describe.rejected(type(error)(rejection(error)), recipe.spec, recipe.options)
    extra = {**result.stages, **result.listings}
    files = {task.target(f".{result.output.extension}"): result.output.data}
    files |= {task.target(f".{name}.{made.extension}"): made.data for name, made in extra.items()}
    return files, result.report


def _line(task: Task, report: SavedReport, status: Status) -> Line:
    """The line of a report, new or old."""
    picture = task.folder / task.source.name
    if report["status"] == "rejected":
        reason = report["reason"]
        return Line("rejected", f"{task.source}: {reason['code']}: {reason['message']}", picture, reason["code"])
    breaks = broken_rules(report)
    parts = [str(task.folder / report["files"][0])]
    if "quality" in report:
        parts.append(f"confidence {report['quality']['confidence']:.2f}")
    if status == "done before":
        parts.append(status)
    elif "ms" in report:
        parts.append(f"{sum(report['ms'].values()) / 1000:.1f} s")
    return Line(status, "  ".join([*parts, *breaks]), picture, breaks=bool(breaks))


def broken_rules(report: SavedDoneReport) -> list[str]:
    """What listings of a report do not comply with: "breaks amazon-main: enlarged 6.25 (at most 2)"."""
    broken = []
    for marketplace, facts in report["compliance"].items():
        rules = [
            f"{measure} {shown(rule['value'])} ({required(rule)})"
            for measure, rule in facts["rules"].items()
            if not rule["passes"]
        ]
        if rules:
            broken.append(f"breaks {marketplace}: {', '.join(rules)}")
    return broken


def _bug(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    what = " ".join(str(error).split())
    return (
        f"{type(error).__name__}: {what} ({Path(where.filename).name}, line {where.lineno}). This is a bug in Hairline."
    )
