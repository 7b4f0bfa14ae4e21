"""ApiJobFunction's routes of images that a person reviews: docs/studio-api.md."""

import re
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from handler.events import api_gateway
from handler.http import body as bodies
from handler.http import responses, routes, urls, wiring
from handler.http.api_errors import ApiError
from pipeline import review, review_page

_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)

router = Router()  # type: ignore[no-untyped-call]  # Powertools leaves its constructor without types


@router.get("/studio")
def page() -> Response[Any]:
    """The studio's page. It asks for a key, and calls the other routes with it."""
    event = router.current_event.raw_event
    if event["requestContext"]["path"].endswith("/"):  # its links are relative
        return Response(302, headers={"Location": f"{urls.base(event)}/studio"})
    return page_file(review_page.INDEX)


@router.get("/page/<name>")
def page_file(name: str) -> Response[Any]:
    """A file of the page."""
    found = review_page.asset(name)
    if found is None:
        raise ApiError("not_found", "The studio's page has no such file.")
    return Response(200, found[1], found[0].decode(), headers=review_page.headers(wiring.jobs().jobs.origins()))


@router.get("/v1/session")
def session() -> Response[Any]:
    """What the page needs at its start."""
    tenant, options = routes.tenant(router.current_event.raw_event), wiring.jobs().config.options
    return responses.json_response(review.session(tenant, options, local=False))


@router.get("/v1/images")
def images() -> Response[Any]:
    """The API key's images, the most doubtful first."""
    event = router.current_event.raw_event
    query = event.get("queryStringParameters") or {}
    page = wiring.jobs().images.images.page(
        routes.tenant(event),
        query.get("state", "all"),
        query.get("format"),
        query.get("after"),
        query.get("prefix", ""),
    )
    return responses.json_response(page)


@router.get("/v1/images/<id_>")
def image(id_: str) -> Response[Any]:
    """All of one image."""
    tenant = routes.tenant(router.current_event.raw_event)
    return responses.json_response(wiring.jobs().images.record(tenant, checked(id_)))


@router.put("/v1/images/<id_>/edits")
def edit(id_: str) -> Response[Any]:
    """Store what a person changed, and have the image cut again."""
    event = router.current_event.raw_event
    record = wiring.jobs().images.edit(routes.tenant(event), checked(id_), bodies.json_object(api_gateway.body(event)))
    return responses.json_response(record)


@router.put("/v1/images/<id_>/decision")
def decide(id_: str) -> Response[Any]:
    """Store what a person decided."""
    event = router.current_event.raw_event
    record = wiring.jobs().images.decide(
        routes.tenant(event), checked(id_), bodies.json_object(api_gateway.body(event))
    )
    return responses.json_response(record)


def checked(id_: str) -> str:
    """The id of an image. Raises ApiError if it cannot be an id."""
    if not _ID.fullmatch(id_):
        raise ApiError("not_found", "There is no job with this id for your API key.")
    return id_
