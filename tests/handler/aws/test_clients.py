"""boto3's clients as the functions use them."""

import pytest

from handler.aws.bucket import S3Store
from handler.aws.clients import Patience, client
from handler.jobs import ObjectRef

HOSTS = {
    "us-east-1": "https://images.s3.amazonaws.com/",
    "eu-west-1": "https://images.s3.eu-west-1.amazonaws.com/",
    "il-central-1": "https://images.s3.il-central-1.amazonaws.com/",  # which never had the global host
    "cn-north-1": "https://images.s3.cn-north-1.amazonaws.com.cn/",
}


@pytest.mark.parametrize("region", HOSTS)
def test_links_and_upload_forms_lead_to_the_regions_own_host(region, monkeypatch):
    for name, value in (("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_DEFAULT_REGION", region)):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    store, ref = S3Store(client("s3", Patience.REQUEST)), ObjectRef("images", "api/t/1")
    assert store.link(ref, 60).startswith(HOSTS[region] + "api/t/1?")
    assert store.upload_form(ref, "image/png", {}, 10, 60)["url"] == HOSTS[region]
