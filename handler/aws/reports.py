"""Reports in the output bucket."""

from handler import keys
from handler.aws.bucket import ObjectStore
from handler.jobs import ObjectRef, parse_stored
from pipeline.report import StoredReport


def stored(store: ObjectStore, bucket: str, key: str) -> StoredReport:
    """The report of the image with that key. bucket: the output bucket.

    Raises SourceMissing if there is none, ValueError where it is not JSON, StoreUnavailable.
    """
    return parse_stored(store.get(ObjectRef(bucket, keys.output(key, keys.REPORT))).data)
