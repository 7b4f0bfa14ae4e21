"""S3's checks of presigned links and forms, which moto lacks: signature, expiry, and a form's policy.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html (links)
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html (forms)
"""

import base64
import binascii
import hmac
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from botocore.auth import SIGV4_TIMESTAMP, S3SigV4PostAuth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from werkzeug.wrappers import Request, Response

from handler.local.environment import CREDENTIALS, REGION

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SIGNER = Credentials(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"])
_UNCHECKED = {"file", "policy", "x-amz-signature"}
"""Fields of a form that its policy need not name."""


class Rejected(Exception):
    """S3's answer: its HTTP status, its error code, and the message as text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code

    def response(self) -> Response:
        """The answer in S3's form."""
        error = f"<Error><Code>{self.code}</Code><Message>{escape(str(self))}</Message></Error>"
        return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{error}', self.status, content_type="application/xml")


class PresignedChecks:
    """A WSGI application in front of another one. It rejects requests that are signed wrongly."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer as S3 does."""
        request = Request(environ)
        try:
            if "X-Amz-Signature" in request.args:
                check_link(request)
            elif request.method == "POST" and request.mimetype == "multipart/form-data":
                body = request.get_data()
                check_form(Request({**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}))
                environ = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
                environ.pop("HTTP_TRANSFER_ENCODING", None)
        except Rejected as error:
            return error.response()(environ, start_response)
        return self._app(environ, start_response)


def check_link(request: Request) -> None:
    """Raises Rejected if a presigned URL was changed or has expired."""
    args = request.args
    timestamp = args.get("X-Amz-Date", "")
    try:
        signed = datetime.strptime(timestamp, SIGV4_TIMESTAMP).replace(tzinfo=UTC)
        end = signed + timedelta(seconds=int(args.get("X-Amz-Expires", "")))
    except ValueError as error:
        raise Rejected(400, "AuthorizationQueryParametersError", "X-Amz-Date or X-Amz-Expires is not valid") from error
    if datetime.now(UTC) > end:
        raise Rejected(403, "AccessDenied", "Request has expired")
    path, _, query = request.environ["RAW_URI"].partition("?")
    rest = "&".join(part for part in query.split("&") if not part.startswith("X-Amz-Signature="))
    names = args.get("X-Amz-SignedHeaders", "").split(";")
    copy = AWSRequest(
        request.method, f"http://{request.host}{path}?{rest}", {name: request.headers.get(name, "") for name in names}
    )
    copy.context["timestamp"] = timestamp
    auth = S3SigV4QueryAuth(_SIGNER, "s3", REGION)
    _same(auth.signature(auth.string_to_sign(copy, auth.canonical_request(copy)), copy), args["X-Amz-Signature"])


def check_form(request: Request) -> None:
    """Raises Rejected if an upload does not meet the policy of its form, or the form has expired."""
    fields = {name.lower(): value for name, value in request.form.items()}
    copy = AWSRequest()
    copy.context["timestamp"] = fields.get("x-amz-date", "")
    expected = S3SigV4PostAuth(_SIGNER, "s3", REGION).signature(fields.get("policy", ""), copy)
    _same(expected, fields.get("x-amz-signature", ""))
    try:
        policy = json.loads(base64.b64decode(fields["policy"], validate=True))
        end = datetime.fromisoformat(policy["expiration"])
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise Rejected(400, "InvalidPolicyDocument", "Invalid Policy: it cannot be read") from error
    if datetime.now(UTC) > end:
        raise Rejected(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
    file = request.files.get("file")
    if file is None:
        raise Rejected(400, "InvalidArgument", "POST requires exactly one file upload per request.")
    # The key may refer to the name of the file.
    facts = fields | {"bucket": request.path.strip("/").partition("/")[0]}
    _hold(policy["conditions"], facts, file.stream.seek(0, io.SEEK_END))


def _hold(conditions: Iterable[Any], facts: Mapping[str, str], size: int) -> None:
    named = {"bucket"}
    for condition in conditions:
        rows = [["eq", f"${name}", value] for name, value in condition.items()] if isinstance(condition, dict) else []
        for kind, name, value in rows or [condition]:
            if kind.lower() == "content-length-range":
                _fits(size, int(name), int(value))
                continue
            field = name.removeprefix("$").lower()
            named.add(field)
            fact = facts.get(field, "")
            if not (fact == value if kind.lower() == "eq" else fact.startswith(value)):
                failed = json.dumps([kind, name, value])
                raise Rejected(403, "AccessDenied", f"Invalid according to Policy: Policy Condition failed: {failed}")
    if extra := {name for name in facts if not name.startswith("x-ignore-")} - named - _UNCHECKED:
        raise Rejected(403, "AccessDenied", f"Invalid according to Policy: Extra input fields: {min(extra)}")


def _fits(size: int, least: int, most: int) -> None:
    if size < least:
        raise Rejected(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
    if size > most:
        raise Rejected(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")


def _same(expected: str, sent: str) -> None:
    if not hmac.compare_digest(expected.encode(), sent.encode()):
        message = "The request signature we calculated does not match the signature you provided."
        raise Rejected(403, "SignatureDoesNotMatch", message)
