"""Run by the Python of .venv-rembg, which has rembg and nothing of Hairline's: cuts out one picture after another.

Reads lines of JSON, [picture, where to write its cutout as a PNG]; answers each with its processor seconds.
"""

import json
import os
import sys
import time
from pathlib import Path

ANSWERS = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # whatever rembg prints must not come between the answers

import rembg  # noqa: E402


def main() -> None:
    session = rembg.new_session("u2netp")
    for line in sys.stdin:
        source, target = json.loads(line)
        data = Path(source).read_bytes()
        begin = time.process_time()
        cutout = rembg.remove(data, session=session, alpha_matting=True)
        seconds = time.process_time() - begin
        Path(target).write_bytes(cutout)
        print(json.dumps(seconds), file=ANSWERS)


if __name__ == "__main__":
    main()
