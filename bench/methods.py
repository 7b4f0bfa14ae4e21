"""The methods that the benchmarks compare. Each cuts out an image and measures the processor time.

The time is from the file's bytes in memory to the PNG's bytes, after a warm-up image. It is processor time of all
threads together, so other work on the machine matters less.
"""

import io
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple, Protocol, Self

import numpy as np
from PIL import Image

from bench.metrics import Float32
from bench.samples import Sample
from pipeline.errors import NoSubject
from pipeline.models import DEFAULT_FOLDER
from pipeline.models.choice import Folder, chosen
from pipeline.options import Options
from pipeline.run import cut_out
from pipeline.segment import open_model

ROOT = Path(__file__).resolve().parent.parent


class Measurement(NamedTuple):
    """alpha: float32 (H, W), 0..1, all zero if the image was rejected.

    networks: how many models ran; 0 if unknown, also for rejected images. stopped: it took too long, and alpha and
    seconds are not valid.
    """

    alpha: Float32
    seconds: float
    rejected: bool = False
    networks: int = 0
    stopped: bool = False


class Method(Protocol):
    """A method to cut out images."""

    name: str

    def measure(self, sample: Sample) -> Measurement:
        """Cut out one image, and measure the processor time."""


class Hairline:
    """The pipeline in this process, with the 8-bit alpha of its PNG. A rejected image counts as an empty matte."""

    def __init__(self, name: str, options: Options, model: str = "u2netp") -> None:
        self.name, self._options = name, options
        self._segmenter = open_model(chosen(model, Folder(DEFAULT_FOLDER)), DEFAULT_FOLDER)
        self._warm = False

    def measure(self, sample: Sample) -> Measurement:
        """Raises what `cut_out` raises, except NoSubject."""
        data = sample.image.read_bytes()
        if not self._warm:
            self._cut(data)
            self._warm = True
        return self._cut(data)

    def _cut(self, data: bytes) -> Measurement:
        begin = time.process_time()
        try:
            result = cut_out(data, self._segmenter, self._options)
        except NoSubject:
            seconds = time.process_time() - begin
            with Image.open(io.BytesIO(data)) as picture:
                return Measurement(np.zeros(picture.size[::-1], np.float32), seconds, rejected=True)
        alpha, seconds = _alpha(result.output.data), time.process_time() - begin
        return Measurement(alpha, seconds, networks=result.report["segment"].get("networks", 1))


class Rembg:
    """rembg with alpha matting and the same weights, in its own process and environment.

    cache: the folder of its results, so that it need not run again after a change in Hairline. fresh: ignore them.
    An image may take LIMIT processor seconds.
    """

    name = "rembg 2.0.86, alpha matting"
    LIMIT = 60

    def __init__(self, cache: Path, *, fresh: bool) -> None:
        self._cache, self._fresh = cache, fresh
        self._process: subprocess.Popen[str] | None = None

    def measure(self, sample: Sample) -> Measurement:
        """Raises RuntimeError if rembg crashed; its stderr says why."""
        cutout = self._cache / sample.group / f"{sample.stem}.png"
        timing = cutout.with_suffix(".json")
        if self._fresh or not timing.exists():
            cutout.parent.mkdir(parents=True, exist_ok=True)
            timing.unlink(missing_ok=True)
            timing.write_text(json.dumps(self._warm(sample.image, cutout)))
        seconds = json.loads(timing.read_text())
        if seconds is None:
            return Measurement(np.zeros((1, 1), np.float32), self.LIMIT, stopped=True)
        return Measurement(_alpha(cutout.read_bytes()), seconds)

    def _start(self) -> subprocess.Popen[str]:
        environment = os.environ | {"U2NET_HOME": str(DEFAULT_FOLDER)}
        return subprocess.Popen(
            self._command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
        )

    def _command(self) -> list[str]:
        return [str(ROOT / ".venv-rembg" / "bin" / "python"), str(ROOT / "bench" / "rembg_worker.py")]

    def _warm(self, source: Path, target: Path) -> float | None:
        if self._process is None:
            self._process = self._start()
            if self._cut(source, target) is None:  # a warm-up, not counted
                return None
        return self._cut(source, target)

    def _cut(self, source: Path, target: Path) -> float | None:
        """Processor seconds; None if the image took more than LIMIT, which ends the process."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(source), str(target), self.LIMIT]) + "\n")
        if answer := self._process.stdout.readline():
            return float(json.loads(answer))
        process, self._process = self._process, None
        process.communicate()
        if process.returncode == -signal.SIGXCPU:
            return None
        raise RuntimeError(f"rembg crashed on {source}. Its error is above.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate()  # closes its stdin, which ends it


def _alpha(png: bytes) -> Float32:
    with Image.open(io.BytesIO(png)) as picture:
        grey = np.asarray(picture.getchannel("A"))
    alpha: Float32 = np.divide(grey, 255, dtype=np.float32)
    return alpha
