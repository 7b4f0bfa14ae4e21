"""The API on a stack of its own, as `make serve` runs it, and callers of it."""

import functools
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urljoin

import pytest
import requests
from PIL import Image

from handler.local import api, stack, worker
from handler.local.emulator import emulator
from tests.handler.hooks.shops import CALLBACK_SECRET


def png(width, height):
    """A black image."""
    buffer = io.BytesIO()
    Image.new("L", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def made():
    """A stack, without a worker. Its registry has a secret that signs callbacks."""
    with emulator() as endpoint:
        created = stack.create(endpoint)
        registry = json.dumps({"callbacks": {"secrets": [CALLBACK_SECRET]}})
        created.client("secretsmanager").put_secret_value(SecretId=created.names["Registry"], SecretString=registry)
        yield created


@pytest.fixture(scope="module")
def working(made):
    """The stack with a worker."""
    with worker.start(made):
        yield made


@pytest.fixture(scope="session")
def site(made):
    """The API, with a plan that tests do not exhaust, and two keys."""
    with api.serving(made, keys=("first", "second"), parameters={"ApiRate": "10000", "ApiBurst": "10000"}) as served:
        yield served


class Caller:
    """requests, with a key and the API's address."""

    def __init__(self, site, key):
        self.site, self.key, self._session = site, key, requests.Session()
        self._session.trust_env = False

    def __call__(self, method, path, **more):
        headers = {"X-Api-Key": self.key, **more.pop("headers", {})}
        return self._session.request(
            method, self.site.url + path, headers=headers, allow_redirects=False, timeout=60, **more
        )

    def follow(self, answer):
        """What is at the answer's Location, resolved as RFC 9110, section 10.2.2, says."""
        url = urljoin(answer.url, answer.headers["Location"])
        assert url.startswith(f"{self.site.url}/")
        found = self._session.get(url, headers={"X-Api-Key": self.key}, allow_redirects=False, timeout=60)
        assert found.status_code == 200
        return found

    def __getattr__(self, name):
        return functools.partial(self, name.upper())


@pytest.fixture(scope="session")
def call(site):
    caller = Caller(site, site.key)
    yield caller
    caller._session.close()


@pytest.fixture(scope="session")
def other(site):
    """Another tenant."""
    caller = Caller(site, site.keys[1])
    yield caller
    caller._session.close()


@pytest.fixture(scope="session")
def web(photo):
    """A web server on this machine with the photograph at /photo.jpg and a page at /page.html.

    PUT puts the photograph elsewhere too.
    """
    files = {"/photo.jpg": photo, "/page.html": b"<!doctype html><title>No image</title>"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = files.get(self.path, b"")
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_PUT(self):
            files[self.path] = photo
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
