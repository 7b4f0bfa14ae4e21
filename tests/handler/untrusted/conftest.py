"""A small internet on this machine, and downloads from it."""

import pytest

from handler.untrusted.fetch import Fetcher
from handler.untrusted.guard import Policy
from tests.handler.web import web

URL = "https://pictures.example/a.jpg"


@pytest.fixture
def net(tmp_path):
    with web(tmp_path) as made:
        yield made


@pytest.fixture
def get(net):
    return lambda url=URL, policy=None, **more: Fetcher(policy or Policy(), net.wire).get(url, **more)
