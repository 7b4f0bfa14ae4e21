"""No local process may be able to reach a real account."""

import os

import pytest

from handler.local.environment import client, sealed


def test_the_users_aws_settings_are_removed() -> None:
    users = {
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "real",
        "AWS_ENDPOINT_URL_S3": "https://s3.example",
        "AWS_CONFIG_FILE": "/home/user/.aws/config",
        "HAIRLINE_OUTPUT_BUCKET": "production-bucket",
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "HTTPS_PROXY": "http://proxy",
        "https_proxy": "http://proxy",
    }
    clean = sealed({**users, "PATH": "/bin", "HOME": "/home/user"})
    assert clean["PATH"] == "/bin"
    assert clean["HOME"] == "/home/user"
    assert not set(users.values()) & set(clean.values())
    assert clean["AWS_CONFIG_FILE"] == clean["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


@pytest.mark.parametrize(
    "endpoint", ["https://s3.us-east-1.amazonaws.com", "http://127.0.0.1.example", "http://10.0.0.1:80", ""]
)
def test_an_endpoint_must_be_on_loopback(endpoint: str) -> None:
    with pytest.raises(ValueError, match="not on this machine"):
        client("s3", endpoint)
