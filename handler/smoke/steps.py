"""The table of steps: what each does, and what it expects. docs/first-deployment.md shows it."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urljoin

from handler import keys, notifications
from handler.smoke import web
from handler.smoke.session import Session, described, image, until
from handler.smoke.web import Unexpected

_DEPLOYED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_AWKWARD = "a+b %41 ü.jpg"
"""A name that changes where an event's key is decoded, or encoded, once too often."""


class Step(NamedTuple):
    """run: returns what it observed. Raises Unexpected, and StoreUnavailable if AWS fails."""

    name: str
    expected: str
    run: Callable[[Session], str]


def _stack(session: Session) -> str:
    deployment = session.deployment
    if deployment.status not in _DEPLOYED:
        raise Unexpected(f"status {deployment.status}")
    return f"{deployment.status}, {len(deployment.outputs)} outputs"


def _description(session: Session) -> str:
    url = session.output("ApiUrl")
    servers = web.send("GET", f"{url}/v1/openapi.json").check(200).field("servers")
    addresses = [urljoin(f"{url}/", server.get("url", "")).rstrip("/") for server in servers]
    if addresses != [url]:
        raise Unexpected(f"its servers are {', '.join(addresses)}")
    return f"its server is {url}"


def _studio(session: Session) -> str:
    url = session.output("ApiUrl")
    page, script = (web.send("GET", f"{url}/{path}").check(200) for path in ("studio", "page/main.js"))
    kinds = [reply.headers.get("content-type", "").partition(";")[0] for reply in (page, script)]
    if kinds != ["text/html", "text/javascript"]:
        raise Unexpected(f"the page and its script are {' and '.join(kinds)}")
    return "the page and its script need no key"


def _api_key(session: Session) -> str:
    web.send("GET", session.output("ApiUrl") + "/v1.0/account").check(403)
    session.call("GET", "/v1.0/account").check(200)
    return "403 without it, 200 with it"


def _cors(session: Session, url: str, method: str) -> str:
    """Send a preflight request, as a browser does before a request from a page."""
    allowed = session.deployment.parameters.get("CorsOrigin", "*")
    origin = "https://shop.example" if allowed == "*" else allowed
    preflight = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type,x-api-key"}
    reply = web.send("OPTIONS", url, headers={"Origin": origin, **preflight})
    answer = reply.headers.get("access-control-allow-origin")
    methods = reply.headers.get("access-control-allow-methods", "")
    if reply.status not in (200, 204) or answer not in ("*", origin) or method not in methods:
        seen = f"{reply.status}, origin {answer}, methods {methods!r}"
        raise Unexpected(f"{reply.request} from {origin} was answered with {seen}")
    return f"{method} from {origin}"


def _api_preflight(session: Session) -> str:
    return _cors(session, session.output("ApiUrl") + "/v1/jobs", "POST")


def _image(session: Session) -> str:
    key = session.upload(_AWKWARD, image())
    report = session.report(key)
    if report["status"] != "done":
        raise Unexpected(f"{key} is {report['status']}: {report['reason']['message']}")
    files = {}
    for name in report["files"]:
        data = session.read("OutputBucket", keys.output(key, name))
        if data is None:
            raise Unexpected(f"the report of {key} names {name}, which the output bucket does not have")
        files[name] = data
    return f"{_results(files)}, confidence {report['quality']['confidence']:.2f}"


def _results(files: Mapping[str, bytes]) -> str:
    """The names of an image's results, and what its cutout is. Raises Unexpected if there is none."""
    for name, data in files.items():
        if name.startswith(f"{keys.CUTOUT}."):
            return f"{', '.join(files)}; {described(data)}"
    raise Unexpected(f"there is no cutout among {', '.join(files) or 'no files'}")


def _not_an_image(session: Session) -> str:
    report = session.report(session.upload("page.jpg", b"<!DOCTYPE html>"))
    if report["status"] == "done":
        raise Unexpected("it was cut out")
    if (code := report["reason"]["code"]) != "not_an_image":
        raise Unexpected(f"it is {report['status']}: {code}, {report['reason']['message']}")
    return "rejected as not_an_image"


def _cutout(session: Session) -> str:
    reply = session.call("POST", "/v1/cutouts", body=image(), headers={"Content-Type": "image/jpeg"}).check(200)
    return described(reply.data)


def _removebg(session: Session) -> str:
    form = [("image_file", ("image.jpg", image())), ("size", "auto")]
    return described(session.call("POST", "/v1.0/removebg", form=form).check(200).data)


def _job(session: Session) -> str:
    job = session.create_job({})
    if (status := session.call_job("GET", job).check(200).field("status")) != "queued":
        raise Unexpected(f"{job.url} is {status} before its image was uploaded")
    session.submit(job, content_type="text/html").check(403)
    session.submit(job).check(204)
    ended = session.finished(job)
    if ended.field("status") != "done":
        raise Unexpected(f"{job.url} is {ended.field('status')}: {ended.field('reason')}")
    links = ended.field("files")
    files = {name: web.send("GET", link).check(200).data for name, link in links.items()}
    return _results(files)


def _upload_preflight(session: Session) -> str:
    if session.deployment.parameters.get("ExistingInputBucket"):
        return "not checked: the CORS rules of ExistingInputBucket are yours"
    return _cors(session, session.create_job({}).form["url"], "POST")


def _webhook(session: Session) -> str:
    web.send("POST", f"{session.output('WebhookUrl')}smoke-test", body=b"{}").check(401)
    return "401"


def _callback(session: Session) -> str:
    if session.callback is None:
        return "not sent: no --callback was given"
    job = session.create_job({"callback_url": session.callback})
    session.submit(job).check(204)
    session.finished(job)
    report = session.report(job.key)
    notification = notifications.from_report(report, session.output("OutputBucket"), session.callback)
    delivered = keys.callback(notification.id)
    until(f"a 2xx of {session.callback} to {notification.id}", lambda: session.read("StateBucket", delivered))
    return f"{notification.id} was delivered"


def _delete(session: Session) -> str:
    job = session.create_job({})
    session.submit(job).check(204)
    session.finished(job)
    session.call_job("DELETE", job).check(204)
    until(f"404 of {job.url}", lambda: session.call_job("GET", job).status == HTTPStatus.NOT_FOUND or None)
    if session.read("OutputBucket", keys.output(job.key, keys.REPORT)) is not None:
        raise Unexpected(f"the report of {job.key} is still there")
    return f"{job.url} is gone, with its results"


def _queues(session: Session) -> str:
    left: dict[str, int] = {}

    def look() -> bool | None:
        left.clear()
        left.update(session.deployment.waiting())
        return None if left else True

    try:
        until("an end of the messages", look)
    except Unexpected as error:
        raise Unexpected(", ".join(f"{name}: {count} waiting" for name, count in left.items())) from error
    return "all are empty"


def _alarms(session: Session) -> str:
    states = session.deployment.alarms()
    if not states:
        raise Unexpected(f"the stack {session.deployment.stack} has no alarms")
    if ringing := [name for name, state in states.items() if state == "ALARM"]:
        raise Unexpected(", ".join(ringing))
    return f"none of {len(states)}"


def _clean_up(session: Session) -> str:
    for leftover in session.leftovers():
        session.deployment.store.erase(leftover)
    return f"{len(session.created)} images and their results"


STEPS = (
    Step("stack", "its status is CREATE_COMPLETE or UPDATE_COMPLETE", _stack),
    Step("description", "GET /v1/openapi.json needs no key, and its only server is ApiUrl", _description),
    Step("studio", "GET /studio and a script of the page answer 200 without a key", _studio),
    Step("API key", "GET /v1.0/account answers 403 without the key and 200 with it", _api_key),
    Step("preflight", "a page of CorsOrigin may send POST /v1/jobs", _api_preflight),
    Step(
        "image",
        f"an image named `{_AWKWARD}` in the input bucket has a report with the status done, and the files it names",
        _image,
    ),
    Step("not an image", "a file that is not an image has a report with the status rejected", _not_an_image),
    Step("cutout", "POST /v1/cutouts answers 200 with an image", _cutout),
    Step("remove.bg", "POST /v1.0/removebg answers 200 with an image", _removebg),
    Step("job", "its Location and all links work; its form refuses another content type with 403", _job),
    Step("upload preflight", "a page of CorsOrigin may upload by a job's form", _upload_preflight),
    Step("webhook", "a source that is not registered gets 401", _webhook),
    Step("callback", "the receiver answers 2xx, and the state bucket records the delivery", _callback),
    Step("delete", "DELETE of a job answers 204; then its Location answers 404 and its results are gone", _delete),
    Step("queues", "all queues and dead-letter queues are empty", _queues),
    Step("alarms", "none is in the state ALARM", _alarms),
)
CLEAN_UP = Step("clean up", "all images, results and records of this run are deleted, in all their versions", _clean_up)
"""Runs last, also after a failure or Ctrl-C."""
