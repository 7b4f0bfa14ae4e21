"""`hairline studio FOLDER`: serve the page for one folder until Ctrl-C."""

import threading
from contextlib import closing
from pathlib import Path

from pipeline.cli.names import BadPaths
from pipeline.models import ModelSpec
from pipeline.options import Options
from pipeline.threads import usable
from studio import server
from studio.studio import Studio
from studio.tasks import Model


def run(folder: Path, port: int, spec: ModelSpec, weights: Path) -> int:
    """Serve until the process is interrupted. port: 0: one that is free. Raises BadPaths, KeyboardInterrupt."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = Studio(folder, Model(spec, weights), Options(threads=usable()))
    except OSError as error:
        raise BadPaths(f"{folder} cannot be used: {error.strerror}.") from error
    with closing(made) as studio:
        try:
            with server.serving(studio, port) as guard:
                print(f"Hairline Studio: {guard.address}", flush=True)
                threading.Event().wait()
        except OSError as error:
            raise BadPaths(f"--port {port} cannot be used: {error.strerror}. Choose another port.") from error
    return 0
