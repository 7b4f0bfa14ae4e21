"""POST /v1.0/removebg as remove.bg's clients use it: good answers, and every error that a picture can have."""

import base64
import io
import json
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from handler.http.api_errors import CODES

PATH = "/v1.0/removebg"


@pytest.fixture(scope="module")
def portrait(photo):
    """The photograph at 96 x 80, as a JPEG."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(photo)).resize((96, 80)).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def image(data):
    made = Image.open(io.BytesIO(data))
    made.load()
    return made


def test_a_form_with_a_file_gives_a_cutout_and_its_measures(call, portrait):
    answer = call.post(PATH, files={"image_file": ("a.jpg", portrait)}, data={"size": "auto"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    made = image(answer.content)
    assert (made.mode, made.size) == ("RGBA", (96, 80))
    told = answer.headers
    assert (told["X-Width"], told["X-Height"]) == (told["X-Max-Width"], told["X-Max-Height"]) == ("96", "80")
    left, top, width, height = (int(told[f"X-Foreground-{side}"]) for side in ("Left", "Top", "Width", "Height"))
    solid = made.getchannel("A").point(lambda a: 255 * (a >= 128)).getbbox()
    assert left <= solid[0]
    assert top <= solid[1]
    assert solid[2] <= left + width <= 96
    assert solid[3] <= top + height <= 80
    assert told["X-Credits-Charged"] == "0"
    assert told["Access-Control-Allow-Origin"] == "*"
    assert "X-Type" not in told  # nobody looked


def test_json_in_and_json_out(call, portrait):
    asked = {"image_file_b64": base64.b64encode(portrait).decode(), "crop": True, "crop_margin": "10px", "size": "hd"}
    answer = call.post(PATH, json=asked, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    made = image(base64.b64decode(data["result_b64"]))
    assert made.size == (data["foreground_width"] + 20, data["foreground_height"] + 20)
    assert (data["foreground_left"], data["foreground_top"]) == (10, 10)


def test_urlencoded_with_a_data_url_and_a_colour(call, portrait):
    text = "data:image/jpeg;base64," + base64.b64encode(portrait).decode()
    answer = call.post(PATH, data={"image_file_b64": text, "bg_color": "00f", "format": "jpg"})
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert image(answer.content).getpixel((1, 1))[2] > 200


@pytest.mark.parametrize("encode", [base64.urlsafe_b64encode, base64.b64encode])
def test_base64url_and_plus_signs_that_are_not_escaped_are_read(call, portrait, encode):
    text = encode(portrait).decode()
    assert set("-_+/") & set(text)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert call.post(PATH, data=f"image_file_b64={text.rstrip('=')}", headers=headers).status_code == 200


def test_the_full_size_counts_the_margin_too(call, portrait):
    answer = call.post(PATH, files={"image_file": portrait}, data={"crop": "true", "crop_margin": "200px"})
    sizes = [int(answer.headers[f"X-{name}"]) for name in ("Width", "Height", "Max-Width", "Max-Height")]
    assert sizes[:2] == sizes[2:]
    assert min(sizes) > 400


def test_a_zip_recombines_to_the_png(call, portrait):
    sent = {"files": {"image_file": ("a.jpg", portrait)}}
    packed = call.post(PATH, data={"format": "zip"}, **sent)
    plain = call.post(PATH, data={"format": "png"}, **sent)
    assert packed.headers["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(packed.content))
    assert archive.namelist() == ["color.jpg", "alpha.png"]
    colour, alpha = (image(archive.read(name)) for name in archive.namelist())
    assert (colour.mode, alpha.mode) == ("RGB", "L")
    whole = np.array(image(plain.content))
    assert np.array_equal(np.array(alpha), whole[..., 3])
    solid = whole[..., 3] == 255
    assert np.abs(np.array(colour)[solid].astype(int) - whole[solid][:, :3]).mean() < 4
    assert np.array(colour)[whole[..., 3] == 0].mean() > 10  # the subject's colours go on; black would darken edges


def test_a_preview_is_small_and_a_picture_can_lie_behind(call, photo, portrait):
    large = io.BytesIO()
    Image.open(io.BytesIO(photo)).resize((800, 700)).save(large, "JPEG")
    files = {"image_file": ("a.jpg", large.getvalue()), "bg_image_file": ("b.jpg", portrait)}
    made = call.post(PATH, files=files, data={"format": "auto"})
    assert made.headers["Content-Type"] == "image/jpeg"
    width, height = image(made.content).size
    assert 240_000 < width * height <= 250_000
    assert (made.headers["X-Max-Width"], made.headers["X-Max-Height"]) == ("800", "700")


def test_alpha_and_shadow(call, portrait):
    alpha = call.post(PATH, files={"image_file": portrait}, data={"channels": "alpha"})
    assert image(alpha.content).mode == "L"
    shadow = call.post(PATH, files={"image_file": portrait}, data={"add_shadow": "true", "shadow_opacity": "100"})
    assert image(shadow.content).getchannel("A").getbbox() == (0, 0, 96, 80)


def png_header(width, height):
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (b"IHDR", body), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def flat():
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(buffer, "PNG")
    return buffer.getvalue()


PICTURES: dict[str, tuple[bytes, dict[str, str], str]] = {
    "empty": (b"", {}, "failed_to_read_image"),
    "text": (b"hello", {}, "invalid_file_type"),
    "html": (b"<html></html>", {}, "invalid_file_type"),
    "cut off": (png_header(64, 64)[:40], {}, "failed_to_read_image"),
    "huge": (png_header(10_000, 10_000), {}, "resolution_too_high"),
    "nothing in it": (flat(), {}, "unknown_foreground"),
}


@pytest.mark.parametrize(("data", "texts", "code"), PICTURES.values(), ids=PICTURES)
def test_a_picture_that_cannot_be_cut_has_its_code(call, data, texts, code):
    answer = call.post(PATH, files={"image_file": ("a.png", data)}, data=texts)
    check(answer, code)


def check(answer, code):
    assert answer.status_code == CODES[code].status, answer.text
    (error,) = answer.json()["errors"]
    assert error["code"] == code
    assert error["title"] == CODES[code].title
    assert "Traceback" not in answer.text
    assert answer.headers["X-Request-Id"]


FORMS = {
    "no source": ({"json": {}}, "missing_source"),
    "no body": ({}, "missing_source"),
    "two sources": ({"json": {"image_url": "https://a.example/b", "image_file_b64": "aGk="}}, "multiple_sources"),
    "two backgrounds": (
        {"json": {"image_file_b64": "aGk=", "bg_color": "red", "bg_image_url": "https://a.example/b"}},
        "multiple_bg_sources",
    ),
    "a URL that is none": ({"json": {"image_url": "ftp://a.example/b"}}, "invalid_image_url"),
    "a URL into the machine": ({"json": {"image_url": "https://169.254.169.254/x"}}, "failed_image_download"),
    "a background that is no URL": ({"json": {"image_file_b64": "aGk=", "bg_image_url": "b"}}, "invalid_bg_image_url"),
    "a background nowhere": (
        {"json": {"image_file_b64": "aGk=", "bg_image_url": "https://10.0.0.1/x"}},
        "failed_bg_download",
    ),
    "no base64": ({"json": {"image_file_b64": "a"}}, "failed_to_read_image"),
    "a file that is text": ({"data": {"image_file": "hello"}}, "invalid_file_type"),
    "no JSON": ({"data": b"{", "headers": {"Content-Type": "application/json"}}, "invalid_request"),
    "deep JSON": ({"data": b"[" * 100_000, "headers": {"Content-Type": "application/json"}}, "invalid_request"),
    "a list": ({"json": []}, "invalid_request"),
    "a nested value": ({"json": {"size": {"a": 1}}}, "invalid_request"),
    "twice": (
        {"data": "size=auto&size=full", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        "invalid_request",
    ),
    "the image twice": (
        {"data": "image_url=x&image_url=y", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        "multiple_sources",
    ),
    "the file twice": (
        {"files": [("image_file", ("a.jpg", b"x")), ("image_file", ("b.jpg", b"y"))]},
        "multiple_sources",
    ),
    "no boundary": ({"data": b"x", "headers": {"Content-Type": "multipart/form-data"}}, "invalid_request"),
    "broken parts": (
        {"data": b"--x\r\nnonsense", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        "invalid_request",
    ),
    "another type": ({"data": b"x", "headers": {"Content-Type": "text/plain"}}, "unsupported_media_type"),
    "too large": ({"data": b"x" * 5_000_000, "headers": {"Content-Type": "image/png"}}, "request_too_large"),
    "a bad parameter": ({"json": {"image_file_b64": "aGk=", "size": "tiny"}}, "invalid_size"),
}


@pytest.mark.parametrize(("sent", "code"), FORMS.values(), ids=FORMS)
def test_a_form_that_cannot_be_read_has_its_error_code(call, sent, code):
    check(call.post(PATH, **sent), code)


@pytest.mark.parametrize(
    ("sent", "unwanted"),
    [
        ({"files": {"image_file": ("a.png", flat())}}, "trimap"),
        ({"json": {"image_file_b64": "hello"}}, "/v1/jobs"),
        ({"json": {"image_file_b64": "hello"}}, "characters"),
    ],
)
def test_the_detail_advises_only_what_this_route_takes(call, sent, unwanted):
    (error,) = call.post(PATH, **sent).json()["errors"]
    assert error["detail"]
    assert unwanted not in error["detail"]


def test_a_background_url_that_leads_to_no_image_is_named(call, portrait, web):
    answer = call.post(PATH, files={"image_file": portrait}, data={"bg_image_url": f"{web}/page.html"})
    check(answer, "invalid_bg_image")
    assert "bg_image_url" in answer.json()["errors"][0]["detail"]


def test_outside_of_the_region_is_background(call, portrait):
    answer = call.post(PATH, files={"image_file": portrait}, data={"roi": "0 0 72px 100%", "channels": "alpha"})
    assert answer.status_code == 200, answer.text
    assert image(answer.content).crop((73, 0, 96, 80)).getextrema() == (0, 0)
    check(call.post(PATH, files={"image_file": portrait}, data={"roi": "0 0 97px 100%"}), "roi_exceeds_bounds")
    check(call.post(PATH, files={"image_file": portrait}, data={"roi": "9px 0 9px 100%"}), "roi_region_empty")


def test_a_bad_background_does_not_count_as_a_bad_image(call, portrait):
    files = {"image_file": ("a.jpg", portrait), "bg_image_file": ("b.jpg", b"hello")}
    check(call.post(PATH, files=files), "invalid_bg_image")


def test_a_result_that_its_format_cannot_hold(call):
    # The network sees it squeezed into a square, where this is a disc.
    picture, wide = Image.new("RGB", (17_000, 300), (225, 225, 220)), io.BytesIO()
    ImageDraw.Draw(picture).ellipse((4_000, 45, 13_000, 255), fill=(180, 40, 30))
    picture.save(wide, "JPEG")
    answer = call.post(PATH, files={"image_file": ("a.jpg", wide.getvalue())}, data={"format": "webp", "size": "50MP"})
    check(answer, "invalid_dimensions")


def test_the_error_for_a_large_file_names_the_way_for_larger_files(call):
    answer = call.post(PATH, data=b"x" * 11_000_000)
    assert answer.status_code == 413
    assert "/v1/jobs" in answer.json()["errors"][0]["detail"]
    json.loads(answer.content)
