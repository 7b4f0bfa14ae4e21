"""Downloads from the small internet on this machine."""

import pytest

from handler.untrusted.fetch import Fetcher
from handler.untrusted.guard import Policy

URL = "https://pictures.example/a.jpg"


@pytest.fixture
def get(net):
    return lambda url=URL, policy=None, **more: Fetcher(policy or Policy(), net.wire).get(url, **more)
