"""`make run` and `make serve`, as a newcomer calls them."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from handler.local.environment import client
from handler.local.samples import SAMPLES

LOCAL = [sys.executable, "-m", "handler.local"]
PATIENCE_S = 180


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*LOCAL, "run", *map(str, arguments)], capture_output=True, text=True, check=False)


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A run that gets Ctrl-C as a terminal would send it: to the whole process group."""
    process = subprocess.Popen(
        [*LOCAL, *map(str, arguments)],
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
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


def test_the_sample_photographs(tmp_path: Path) -> None:
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


def test_your_own_pictures(tmp_path: Path, small: bytes) -> None:
    folder, out = tmp_path / "my photos", tmp_path / "out"
    (folder / "shoes").mkdir(parents=True)
    (folder / "shoes" / "a+b 100%.png").write_bytes(small)
    (folder / "page.jpg").write_bytes(b"<html></html>")
    (folder / "empty.png").write_bytes(b"")
    (out / "page.jpg").mkdir(parents=True)
    (out / "page.jpg" / "cutout.png").write_bytes(b"of an earlier run")
    (out / "page.jpg" / "mine.txt").write_text("stays")

    ended = run(folder, "--out", out)
    assert ended.returncode == 1  # some were refused
    assert re.search(r"^shoes/a\+b 100%\.png  .* confidence ", ended.stdout, re.MULTILINE)
    assert re.search(r"^page\.jpg  refused: .*HTML", ended.stdout, re.MULTILINE)
    assert "empty.png  refused: the file is empty" in ended.stdout
    assert (out / "shoes/a+b 100%.png/cutout.png").exists()
    assert sorted(path.name for path in (out / "page.jpg").iterdir()) == ["mine.txt", "report.json"]


@pytest.mark.parametrize("arguments", [["nowhere.jpg"], ["--no-such-option"]])
def test_wrong_usage(tmp_path: Path, arguments: list[str]) -> None:
    ended = run(*arguments, "--out", tmp_path)
    assert ended.returncode == 2
    assert arguments[0] in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    ended = run(tmp_path, "--out", tmp_path / "out")
    assert ended.returncode == 2
    assert f"There are no pictures in {tmp_path}" in ended.stderr


def test_serve_works_on_what_is_dropped_until_ctrl_c(tmp_path: Path, small: bytes) -> None:
    with started("serve", "--out", tmp_path) as process:
        assert process.stdout is not None
        told = ""
        while "Ctrl-C" not in told:
            line = process.stdout.readline()
            assert line, "it ended early"
            told += line
        endpoint = re.search(r"Endpoint +(\S+)", told)
        bucket = re.search(r"Input bucket +(\S+)", told)
        assert endpoint
        assert bucket
        assert f"aws --region us-east-1 --endpoint-url {endpoint[1]} s3 cp photo.jpg s3://{bucket[1]}/" in told

        # Twice the same key: the second replaces the first, and is told of as well.
        for data, word in ((small, "confidence"), (b"<html>", "refused")):
            client("s3", endpoint[1]).upload_fileobj(io.BytesIO(data), bucket[1], "a b.png")
            assert re.match(rf"a b\.png  .*{word}", process.stdout.readline())

        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate()
        assert process.returncode == 0
        assert errors.strip() == "Stopped."
        assert not listens(endpoint[1])


def test_ctrl_c_in_a_run_ends_it_cleanly(tmp_path: Path) -> None:
    with started("run", "--out", tmp_path) as process:
        assert process.stdout is not None
        assert "Starting" in process.stdout.readline()
        assert "astronaut.png" in process.stdout.readline()  # the others are on their way
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert errors.strip() == "Stopped."
    for cutout in tmp_path.glob("*/cutout.png"):
        Image.open(cutout).load()  # whole


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
