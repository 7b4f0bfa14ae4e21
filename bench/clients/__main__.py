"""What remove.bg's published clients get from the HTTP API on this machine: `python -m bench.clients`.

Writes a table to RESULTS.md. Needs curl, Node.js and npm; with --go, Go and a checkout of github.com/remove-bg/go. The
clients are unchanged except for their address. The exit status is 1 if a client does not get an image with size=auto.
"""

import argparse
import io
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bench import results
from handler.local import api, samples, stack
from handler.local.emulator import emulator

MEGAPIXELS = (1, 12, 24)
SIZES, FORMATS = ("auto", "full"), ("png", "jpg", "zip")
PACKAGES = ("remove.bg@1.3.0", "removebg-wrapper@1.0.3", "axios@1.21.1", "form-data@4.0.6", "node-fetch@2.7.0")
ADDRESS = "https://api.remove.bg/v1.0/removebg"
HERE = Path(__file__).parent
TIMEOUT_S = 120
LOG = "errors.log"
"""Where the package removebg writes the body of an error."""
_PYTHON = f"""
import sys
from removebg import removebg
removebg.API_ENDPOINT = sys.argv[1]
removebg.RemoveBg(sys.argv[2], "{LOG}").remove_background_from_img_file("photo.jpg", size=sys.argv[3])
"""


@dataclass(frozen=True, slots=True)
class Client:
    """command: from size and format to a command line, which leaves the result in the folder that it runs in.
    sizes, formats: those that the client can ask for.
    """

    name: str
    command: Callable[[str, str], list[str]]
    sizes: tuple[str, ...] = SIZES
    formats: tuple[str, ...] = FORMATS


def clients(folder: Path, url: str, key: str, go: Path | None) -> Iterator[Client]:
    """Install the clients in a folder, with the API's address. go: a checkout of the Go client."""
    subprocess.run(["npm", "install", "--silent", "--prefix", folder, *PACKAGES], check=True)
    for package in ("remove.bg/dist/index.js", "removebg-wrapper/index.js"):
        _replace_address(folder / "node_modules" / package, url)
    node = ["node", str(HERE / "clients.js")]
    curl = ["curl", "-sS", "--fail-with-body", "-o", "no-bg", "-H", f"X-API-Key: {key}", "-F", "image_file=@photo.jpg"]
    yield Client("curl", lambda size, format_: [*curl, "-F", f"size={size}", "-F", f"format={format_}", url])
    python = [sys.executable, "-c", _PYTHON, url, key]
    yield Client("PyPI removebg 0.4", lambda size, _: [*python, size], formats=("default",))
    yield Client("npm remove.bg 1.3.0", lambda size, _: [*node, "remove.bg", url, key, size], formats=("default",))
    wrapper = [*node, "removebg-wrapper", url, key]
    yield Client("npm removebg-wrapper 1.0.3", lambda *_: wrapper, sizes=("auto",), formats=("default",))
    yield Client("npm axios 1.21.1", lambda size, format_: [*node, "axios", url, key, size, format_])
    yield Client("npm node-fetch 2.7.0", lambda size, format_: [*node, "node-fetch", url, key, size, format_])
    if go is not None:
        module = shutil.copytree(go / "client", folder / "go" / "client", ignore=shutil.ignore_patterns("*_test.go"))
        _replace_address(module / "client.go", url)
        (folder / "go" / "go.mod").write_text("module removebg\n")
        shutil.copy(HERE / "clients.go", folder / "go" / "main.go")
        subprocess.run(["go", "build", "-o", "clients"], cwd=folder / "go", check=True)
        program = str(folder / "go" / "clients")
        yield Client("remove.bg's Go client", lambda size, format_: [program, key, size, format_])


def _replace_address(file: Path, url: str) -> None:
    text = file.read_text("utf-8")
    if ADDRESS not in text:
        raise ValueError(f"{file} does not contain {ADDRESS}.")
    file.write_text(text.replace(ADDRESS, url), "utf-8")


def photograph(megapixels: float) -> bytes:
    """A JPEG of a cup of coffee at that size, 4:3, with a sensor's noise: 12 megapixels have 1.5 MB."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    coffee = next(path for path in samples.samples() if path.name == "coffee.png")
    enlarged = np.asarray(Image.open(coffee).convert("RGB").resize((height * 4 // 3, height))).astype(np.float32)
    noise = np.random.default_rng(1).normal(0, 3, enlarged.shape)
    buffer = io.BytesIO()
    Image.fromarray((enlarged + noise).clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def outcome(command: Sequence[str], photo: bytes, modules: Path) -> tuple[bool, str]:
    """Whether the client wrote an image, and which; otherwise what it said. modules: of Node.js."""
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "photo.jpg").write_bytes(photo)
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment | {"NODE_PATH": str(modules)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        files = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "photo.jpg"}
    try:
        (data,) = (data for name, data in files.items() if name != LOG)
        return done.returncode == 0, described(data)
    except (ValueError, OSError):
        output = done.stderr + done.stdout + b"".join(files.values()).decode("utf-8", "replace")
        code = re.search(r'code\\*["\']?: \\*["\'](\w+)', output)
        lines = output.strip().splitlines() or [f"exit status {done.returncode}, no file"]
        return False, code[1] if code else lines[-1][:60]


def described(data: bytes) -> str:
    """Format and size of a result. Raises OSError if it is not an image or a ZIP of one."""
    kind, picture = "ZIP", data
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            picture = archive.read("color.jpg")
    with Image.open(io.BytesIO(picture)) as image:
        image.load()
        kind = kind if picture is not data else str(image.format)
        return f"{kind}, {image.width * image.height / 1e6:.1f} MP, {len(data) / 1e6:.1f} MB"


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.clients", description=__doc__)
    parser.add_argument("--go", type=Path, metavar="FOLDER", help="checkout of github.com/remove-bg/go")
    args = parser.parse_args(argv)
    rows, failed = [], []
    photos = [photograph(megapixels) for megapixels in MEGAPIXELS]
    with tempfile.TemporaryDirectory() as name, emulator() as endpoint:
        folder = Path(name)
        with api.serving(stack.create(endpoint), folder / "api.log") as site:
            for client in clients(folder, f"{site.url}/v1.0/removebg", site.key, args.go):
                for size, format_ in itertools.product(client.sizes, client.formats):
                    tried = [outcome(client.command(size, format_), photo, folder / "node_modules") for photo in photos]
                    row = [client.name, f"{size}, {format_}", *(text for _, text in tried)]
                    print(*row, sep=" | ", flush=True)
                    rows.append(row)
                    failed += [row[:2] for good, _ in tried if size == "auto" and not good]
    head = ["client", "size, format", *(f"{megapixels} MP" for megapixels in MEGAPIXELS)]
    part = f"{results.table(head, rows)}\n\n{results.machine()}."
    results.write_part("clients", part)
    print(f"Without an image for size=auto: {failed or 'no client'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
