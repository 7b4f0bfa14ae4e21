"""ApiCutoutFunction's routes of images that a person reviews: docs/studio-api.md."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from handler.events import api_gateway
from handler.http import body as bodies
from handler.http import image_routes, responses, routes, wiring
from handler.http.routes import Event
from pipeline.types import Encoded

router = Router()  # type: ignore[no-untyped-call]  # Powertools leaves its constructor without types


@router.post("/v1/images/<id_>/preview")
def preview(id_: str) -> Response[Any]:
    """The cutout with these edits, as a small image."""
    event = router.current_event.raw_event
    edits = bodies.json_object(api_gateway.body(event))
    data, confidence = wiring.cutouts().views.preview(routes.tenant(event), image_routes.checked(id_), edits)
    return Response(200, "image/png", data, headers={"X-Hairline-Confidence": f"{confidence:.3f}"})


@router.get("/v1/images/<id_>/download")
def download(id_: str) -> Response[Any]:
    """The cutout in the form that the query asks for, or a link to it."""
    event = router.current_event.raw_event
    tenant = routes.tenant(event)
    made = wiring.cutouts().views.download(tenant, image_routes.checked(id_), _query(event))
    return _file(made, tenant, {})


@router.get("/v1/images/<id_>/compliance")
def compliance(id_: str) -> Response[Any]:
    """How the listing image meets its marketplace's rules."""
    event = router.current_event.raw_event
    tenant, marketplace = routes.tenant(event), _query(event).get("marketplace", "")
    found = wiring.cutouts().views.compliance(tenant, image_routes.checked(id_), marketplace)
    return responses.json_response(found)


@router.get("/v1/approved.zip")
def approved() -> Response[Any]:
    """A link to a ZIP of approved images, and the image after which the next one begins."""
    event = router.current_event.raw_event
    tenant, query = routes.tenant(event), _query(event)
    deps = wiring.cutouts()
    data, next_ = deps.views.approved(tenant, query, query.pop("after", ""))
    return responses.link(deps.responses.put(tenant, data, "application/zip"), next=next_)


# After the routes whose last part is a word, because Powertools takes the first that matches.
@router.get("/v1/images/<id_>/<view>")
def view(id_: str, view: str) -> Response[Any]:
    """An image, or a link to it."""
    event = router.current_event.raw_event
    tenant, query = routes.tenant(event), _query(event)
    found = wiring.cutouts().views.view(tenant, image_routes.checked(id_), view)
    return _file(found, tenant, {"Cache-Control": "private, max-age=3600"} if "v" in query else {})


def _query(event: Event) -> dict[str, str]:
    query: Mapping[str, str] = event.get("queryStringParameters") or {}
    return dict(query)


def _file(made: Encoded | str, tenant: str, headers: Mapping[str, str]) -> Response[Any]:
    """made: a file, or a link to it."""
    if isinstance(made, str):
        return responses.link(made)
    if len(made.data) <= responses.MAX_RESPONSE_BYTES:
        return Response(200, made.content_type, made.data, headers=dict(headers))
    return responses.link(wiring.cutouts().responses.put(tenant, made.data, made.content_type))
