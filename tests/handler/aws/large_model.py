"""A model whose weights are in a bucket, and take several parts to download."""

import hashlib
import random
from dataclasses import replace

from pipeline.models import named

BUCKET = "weights"
DATA = random.Random(0).randbytes(20_000_000)  # three parts of a download
SPEC = replace(named("isnet"), name="large", file="large.onnx", sha256=hashlib.sha256(DATA).hexdigest(), size=len(DATA))


def left_in(folder):
    return {path.name for path in folder.rglob("*") if path.is_file()}
