"""Run pytest on an unzipped layer as on Lambda: without other packages, and with only the temporary folder writable.

    python -S isolated.py LAYER TEMPORARY ARGUMENTS ...

Run by the layer's Python, with PYTHONPATH set to the layer's packages, the repository, and pytest, in this order.
Lambda mounts a layer read-only. So does bench/readonly.py, if the kernel allows it. Otherwise root may write anywhere,
so an audit hook here rejects Python's own writes too.
"""

import importlib
import os
import sys
from pathlib import Path

LIBRARIES = ("numpy", "scipy", "cv2", "PIL", "onnxruntime", "boto3", "aws_lambda_powertools")
ABSENT = ("llvmlite", "numba", "pymatting", "scipy.stats", "tqdm", "watchdog", "skimage.io")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = (
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.utime",
)


def main(layer: str, temporary: str, *arguments: str) -> int:
    """Run pytest; return its exit status."""
    watch(temporary)
    for name in LIBRARIES:
        file = importlib.import_module(name).__file__ or ""
        assert Path(file).is_relative_to(layer), f"{name} was imported from {file}, not from the layer"
    for name in ABSENT:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        raise AssertionError(f"{name} can be imported, although the layer leaves it out")
    return int(importlib.import_module("pytest").main(list(arguments)))


def watch(temporary: str) -> None:
    """From now on, raise PermissionError for every change outside `temporary`."""

    def changed(event: str, values: tuple[object, ...]) -> tuple[object, ...]:
        if event == "open":
            path, _, flags = values
            return (path,) if isinstance(flags, int) and flags & WRITING else ()
        if event == "os.symlink":
            return values[1:2]
        return values[:2] if event in {"os.rename", "os.link"} else values[:1] if event in CHANGES else ()

    def hook(event: str, values: tuple[object, ...]) -> None:
        for path in changed(event, values):
            if not isinstance(path, str | bytes | os.PathLike):
                continue  # a file that is open already
            full = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - resolve() opens files
            if not full.startswith((temporary, os.devnull)):
                raise PermissionError(f"{event} of {full}: on Lambda only the temporary folder is writable")

    sys.addaudithook(hook)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
