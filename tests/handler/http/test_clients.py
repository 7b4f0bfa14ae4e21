"""Clients that know remove.bg, as they are but for the address."""

import base64
import io
import shutil
import subprocess

import pytest
import removebg
import requests
from PIL import Image
from removebg import removebg as client


def size(data):
    with Image.open(io.BytesIO(data)) as made:
        return made.format, made.size


@pytest.fixture
def library(site, monkeypatch, tmp_path):
    """The package `removebg` from the package index; its address is a constant of its module."""
    monkeypatch.setattr(client, "API_ENDPOINT", f"{site.url}/v1.0/removebg")
    monkeypatch.chdir(tmp_path)
    return removebg.RemoveBg(site.key, str(tmp_path / "errors.log"))


def test_the_package_removebg_with_a_file(library, photo, tmp_path):
    (tmp_path / "a.jpg").write_bytes(photo)
    library.remove_background_from_img_file("a.jpg")
    assert size((tmp_path / "a.jpg_no_bg.png").read_bytes()) == ("PNG", (256, 256))


def test_the_package_removebg_with_base64_and_a_colour(library, photo, tmp_path):
    library.remove_background_from_base64_img(base64.b64encode(photo).decode(), size="4k", bg_color="81d4fa")
    assert size((tmp_path / "no-bg.png").read_bytes()) == ("JPEG", (256, 256))


def test_the_package_removebg_with_an_address(library, web, tmp_path):
    library.remove_background_from_img_url(f"{web}/photo.jpg", size="hd")
    assert size((tmp_path / "no-bg.png").read_bytes()) == ("PNG", (256, 256))


@pytest.mark.filterwarnings("ignore:Exception ignored in")  # it leaves the file open
def test_the_package_removebg_hears_of_errors(library, tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"text")
    with pytest.raises(requests.HTTPError, match="400"):
        library.remove_background_from_img_file("a.jpg")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_curl_with_a_form(site, photo, tmp_path):
    (tmp_path / "file.jpg").write_bytes(photo)
    command = ["curl", "-s", "--noproxy", "*", "-H", f"X-API-Key: {site.key}", "-F", "image_file=@file.jpg"]
    command += ["-F", "size=auto", "-f", f"{site.url}/v1.0/removebg", "-o", "no-bg.png"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert size((tmp_path / "no-bg.png").read_bytes()) == ("PNG", (256, 256))


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_curl_can_send_the_image_as_the_body(site, photo, tmp_path):
    (tmp_path / "shoe.jpg").write_bytes(photo)
    command = ["curl", "-s", "--noproxy", "*", "-H", f"X-Api-Key: {site.key}", "--data-binary", "@shoe.jpg"]
    subprocess.run([*command, "-f", f"{site.url}/v1/cutouts", "-o", "shoe.png"], cwd=tmp_path, check=True)
    assert size((tmp_path / "shoe.png").read_bytes()) == ("PNG", (256, 256))


def test_python_with_json_as_the_npm_client_reads_it(call, photo):
    asked = {"image_file_b64": base64.b64encode(photo).decode(), "size": "regular", "type": "person"}
    answer = call.post("/v1.0/removebg", json=asked, headers={"Accept": "application/json"})
    assert size(base64.b64decode(answer.json()["data"]["result_b64"])) == ("PNG", (256, 256))
