"""A studio over a folder of small images, which this process serves."""

import io
import json
import time
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

import numpy as np
import pytest
from PIL import Image
from skimage import data

from pipeline import models
from pipeline.options import Options
from studio import server
from studio.studio import Studio
from studio.tasks import Model

SIZE = (384, 384)


def jpeg(picture, size=SIZE):
    file = io.BytesIO()
    Image.fromarray(picture).resize(size).save(file, "JPEG", quality=92)
    return file.getvalue()


@pytest.fixture(scope="session")
def photographs():
    """Public-domain and CC0 photographs of scikit-image, small."""
    return {name: jpeg(getattr(data, name)()[..., :3]) for name in ("astronaut", "chelsea", "coffee")}


class Client:
    """A browser, as far as cookies and origins go."""

    def __init__(self, guard):
        self.base = f"http://127.0.0.1:{guard.port}"
        self.guard = guard
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )

    def send(self, method, path, body=None, **headers):
        """(status, headers, bytes)."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Origin": self.base} | {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            self.base + path, content, {name: value for name, value in given.items() if value}, method=method
        )
        try:
            with self._opener.open(request, timeout=120) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def json(self, method, path, body=None):
        status, _, content = self.send(method, f"/v1/{path}", body)
        return status, json.loads(content)

    def settled(self, id_=None):
        """The list, or one image, as soon as nothing is waiting any more."""
        until = time.monotonic() + 240
        while time.monotonic() < until:
            _, listed = self.json("GET", "images")
            if not listed["counts"]["working"]:
                return listed if id_ is None else self.json("GET", f"images/{id_}")[1]
            time.sleep(0.2)
        raise AssertionError(listed)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, photographs):
    place = tmp_path_factory.mktemp("photos")
    for name, content in photographs.items():
        (place / f"{name}.jpg").write_bytes(content)
    (place / "empty.png").write_bytes(b"")
    (place / "notes.jpg").write_bytes(b"a list of photographs")
    return place


@pytest.fixture(scope="module")
def studio(folder):
    made = Studio(folder, Model(models.named("u2netp"), models.DEFAULT_FOLDER), Options(threads=2))
    yield made
    made.close()


@pytest.fixture(scope="module")
def guard(studio):
    with server.serving(studio, 0) as guard:
        yield guard


@pytest.fixture(scope="module")
def client(guard):
    """A browser that has opened the printed address."""
    made = Client(guard)
    assert made.send("GET", f"/?token={guard.token}")[0] == 200
    return made


def alpha_of(content):
    return np.asarray(Image.open(io.BytesIO(content)))[..., 3]
