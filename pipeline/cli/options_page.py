"""docs/options.md, written from the table of options: `python -m pipeline.cli.options_page docs/options.md`."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.cli.arguments import flag
from pipeline.options import Options
from pipeline.options.kinds import Choice, File, Names, Switch
from pipeline.options.row import GROUPS, Option, Where

_HEAD = """# Options

You can set the same options on the command line, for an object in S3, in an HTTP request and in Python. Each option has
a default, so none is required.

| you use | you write |
|---|---|
| the command line | `--crop --margin 5% --shadow-opacity 30` |
| S3: the metadata `x-amz-meta-hairline` of an object | `{"crop": true, "margin": "5%", "shadow_opacity": 30}` |
| HTTP: the query of `POST /v1/cutouts` | `?crop=true&margin=5%25&shadow_opacity=30` |
| Python | `Options(crop=True, margin="5%", shadow_opacity=30)` |

The same JSON is the `options` of a job (`POST /v1/jobs`). It overrides the deployment's defaults, `HAIRLINE_OPTIONS`.
An unknown option, a wrong value and options that contradict each other are errors (`bad_options`), and the message
names the option.

The column "where" says where you can set an option: on the command line (CLI), in JSON (S3) or in the query (HTTP). In
Python you can set all. An option that needs another one is accepted without it, and then changes nothing.
"""
_TAIL = """## How to write values

- **Lengths**: `20px`, `20` (also pixels) or `5%`, with up to three decimals.
- **Colours**: a CSS name (`white`), `#ffffff`, `#fff`, or `rgb(255, 255, 255)`. A colour must be opaque.
- **Images**: `trimap` and `scribbles` have exactly the source's size, upright. They are files on the command line and
  bytes in Python. `background` takes an image there as well, and a colour everywhere.
- **Strokes**: `[{"tool": "keep", "radius": 12, "points": [[104, 220], [110, 231]]}]`, in pixels of the source,
  upright, even if the image is shrunk. Tools: `keep`, `remove`, `matting` (Hairline solves alpha here) and `erase` (no
  stroke here). A later stroke covers an earlier one. Like scribbles, a stroke marks a whole part, not only its own
  pixels. At most 1,000 strokes and 20,000 points.
- **Sizes**: `1600x1200`; in JSON and Python also two whole numbers.
- **Lists**: in JSON `["amazon-main", "etsy"]`; on the command line `--marketplace amazon-main,etsy`. The query takes
  one marketplace, and the response is its listing image instead of the cutout. See [listings.md](listings.md).

## Limits

Only the operator sets `max_megapixels` and `max_bytes`, by flags on the command line or parameters of a deployment. A
request cannot change them. `threads` can be set in Python only.

*This page is generated. To rewrite it, run `python -m pipeline.cli.options_page docs/options.md`.*
"""
_EXPLAINED = (Choice, File, Names, Switch)
"""Kinds whose values the help itself explains."""
_WAYS = (("CLI", Where.CLI), ("S3", Where.JSON), ("HTTP", Where.QUERY))


def page(table: Mapping[str, Option[Any, Any]] | None = None) -> str:
    """The page as Markdown."""
    rows = Options.table() if table is None else table
    parts = [_HEAD]
    for group in GROUPS:
        lines = [_line(row) for row in rows.values() if row.group == group]
        heading = "Size and speed" if group == "Limits" else group
        parts.append(
            "\n".join([f"## {heading}", "", "| option | meaning | default | where |", "|---|---|---|---|", *lines])
        )
        parts[-1] += "\n"
    return "\n".join([*parts, _TAIL])


def _line(row: Option[Any, Any]) -> str:
    phrases = [row.help, *([] if type(row.kind) in _EXPLAINED else [row.kind.form])]
    meaning = " ".join(f"{phrase[:1].upper()}{phrase[1:]}." for phrase in phrases)
    if row.needs:
        meaning += f" Needs {row.needs}."
    default = row.default_text if row.unset else f"`{row.default_text}`"
    return f"| `{row.name}` | {meaning} | {default} | {_where(row)} |"


def _where(row: Option[Any, Any]) -> str:
    """The ways in that take the option, each with its name there if that differs."""
    if not row.where:
        return "Python"
    if row.where == Where.ALL and row.flag == row.name:
        return "all"
    names = {"CLI": flag(row), "HTTP": row.flag} if row.flag != row.name else {}
    words = [word for word, way in _WAYS if way in row.where]
    return ", ".join(f"{word} (`{names[word]}`)" if word in names else word for word in words)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
