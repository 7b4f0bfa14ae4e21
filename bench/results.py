"""Writes RESULTS.md. Each benchmark replaces only the part between its two markers."""

import datetime as dt
import os
import platform
import re
from pathlib import Path

PATH = Path(__file__).with_name("RESULTS.md")


def replace_part(text: str, name: str, part: str) -> str:
    """`text` with the part between the markers of `name` replaced, or added at the end if it has no such markers."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    fresh = f"{begin}\n{part.strip()}\n{end}"
    if begin not in text:
        return f"{text.rstrip()}\n\n{fresh}\n"
    head, rest = text.split(begin, 1)
    return head + fresh + rest.split(end, 1)[1]


def write_part(name: str, part: str) -> None:
    """Replace that part of RESULTS.md."""
    PATH.write_text(replace_part(PATH.read_text("utf-8"), name, part), "utf-8")


def machine() -> str:
    """Processor, usable cores, Python and today's date (UTC)."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and (found := re.search(r"^model name\s*: (.+)$", cpuinfo.read_text(), re.MULTILINE)):
        model = found[1]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    today = dt.datetime.now(dt.UTC).date()
    return f"{model}, {cores} cores, Python {platform.python_version()}, {today}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table. The first two columns are text, the others numbers."""
    rule = ["---" if column < 2 else "--:" for column in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])
