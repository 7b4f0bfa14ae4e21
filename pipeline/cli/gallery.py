"""Many cutouts on one HTML page, worst first: a file of its own, with relative links and nothing from elsewhere.

It is read by people with a keyboard, a screen reader or a dark screen too: WCAG 2.2, level AA, is what it aims for.
"""

import html
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from pipeline.report import QualityFacts, ReasonFacts

NAME = "index.html"
GENERATOR = '<meta name="generator" content="Hairline">'
"""By this a page of Hairline is known."""
_PLAIN = frozenset((string.ascii_letters + string.digits + "-._~/").encode())
"""What needs no percent sign in a relative reference, RFC 3986, section 2.3."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of the page.

    picture: the source's name in the folder of its results. quality: as in its report, or None where there is no
    cutout; then `message` says why. breaks: which marketplaces' rules its listing images break, a sentence each.
    sheet, output, report: files, None where there is none.
    """

    picture: PurePath
    quality: QualityFacts | None = None
    message: str = ""
    breaks: Sequence[str] = ()
    sheet: PurePath | None = None
    output: PurePath | None = None
    report: PurePath | None = None


def page(entries: Sequence[Entry], folder: PurePath) -> str:
    """The page: first what failed, then by confidence, the lowest first; equals by name.

    folder: where the page will lie; all files are below it, and the links are relative to it.
    """
    ordered = sorted(entries, key=lambda entry: (_confidence(entry), entry.picture))
    review = sum(1 for entry in entries if _needs_review(entry))
    body = "\n".join(_article(number, entry, folder) for number, entry in enumerate(ordered))
    return _PAGE.substitute(generator=GENERATOR, count=_counted(len(entries), "image"), review=review, body=body)


def _needs_review(entry: Entry) -> bool:
    return entry.quality is None or entry.quality["needs_review"] or bool(entry.breaks)


def _confidence(entry: Entry) -> float:
    return -1.0 if entry.quality is None else float(entry.quality["confidence"])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _article(number: int, entry: Entry, folder: PurePath) -> str:
    name = html.escape(entry.picture.relative_to(folder).as_posix())
    if entry.quality is None:
        state, verdict = "review", f"<p>No cutout. {html.escape(entry.message)}</p>"
    else:
        state = "review" if _needs_review(entry) else "good"
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
    """A relative reference; "./" before it, so that a colon in the first name is no scheme."""
    raw = path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
    return "./" + "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in raw)


_PAGE = string.Template("""<!DOCTYPE html>
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
<p>$count, $review of which need review.</p></header>
<main><ol>
$body
</ol></main>
</body>
</html>
""")
