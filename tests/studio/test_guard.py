"""Only the browser that opened the printed address may use the studio, and only from the studio's own page."""

import pytest

from tests.studio.conftest import Client


@pytest.fixture
def stranger(guard):
    return Client(guard)


def test_no_request_is_answered_without_the_token(stranger, guard):
    for path in (
        "/",
        "/page/main.js",
        "/v1/session",
        "/v1/images",
        "/?token=wrong",
        f"/v1/session?token={guard.token}",
    ):
        assert stranger.send("GET", path)[0] == 401, path
    assert stranger.send("POST", "/v1/images?name=a.jpg", b"x")[0] == 401


def test_the_token_becomes_a_cookie_that_no_script_reads_and_no_other_site_sends(stranger, guard):
    _, headers, _ = stranger.send("GET", f"/?token={guard.token}")
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert stranger.send("GET", "/v1/session")[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:{port}", "127.0.0.1", "localhost:1"])
def test_another_host_name_is_rejected_even_with_the_cookie(client, guard, host):
    assert client.send("GET", "/v1/session", Host=host.format(port=guard.port))[0] == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None, "http://127.0.0.1:1"])
def test_a_page_of_another_site_changes_nothing_even_with_the_cookie(client, origin):
    assert client.send("POST", "/v1/images?name=a.jpg", b"\xff\xd8\xff", Origin=origin)[0] == 403
    assert client.send("PUT", "/v1/images/x/edits", {}, Origin=origin)[0] == 403


def test_every_response_forbids_foreign_content_and_guessing_of_types(client):
    for path in ("/", "/page/style.css", "/v1/session", "/nothing"):
        _, headers, _ = client.send("GET", path)
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/page/..%2fserver.py", "/page/%2e%2e/server.py", "/page/../../README.md", "/page//etc/passwd"]
)
def test_no_file_but_those_of_the_page_is_served(client, path):
    assert client.send("GET", path)[0] in (308, 404)


def test_a_link_out_of_the_folder_is_not_served(folder, client, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"\x89PNG\r\n\x1a\n secret")
    entry = next(entry for entry in client.settled()["images"] if entry["name"] == "coffee.jpg")
    alpha = folder / "cutouts" / "coffee.alpha.png"
    kept = alpha.read_bytes()
    alpha.unlink()
    alpha.symlink_to(secret)
    try:
        status, _, content = client.send("GET", f"/v1/images/{entry['id']}/alpha")
        assert status == 404
        assert b"secret" not in content
    finally:
        alpha.unlink()
        alpha.write_bytes(kept)
