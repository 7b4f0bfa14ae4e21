"""Cuts out images with rembg. The Python of .venv-rembg runs it, without Hairline's code.

Reads lines of JSON, [path of the image, path of the PNG to write, limit], and prints the processor seconds of each. An
image that takes more processor seconds than its limit ends the process (SIGXCPU).
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

ANSWERS = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # so that output of rembg does not mix with the answers

import rembg  # noqa: E402


def main() -> None:
    session = rembg.new_session("u2netp")
    for line in sys.stdin:
        source, target, limit = json.loads(line)
        data = Path(source).read_bytes()
        begin = time.process_time()
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (round(begin) + limit, hard))
        cutout = rembg.remove(data, session=session, alpha_matting=True)
        seconds = time.process_time() - begin
        Path(target).write_bytes(cutout)
        print(json.dumps(seconds), file=ANSWERS)


if __name__ == "__main__":
    main()
