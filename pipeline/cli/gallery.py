"""HTML pages of many cutouts, worst first. They have relative links only, and load nothing from the network.

They aim at WCAG 2.2, level AA: they can be used with a keyboard, a screen reader and a dark colour scheme.
"""

import html
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from pipeline.report import QualityFacts, ReasonFacts

PER_PAGE = 200
"""Images on a page."""
GENERATOR = '<meta name="generator" content="Hairline">'
"""Marks a page as Hairline's."""
_PLAIN = frozenset((string.ascii_letters + string.digits + "-._~/").encode())
"""Bytes that a relative reference does not percent-encode: RFC 3986, section 2.3, and the slash."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of the page.

    picture: the path of the source's name in the folder of its results. quality: as in its report, or None if there is
    no cutout; then `message` says why. breaks: a sentence for each marketplace whose rules a listing image breaks.
    sheet, output, report: files, or None.
    """

    picture: PurePath
    quality: QualityFacts | None = None
    message: str = ""
    breaks: Sequence[str] = ()
    sheet: PurePath | None = None
    output: PurePath | None = None
    report: PurePath | None = None


def name(number: int) -> str:
    """The file of a page, counted from 1."""
    return "index.html" if number == 1 else f"index-{number}.html"


def names(count: int) -> list[str]:
    """The files of the pages that `count` images need."""
    return [name(number) for number in range(1, -(-count // PER_PAGE) + 1)]


def is_own(path: Path) -> bool:
    """Whether a file is a page that Hairline wrote."""
    return path.is_file() and GENERATOR in path.read_text(errors="replace")


def page(entries: Sequence[Entry], folder: PurePath, *, number: int = 1, count: int = 0, review: int = 0) -> str:
    """A page: first the images that failed, then the others by confidence, the lowest first, and by name.

    folder: where the page will be written; all files are below it, and the links are relative to it. number: of the
    page. count, review: the number of images on all pages, and of those that need review; by default those of
    `entries`.
    """
    if not count:
        count, review = len(entries), sum(map(needs_review, entries))
    ordered = sorted(entries, key=lambda entry: (confidence(entry), entry.picture))
    body = "\n".join(_article(place, entry, folder) for place, entry in enumerate(ordered))
    links = _links(number, len(names(count)))
    total = _counted(count, "image")
    return _TEMPLATE.substitute(generator=GENERATOR, count=total, review=review, links=links, body=body)


def needs_review(entry: Entry) -> bool:
    """Whether a person should look at it."""
    return entry.quality is None or entry.quality["needs_review"] or bool(entry.breaks)


def confidence(entry: Entry) -> float:
    """From 0 to 1; -1 without a cutout."""
    return -1.0 if entry.quality is None else float(entry.quality["confidence"])


def _links(number: int, last: int) -> str:
    """The number of the page, and links to the previous and next ones; empty if it is the only page."""
    if last < 2:
        return ""
    around = [(number - 1, "Previous page"), (number + 1, "Next page")]
    parts = [f'<a href="./{name(other)}">{text}</a>' for other, text in around if 1 <= other <= last]
    return f'<nav aria-label="Pages"><p>Page {number} of {last} · {" · ".join(parts)}</p></nav>'


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _article(number: int, entry: Entry, folder: PurePath) -> str:
    name = html.escape(entry.picture.relative_to(folder).as_posix())
    if entry.quality is None:
        state, verdict = "review", f"<p>No cutout. {html.escape(entry.message)}</p>"
    else:
        state = "review" if needs_review(entry) else "good"
        look = "needs review" if state == "review" else "no review needed"
        verdict = f"<p>Confidence <strong>{entry.quality['confidence']:.2f}</strong>, {look}.</p>"
        verdict += "".join(f"<p>Listing image {html.escape(text)}.</p>" for text in entry.breaks)
        verdict += _reasons(entry.quality["reasons"])
    links = [
        f'<a href="{_href(path, folder)}">{word}<span class="unseen"> of {name}</span></a>'
        for word, path in (("cutout", entry.output), ("report", entry.report))
        if path
    ]
    figure = ""
    if entry.sheet:
        alt = f"{name}: source, probability, trimap, alpha, and the cutout on black, on white and on checks"
        reference = _href(entry.sheet, folder)
        figure = f'<a href="{reference}"><img src="{reference}" alt="{alt}" loading="lazy"></a>'
    return (
        f'<li><article class="{state}" aria-labelledby="n{number}"><h2 id="n{number}">{name}</h2>\n'
        f"{verdict}\n{figure}\n<p>{' · '.join(links)}</p></article></li>"
    )


def _reasons(reasons: Sequence[ReasonFacts]) -> str:
    items = "".join(
        f"<li><code>{html.escape(reason['code'])}</code> {reason['value']:g}: {html.escape(reason['advice'])}</li>"
        for reason in reasons
    )
    return f"<ul>{items}</ul>" if items else ""


def _href(path: PurePath, folder: PurePath) -> str:
    """A relative reference. "./" keeps a colon in the first name from being read as the end of a scheme."""
    raw = path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
    return "./" + "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in raw)


_TEMPLATE = string.Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
$generator
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cutouts of $count, worst first</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 80rem; padding: 1rem; }
main > ol { list-style: none; padding: 0; }
article { border: 1px solid; border-left-width: .6rem; margin: 0 0 1.5rem; padding: 0 1rem; }
article.review { border-left-color: #b3261e; }
article.good { border-left-color: #1b7f3b; }
h2 { overflow-wrap: anywhere; }
img { height: auto; max-width: 100%; }
.unseen { clip-path: inset(50%); height: 1px; overflow: hidden; position: absolute; white-space: nowrap; width: 1px; }
</style>
</head>
<body>
<header><h1>Cutouts, worst first</h1>
<p>$count, $review of which need review.</p>
$links</header>
<main><ol>
$body
</ol></main>
$links
</body>
</html>
""")
