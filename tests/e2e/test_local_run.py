"""`make run` and `make serve`, as a new user runs them."""

import io
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from PIL import Image

from handler.local.__main__ import main
from handler.local.environment import client
from handler.local.samples import SAMPLES

LOCAL = [sys.executable, "-m", "handler.local"]
PATIENCE_S = 180


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*LOCAL, "run", *map(str, arguments)], capture_output=True, text=True, check=False)


@contextmanager
def started(*arguments: str | Path, background: bool = False) -> Iterator[subprocess.Popen[str]]:
    """A run that gets Ctrl-C as a terminal would send it: to the whole process group.

    background: as a script starts it with &, which makes it ignore Ctrl-C.
    """
    ignore = ["env", "--ignore-signal=INT"] if background else []
    process = subprocess.Popen(
        [*ignore, *LOCAL, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={
            **os.environ,
            "AWS_PROFILE": "production",
            "AWS_ENDPOINT_URL": "https://s3.example",
            "PYTHONUNBUFFERED": "1",
        },
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def listens(endpoint: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(endpoint).port)) == 0


def until(holds: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"timed out waiting for {what}"
        time.sleep(0.05)


def test_the_sample_photographs_are_cut_out(tmp_path: Path) -> None:
    ended = run("--out", tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    for name in SAMPLES:
        line = re.search(rf"^{re.escape(name)}  \d+\.\d s  confidence [01]\.\d\d  (\S+)", ended.stdout, re.MULTILINE)
        assert line, ended.stdout
        cutout = Image.open(line[1])
        assert cutout.mode == "RGBA"
        assert cutout.getchannel("A").getextrema() == (0, 255)
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["alpha.png", "cutout.png", "report.json"]
    # The README shows these lines. Seconds, and by a little the confidence, depend on the machine.
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    shown = re.findall(r"^\S+  \d.+cutout\.png.*$", readme, re.MULTILINE)
    printed = [line for line in ended.stdout.replace(f"{tmp_path}/", "out/").splitlines() if "cutout.png" in line]
    figures = re.compile(r"\d\.\d s  confidence \d\.\d\d")
    assert [figures.sub("", line) for line in shown] == [figures.sub("", line) for line in printed]


def test_your_own_images_are_cut_out(tmp_path: Path, small: bytes) -> None:
    folder, out = tmp_path / "my photos", tmp_path / "out"
    (folder / "shoes").mkdir(parents=True)
    (folder / "shoes" / "a+b 100%.png").write_bytes(small)
    (folder / "page.jpg").write_bytes(b"<html></html>")
    (folder / "empty.png").write_bytes(b"")
    (out / "page.jpg").mkdir(parents=True)
    for name in ("cutout.png", "alpha.png", "probability.png", "sheet.jpg", "etsy.jpg"):
        (out / "page.jpg" / name).write_bytes(b"of an earlier run")
    (out / "page.jpg" / "mine.txt").write_text("stays")

    ended = run(folder, "--out", out)
    assert ended.returncode == 1  # some were rejected
    assert re.search(r"^shoes/a\+b 100%\.png  .* confidence ", ended.stdout, re.MULTILINE)
    assert re.search(r"^page\.jpg  rejected: .*HTML", ended.stdout, re.MULTILINE)
    assert "empty.png  rejected: the file is empty" in ended.stdout
    assert (out / "shoes/a+b 100%.png/cutout.png").exists()
    assert sorted(path.name for path in (out / "page.jpg").iterdir()) == ["mine.txt", "report.json"]


@pytest.mark.parametrize("arguments", [["nowhere.jpg"], ["--no-such-option"]])
def test_wrong_arguments_are_named(tmp_path: Path, arguments: list[str]) -> None:
    ended = run(*arguments, "--out", tmp_path)
    assert ended.returncode == 2
    assert arguments[0] in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_without_images_is_named(tmp_path: Path) -> None:
    ended = run(tmp_path, "--out", tmp_path / "out")
    assert ended.returncode == 2
    assert f"There are no images in {tmp_path}" in ended.stderr


def welcome(process: subprocess.Popen[str]) -> dict[str, str]:
    """The output of `serve`: name to value, and the whole text under the name ""."""
    assert process.stdout is not None
    text = ""
    while "Ctrl-C" not in text:
        line = process.stdout.readline()
        assert line, "it ended early"
        text += line
    return {"": text} | dict(re.findall(r"^(\w[\w ]+?)  +(\S+)", text, re.MULTILINE))


def processes(group: int) -> list[str]:
    """The command lines of a process and its descendants, each in its own session."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in table.splitlines()]
    found = {str(group)}
    while more := {pid for pid, parent, _ in rows if parent in found} - found:
        found |= more
    return [pid for pid, *_ in rows if pid in found]


def test_serve_processes_what_arrives_until_ctrl_c(tmp_path: Path, small: bytes) -> None:
    (tmp_path / "photo.jpg").write_bytes(small)
    with started("serve", "--out", tmp_path) as process:
        assert process.stdout is not None
        shown = welcome(process)
        commands = re.findall(r"^  (curl .*)$", shown[""], re.MULTILINE)
        assert len(commands) == 3
        assert "aws" not in shown[""]

        def follow(command: str) -> None:
            subprocess.run(shlex.split(command), cwd=tmp_path, check=True, capture_output=True)

        through_api, put, download = commands
        follow(through_api)
        with Image.open(tmp_path / "cutout.png") as cutout:
            assert cutout.mode == "RGBA"
        (tmp_path / "cutout.png").unlink()
        follow(put)
        assert re.match(r"photo\.jpg  .*confidence", process.stdout.readline())
        follow(download)
        with Image.open(tmp_path / "cutout.png") as cutout:
            assert cutout.mode == "RGBA"

        # Twice the same key: the second replaces the first, and is reported as well.
        for data, word in ((small, "confidence"), (b"<html>", "rejected")):
            client("s3", shown["Endpoint"]).upload_fileobj(io.BytesIO(data), shown["Input bucket"], "a b.png")
            assert re.match(rf"a b\.png  .*{word}", process.stdout.readline())

        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate()
        assert process.returncode == 0
        assert errors.strip() == "Stopped."
        assert not listens(shown["Endpoint"])


def test_sigterm_ends_a_server_in_the_background_with_all_its_processes(tmp_path: Path, small: bytes) -> None:
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    arguments = ("--port", str(port), "--key", "my-key", "--custom-domain", "--out", tmp_path)
    with started("serve", *arguments, background=True) as process:
        shown = welcome(process)
        assert (shown["HTTP API"], shown["API key"]) == (f"http://127.0.0.1:{port}", "my-key")
        url, headers = f"http://127.0.0.1:{port}/v1/jobs", {"X-Api-Key": "my-key"}
        made = requests.post(url, headers=headers, timeout=60)
        assert (made.status_code, made.headers["Location"]) == (202, f"/v1/jobs/{made.json()['id']}")
        assert requests.get(urljoin(url, made.headers["Location"]), headers=headers, timeout=60).status_code == 200

        second = subprocess.run([*LOCAL, "serve", "--out", str(tmp_path)], capture_output=True, text=True, check=False)
        assert second.returncode == 2
        assert str(tmp_path / "serve") in second.stderr
        taken = subprocess.run(
            [*LOCAL, "serve", "--port", str(port), "--out", str(tmp_path / "second")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert taken.returncode == 2
        assert f"--port {port} cannot be used" in taken.stderr
        assert "Traceback" not in second.stderr + taken.stderr

        children = processes(process.pid)
        assert len(children) >= 7  # the emulator and six functions
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, errors.strip()) == (0, "Stopped.")
        for pid in children:
            assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    "arguments", [["--port", "0"], ["--port", "99999"], ["--port", "x"], ["--key", ""], ["--key", "a b"]]
)
def test_a_wrong_port_or_key_is_named(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", *arguments])
    assert ended.value.code == 2
    assert f"argument {arguments[0]}: {arguments[1]!r} is not" in capsys.readouterr().err


def test_ctrl_c_in_a_run_ends_it_cleanly(tmp_path: Path) -> None:
    with started("run", "--out", tmp_path) as process:
        assert process.stdout is not None
        assert "Starting" in process.stdout.readline()
        assert "astronaut.png" in process.stdout.readline()  # the other images are still in progress
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert errors.strip() == "Stopped."
    for cutout in tmp_path.glob("*/cutout.png"):
        Image.open(cutout).load()  # complete


def test_a_killed_run_leaves_no_process_behind(tmp_path: Path) -> None:
    with started("serve", "--out", tmp_path) as process:
        assert process.stdout is not None
        endpoint = ""
        while not endpoint:
            line = process.stdout.readline()
            assert line, "it ended early"
            endpoint = line.split()[1] if line.startswith("Endpoint") else ""
        assert listens(endpoint)
        process.kill()
        until(lambda: not listens(endpoint), "the emulator to end")
