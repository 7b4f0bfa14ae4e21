"""A page in headless Chromium that calls the API from another origin; skipped if Chromium is not installed."""

import json
import queue
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pytest

from handler.local import worker

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PAGE = (Path(__file__).parent / "page.html").read_bytes()

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def page(photo):
    """(address, outcomes): a server of the page, and a queue of what the page posts to it."""
    outcomes = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body, kind = (photo, "image/jpeg") if self.path == "/photo.jpg" else (PAGE, "text/html")
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            outcomes.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}", outcomes
        server.shutdown()


@pytest.fixture(scope="module")
def outcome(page, site, made, tmp_path_factory):
    """What happened in the page."""
    address, outcomes = page
    url = f"{address}/?{urlencode({'api': site.url, 'key': site.key})}"
    profile = tmp_path_factory.mktemp("chromium")
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    command += ["--no-proxy-server", f"--user-data-dir={profile}", url]
    with worker.start(made), (profile / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            return outcomes.get(timeout=120)
        except queue.Empty:
            raise AssertionError((profile / "log").read_text()) from None
        finally:
            process.terminate()
            process.wait(30)


def test_a_page_gets_its_image_as_remove_bg_documents_it(outcome):
    assert outcome["removebg"] == {"status": 200, "type": "image/png", "width": 256, "height": 256, "header": 256}


def test_a_page_can_read_an_error(outcome):
    assert outcome["error"] == {"status": 403, "code": "auth_failed", "request": True}


def test_a_page_uploads_an_image_downloads_its_cutout_and_deletes_the_job(outcome):
    cutout = {"status": 200, "type": "image/webp", "width": 256, "height": 256}
    assert outcome["job"] == {"uploaded": True, "status": "done", "cutout": cutout, "deleted": 204}
