"""Jobs of the HTTP API: their uploads, their ends and their records."""

import time

import requests


def settled(call, id_):
    """The job's status when it is none of those that pass."""
    for _ in range(600):
        told = call.get(f"/v1/jobs/{id_}").json()
        if told["status"] not in ("queued", "working"):
            return told
        time.sleep(0.2)
    raise AssertionError(told)


def upload(form, data):
    return requests.post(form["url"], data=form["fields"], files={"file": data}, timeout=30)


def records(made):
    s3 = made.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=made.names["StateBucket"], Prefix="jobs/")
    return {item["Key"] for page in pages for item in page.get("Contents", [])}
