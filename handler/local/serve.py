"""`python -m handler.local serve`: the whole deployment on this machine, until Ctrl-C."""

import time
from pathlib import Path
from typing import NoReturn

from handler.local import api, mappings
from handler.local.api import Site
from handler.local.deployment import LOOK_S, deployed, line
from handler.local.stack import Stack


def serve(out: Path, *, port: int, keys: tuple[str, ...], custom_domain: bool) -> NoReturn:
    """Print each result as it comes, and never return. Raises StartFailed, PortTaken, FolderInUse."""
    print("Starting S3, SQS, the HTTP API and the functions on this machine ...", flush=True)
    logs = out / "serve"  # not the folder of `run`, which may work at the same time
    with deployed(logs) as (stack, watch, worker):
        for name in ("api.log", "webhooks.log"):
            (logs / name).write_bytes(b"")
        with (
            api.serving(stack, logs / "api.log", keys=keys, port=port, custom_domain=custom_domain) as site,
            mappings.polling(stack, logs / "webhooks.log"),
        ):
            print(_welcome(stack, site, logs), flush=True)
            crashes = 0
            while True:
                for key, report in watch.finished():
                    print(line(key, report, f"s3://{stack.output_bucket}"), flush=True)
                for source, reason in watch.dead_letters():
                    print(f"{source}  failed: {reason}", flush=True)
                if worker.failure is not None:
                    raise worker.failure
                if worker.crashes > crashes:
                    crashes = worker.crashes
                    print(f"CutoutFunction's process ended and was replaced; see {logs / 'handler.log'}", flush=True)
                time.sleep(LOOK_S)


def _welcome(stack: Stack, site: Site, logs: Path) -> str:
    put = f"{stack.endpoint}/{stack.input_bucket}"
    get = f"{stack.endpoint}/{stack.output_bucket}"
    return f"""\
Endpoint       {stack.endpoint}
Input bucket   {stack.input_bucket}
Output bucket  {stack.output_bucket}
HTTP API       {site.url}
API key        {site.key}
Studio         {site.url}/studio, with that key
Webhooks       {site.url}/hooks/SOURCE, registered in the secret {stack.names["Registry"]}
Logs           {logs / "handler.log"}, {logs / "api.log"}, {logs / "webhooks.log"}

Cut out an image through the HTTP API:
  curl -fL -H 'X-Api-Key: {site.key}' --data-binary @photo.jpg -o cutout.png {site.url}/v1/cutouts
Put an image into the input bucket:
  curl -fT photo.jpg {put}/photo.jpg
Download its cutout and report:
  curl -f -u local:local -O {get}/photo.jpg/cutout.png -O {get}/photo.jpg/report.json

Ctrl-C stops it and deletes what is in the buckets."""
