"""Presigned links and forms permit only what was signed, as on S3."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config

from handler.local.environment import CREDENTIALS, REGION

Form = dict[str, Any]


@pytest.fixture
def s3(endpoint: str) -> Any:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(signature_version="s3v4"),
    )
    client.create_bucket(Bucket="here")
    client.create_bucket(Bucket="there")
    return client


def form(s3: Any, *, expires: int = 60) -> Form:
    fixed = {"Content-Type": "image/png", "x-amz-meta-hairline": '{"format": "webp"}'}
    conditions = [*({name: text} for name, text in fixed.items()), ["content-length-range", 1, 1000]]
    made: Form = s3.generate_presigned_post(
        "here", "api/1/2", Fields=dict(fixed), Conditions=conditions, ExpiresIn=expires
    )
    return made


def post(made: Form, data: bytes = b"x") -> requests.Response:
    return requests.post(made["url"], data=made["fields"], files={"file": data}, timeout=30)


def test_an_upload_by_a_signed_form_is_stored(s3: Any) -> None:
    assert post(form(s3), b"abc").status_code == 204
    stored = s3.get_object(Bucket="here", Key="api/1/2")
    assert stored["Body"].read() == b"abc"
    assert stored["ContentType"] == "image/png"
    assert stored["Metadata"] == {"hairline": '{"format": "webp"}'}


def changed(**fields: str | None) -> Callable[[Form], Form]:
    names = {name.replace("_", "-").replace("content-type", "Content-Type"): value for name, value in fields.items()}
    return lambda made: (
        made | {"fields": {name: value for name, value in (made["fields"] | names).items() if value is not None}}
    )


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (changed(key="api/1/3"), 403, "AccessDenied"),
        (changed(content_type="text/html"), 403, "AccessDenied"),
        (changed(content_type=None), 403, "AccessDenied"),
        (changed(x_amz_meta_hairline="{}"), 403, "AccessDenied"),
        (changed(x_amz_meta_more="1"), 403, "AccessDenied"),
        (changed(acl="public-read"), 403, "AccessDenied"),
        (changed(policy="e30="), 403, "SignatureDoesNotMatch"),
        (changed(policy=None), 403, "SignatureDoesNotMatch"),
        (changed(x_amz_signature="0" * 64), 403, "SignatureDoesNotMatch"),
        (changed(x_amz_signature=None), 403, "SignatureDoesNotMatch"),
        (changed(x_amz_date="20200101T000000Z"), 403, "SignatureDoesNotMatch"),
        (lambda made: made | {"url": made["url"].replace("here", "there")}, 403, "AccessDenied"),
    ],
    ids=[
        *("key", "type", "no type", "metadata", "more metadata", "acl", "policy", "no policy", "signature"),
        *("no signature", "date", "bucket"),
    ],
)
def test_a_form_that_was_changed_is_rejected(s3: Any, change: Callable[[Form], Form], status: int, code: str) -> None:
    answer = post(change(form(s3)))
    assert (answer.status_code, f"<Code>{code}</Code>" in answer.text) == (status, True), answer.text
    assert "Contents" not in s3.list_objects_v2(Bucket="here")
    assert "Contents" not in s3.list_objects_v2(Bucket="there")


@pytest.mark.parametrize(("size", "code"), [(0, "EntityTooSmall"), (1001, "EntityTooLarge")])
def test_a_form_limits_the_size_of_its_upload(s3: Any, size: int, code: str) -> None:
    answer = post(form(s3), b"x" * size)
    assert (answer.status_code, f"<Code>{code}</Code>" in answer.text) == (400, True)
    assert post(form(s3), b"x" * 1000).status_code == 204


def test_a_form_and_a_link_expire(s3: Any) -> None:
    s3.put_object(Bucket="here", Key="a", Body=b"x")
    assert "Policy expired" in post(form(s3, expires=-1)).text
    link = s3.generate_presigned_url("get_object", Params={"Bucket": "here", "Key": "a"}, ExpiresIn=-1)
    assert requests.get(link, timeout=30).status_code == 403


def test_a_link_gives_access_to_its_object_only(s3: Any) -> None:
    for key in ("a b+c/\u00fc.png", "other"):
        s3.put_object(Bucket="here", Key=key, Body=key.encode())
    link = s3.generate_presigned_url("get_object", Params={"Bucket": "here", "Key": "a b+c/\u00fc.png"})
    assert requests.get(link, timeout=30).content.decode() == "a b+c/\u00fc.png"
    path, _, query = link.partition("?")
    signature = query.rpartition("X-Amz-Signature=")[2]
    other = "1" if signature[0] == "0" else "0"
    for wrong in (
        f"{path.rpartition('/here/')[0]}/here/other?{query}",
        link.replace(signature, other + signature[1:]),
        link.replace("X-Amz-Expires=3600", "X-Amz-Expires=99999"),
        f"{link}&versionId=1",
    ):
        answer = requests.get(wrong, timeout=30)
        assert (answer.status_code, "<Code>SignatureDoesNotMatch</Code>" in answer.text) == (403, True)
    assert requests.put(link, b"mine", timeout=30).status_code == 403
    assert requests.get(link, timeout=30).status_code == 200
