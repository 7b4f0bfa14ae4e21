"""Checks whether a local stack contains exactly the right results after a run, whatever happened in it."""

import functools
import hashlib
import json
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handler.local.stack import Stack
from pipeline.models import DEFAULT_FOLDER, named
from pipeline.run import cut_out
from pipeline.segment import OnnxSegmenter


def listing(made: Stack) -> dict[str, tuple[str, Any]]:
    """Key to (ETag, time) of everything in the output bucket."""
    return _listing(made, made.output_bucket)


def waiting(made: Stack) -> int:
    """How many messages wait for CutoutFunction and DeadLetterFunction, visible or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answers = [
        made.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
        for url in (*made.image_queue_urls, made.names["GivenUpQueue"])
    ]
    return sum(int(count) for answer in answers for count in answer["Attributes"].values())


def logged(folder: Path) -> Counter[str]:
    """How often each outcome of an image is in the workers' logs."""
    outcomes: Counter[str] = Counter()
    for file in folder.iterdir():
        for line in file.read_bytes().splitlines():
            if line.startswith(b"{") and line.endswith(b"}"):  # the last line of a killed worker may be cut short
                entry = json.loads(line)
                if entry.get("message") == "image":
                    outcomes[entry["outcome"]] += 1
    return outcomes


def faults(
    made: Stack, good: Mapping[str, bytes], rejected: Mapping[str, bytes], deadly: Mapping[str, bytes]
) -> list[str]:
    """Every violation, in words; an empty list if all is right.

    good, rejected, deadly: key to bytes of the objects that the input bucket must contain. A good image must have one
    complete result of exactly these bytes, a rejected file only a report, and a deadly image a report of its failure,
    the file `failed` and a message in the dead-letter queue. Nothing else may exist.
    """
    s3, wrong = made.client("s3"), []
    dropped = {key: _etag(data) for key, data in {**good, **rejected, **deadly}.items()}
    if {key: etag for key, (etag, _) in _listing(made, made.input_bucket).items()} != dropped:
        wrong.append("the input bucket changed")
    held: dict[str, dict[str, str]] = {}
    for name, (etag, _) in listing(made).items():
        folder, _, file = name.rpartition("/")
        held.setdefault(folder, {})[file] = etag
    expected = dict.fromkeys(good, "done") | dict.fromkeys(rejected, "rejected") | dict.fromkeys(deadly, "failed")
    for key, status in expected.items():
        files = held.pop(key, {})
        if files.pop("report.json", None) is None:
            wrong.append(f"{key}: the report is missing")
            continue
        if ("failed" in files) != (status == "failed"):
            wrong.append(f"{key}: the file failed is {'missing' if status == 'failed' else 'there'}")
        files.pop("failed", None)
        report = json.loads(s3.get_object(Bucket=made.output_bucket, Key=f"{key}/report.json")["Body"].read())
        found = report["status"], report["object"]["etag"], report["files"]
        if found != (status, dropped[key], files) or bool(files) != (status == "done"):
            wrong.append(f"{key}: {found} instead of {(status, dropped[key], files)}")
    wrong += [f"unexpected output for {folder}: {sorted(files)}" for folder, files in held.items()]
    letters = _letters(made)
    if not all(any(key in body for body in letters) for key in deadly) or len(letters) != len(deadly):
        wrong.append(f"in the dead-letter queue: {letters}")
    return wrong


def different(made: Stack, good: Mapping[str, bytes], compared: int) -> list[str]:
    """Compare `compared` random cutouts with the library's. Returns a line for each that differs in any byte."""
    wrong = []
    for key in random.Random(0).sample(sorted(good), compared):  # noqa: S311  no secret
        body = made.client("s3").get_object(Bucket=made.output_bucket, Key=f"{key}/cutout.png")["Body"].read()
        if body != _cutout(good[key]):
            wrong.append(f"{key}: the cutout differs from the library's")
    return wrong


@functools.cache
def _segmenter() -> OnnxSegmenter:
    return OnnxSegmenter(named("u2netp"), DEFAULT_FOLDER)


@functools.cache
def _cutout(data: bytes) -> bytes:
    """The library's cutout of an image's bytes."""
    return cut_out(data, _segmenter()).output.data


def _listing(made: Stack, bucket: str) -> dict[str, tuple[str, Any]]:
    pages = made.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {item["Key"]: (item["ETag"], item["LastModified"]) for page in pages for item in page.get("Contents", [])}


def _letters(made: Stack) -> list[str]:
    answer = made.client("sqs").receive_message(
        QueueUrl=made.dead_letter_queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return [message["Body"] for message in answer.get("Messages", [])]


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
