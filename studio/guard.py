"""Who may use the studio: the browser that opened the printed address, on this machine, from the studio's own page.

Three checks. The Host header must be the studio's own, or a page elsewhere could rebind its name to this machine (DNS
rebinding). The cookie must hold the token of the printed address. A request that changes something must come from the
studio's own origin, or a page elsewhere could post to it (CSRF).
"""

import hmac
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus

from werkzeug.wrappers import Request, Response

HOSTS = ("127.0.0.1", "localhost")
SAFE = ("GET", "HEAD")


class Forbidden(Exception):
    """The request is not allowed. status: 401 or 403."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Guard:
    """The checks for the studio on one port."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def address(self) -> str:
        """What a person opens: it holds the token."""
        return f"http://{HOSTS[0]}:{self.port}/?token={self.token}"

    @property
    def _cookie(self) -> str:
        return f"hairline-{self.port}"  # cookies do not tell ports apart

    def check(self, request: Request) -> None:
        """Raise Forbidden unless the request comes from the studio's page, or opens it with the token."""
        origins = [f"http://{host}:{self.port}" for host in HOSTS]
        if f"http://{request.headers.get('Host', '')}" not in origins:
            raise Forbidden(HTTPStatus.FORBIDDEN, "This is not the studio's address. Open the one that was printed.")
        if request.method not in SAFE and request.headers.get("Origin") not in origins:
            raise Forbidden(HTTPStatus.FORBIDDEN, "The request does not come from the studio's page.")
        if not self._knows(request.cookies.get(self._cookie, "")) and not self.opens(request):
            raise Forbidden(
                HTTPStatus.UNAUTHORIZED, "This browser is not signed in. Open the address that the terminal printed."
            )

    def opens(self, request: Request) -> bool:
        """Whether the request is for the page with the right token."""
        return request.path == "/" and request.method in SAFE and self._knows(request.args.get("token", ""))

    def admit(self, response: Response) -> None:
        """Let the browser remember the token."""
        response.set_cookie(self._cookie, self.token, httponly=True, samesite="Strict")

    def _knows(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.token.encode())
