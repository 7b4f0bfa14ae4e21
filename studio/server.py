"""The studio's server on the loopback interface: the page, and its requests as docs/studio-api.md describes them."""

import errno
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import wrap_file

from pipeline import review_page
from pipeline.errors import HairlineError, ImageTooLarge
from studio.guard import HOSTS, Forbidden, Guard
from studio.pools import Killed
from studio.studio import Conflict, NotCut, NotFound, Studio

MAX_JSON = 2_000_000
"""Bytes of a request that is not an image."""
ROUTES = Map(
    [
        Rule("/", methods=["GET"], endpoint="page"),
        Rule("/page/<name>", methods=["GET"], endpoint="asset"),
        Rule("/v1/session", methods=["GET"], endpoint="session"),
        Rule("/v1/images", methods=["GET"], endpoint="list"),
        Rule("/v1/images", methods=["POST"], endpoint="add"),
        Rule("/v1/images/<id_>", methods=["GET"], endpoint="record"),
        Rule("/v1/images/<id_>/preview", methods=["POST"], endpoint="preview"),
        Rule("/v1/images/<id_>/edits", methods=["PUT"], endpoint="edit"),
        Rule("/v1/images/<id_>/decision", methods=["PUT"], endpoint="decide"),
        Rule("/v1/images/<id_>/download", methods=["GET"], endpoint="download"),
        Rule("/v1/images/<id_>/compliance", methods=["GET"], endpoint="compliance"),
        Rule("/v1/images/<id_>/<view>", methods=["GET"], endpoint="picture"),
        Rule("/v1/approved.zip", methods=["GET"], endpoint="approved"),
    ]
)
_STATUS: tuple[tuple[type[Exception], HTTPStatus, str], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND, "not_found"),
    (NotCut, HTTPStatus.CONFLICT, "not_cut"),
    (Conflict, HTTPStatus.CONFLICT, "edited_meanwhile"),
    (Killed, HTTPStatus.INTERNAL_SERVER_ERROR, "killed"),
    (ImageTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "image_too_large"),
)


class App:
    """The studio as a WSGI application. `guard` is set as soon as the port is known."""

    guard: Guard

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def __call__(self, environ: Any, start: Any) -> Any:
        """Answer one request."""
        request = Request(environ)
        response = self._answer(request)
        for name, value in review_page.headers().items():
            response.headers.setdefault(name, value)
        return response(environ, start)

    def _answer(self, request: Request) -> Response:
        try:
            self.guard.check(request)
            endpoint, values = ROUTES.bind_to_environ(request.environ).match()
            handler: Callable[..., Response] = getattr(self, f"_{endpoint}")
            return handler(request, **values)
        except Forbidden as error:
            return _error(error.status, "auth_failed", str(error))
        except HTTPException as error:
            return _error(HTTPStatus(error.code or 500), "invalid_request", error.description or "")
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            status = HTTPStatus.INSUFFICIENT_STORAGE if full else HTTPStatus.INTERNAL_SERVER_ERROR
            title = "The disk is full. Nothing was changed." if full else f"A file cannot be used: {error.strerror}."
            return _error(status, "disk_full" if full else "file_failed", title)
        except (HairlineError, NotFound, NotCut, Conflict, Killed) as error:
            return _said(error)
        except Exception:
            logging.getLogger("studio").exception("request")
            return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "failed", "Hairline has a bug here. The terminal shows it.")

    # The page

    def _page(self, request: Request) -> Response:
        response = self._asset(request, review_page.INDEX)
        if self.guard.opens(request):
            self.guard.admit(response)
        return response

    def _asset(self, _request: Request, name: str) -> Response:
        found = review_page.asset(name)
        if found is None:
            raise NotFound("There is no such page.")
        return Response(found[0], content_type=found[1])

    # Its requests

    def _session(self, _request: Request) -> Response:
        return _json(self._studio.session())

    def _list(self, request: Request) -> Response:
        query = request.args
        return _json(self._studio.list(query.get("state", "all"), query.get("format"), query.get("after")))

    def _add(self, request: Request) -> Response:
        limit = self._studio.options.max_bytes
        if (request.content_length or 0) > limit:
            raise ImageTooLarge.of_file(request.content_length, limit)
        return _json(self._studio.add(request.args.get("name", ""), _body(request, limit)), HTTPStatus.CREATED)

    def _record(self, _request: Request, id_: str) -> Response:
        return _json(self._studio.record(id_))

    def _picture(self, request: Request, id_: str, view: str) -> Response:
        content, kind = self._studio.picture(id_, view)
        response = Response(content if isinstance(content, bytes) else content.read_bytes(), content_type=kind)
        if "v" in request.args:
            response.headers["Cache-Control"] = "private, max-age=3600"
        return response

    def _preview(self, request: Request, id_: str) -> Response:
        data, confidence = self._studio.preview(id_, _read(request))
        headers = {"X-Hairline-Confidence": str(confidence)}
        return Response(data, content_type="image/png", headers=headers)

    def _edit(self, request: Request, id_: str) -> Response:
        return _json(self._studio.edit(id_, _read(request)))

    def _decide(self, request: Request, id_: str) -> Response:
        return _json(self._studio.decide(id_, _read(request)))

    def _download(self, request: Request, id_: str) -> Response:
        data, kind, name = self._studio.download(id_, request.args)
        return Response(data, content_type=kind, headers=_attachment(name))

    def _compliance(self, request: Request, id_: str) -> Response:
        return _json(self._studio.compliance(id_, request.args.get("marketplace", "")))

    def _approved(self, request: Request) -> Response:
        file = self._studio.approved(request.args)
        content = wrap_file(request.environ, file)
        headers = _attachment("approved.zip")
        return Response(content, content_type="application/zip", headers=headers, direct_passthrough=True)


def _body(request: Request, limit: int) -> bytes:
    request.max_content_length = limit
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise ImageTooLarge.of_file(None, limit) from error


def _read(request: Request) -> object:
    try:
        return json.loads(_body(request, MAX_JSON))
    except (ValueError, RecursionError) as error:
        raise BadRequest("The request's body is not JSON.") from error


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")


def _error(status: HTTPStatus, code: str, title: str, **more: object) -> Response:
    return _json({"errors": [{"title": title, "code": code}], **more}, status)


def _said(error: Exception) -> Response:
    more = {"current": error.record} if isinstance(error, Conflict) else {}
    for kind, status, code in _STATUS:
        if isinstance(error, kind):
            return _error(status, code, str(error), **more)
    return _error(HTTPStatus.UNPROCESSABLE_ENTITY, getattr(error, "code", "failed"), str(error))


def _attachment(name: str) -> dict[str, str]:
    """The name in RFC 6266's form, which holds any character."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, errors='replace')}"}


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the terminal shows what is wrong, not each request."""


@contextmanager
def serving(studio: Studio, port: int) -> Iterator[Guard]:
    """Serve for as long as the block lasts; gives the guard, which has the address. port: 0: a free one. OSError."""
    app = App(studio)
    server = make_server(HOSTS[0], port, app, threaded=True, request_handler=_Quiet)
    app.guard = Guard(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield app.guard
    finally:
        server.shutdown()
        server.server_close()
