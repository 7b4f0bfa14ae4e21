"""CutoutFunction as Lambda calls it, and an S3 that fails."""

import json

from botocore.exceptions import ClientError

from handler.cutouts import app
from handler.local.poller import Context


def context(seconds=300):
    return Context(seconds, 3008)


def on_queue(event, seconds=300):
    """The numbers of the messages that are to be tried again."""
    ids = [record["messageId"] for record in event["Records"]]
    reply = app.on_queue(event, context(seconds))
    assert reply.keys() == {"batchItemFailures"}
    json.dumps(reply)
    return [ids.index(item["itemIdentifier"]) for item in reply["batchItemFailures"]]


def fail(store, word):
    """Let S3 answer 503 to every request whose key holds a word, below botocore's own retries."""
    client = store._client

    def answer(request, **_kwargs):
        if word in request.url:
            raise ClientError({"Error": {"Code": "503", "Message": "Slow Down"}}, "HeadObject")

    client.meta.events.register_first("before-send.s3", answer)
