"""The studio's page as files: what a server sends with them. The page itself is in studio/page."""

from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "studio" / "page"
INDEX = "index.html"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def asset(name: str) -> tuple[bytes, str] | None:
    """A file of the page and its content type, None if the page has no such file."""
    path = FOLDER / name
    if path.suffix not in TYPES or path.parent != FOLDER or not path.is_file():
        return None
    return path.read_bytes(), f"{TYPES[path.suffix]}; charset=utf-8"


def headers(connect: Iterable[str] = ()) -> dict[str, str]:
    """The headers of every response with a part of the page. connect: other origins that the page may call."""
    called = " ".join(("'self'", *connect))
    return {
        "Content-Security-Policy": f"default-src 'self'; connect-src {called}; "
        "img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
