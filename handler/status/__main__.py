"""Show which images were rejected or failed: `python -m handler.status --hours 24`."""

import argparse
import csv
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from handler.aws import deployment, listing
from handler.aws.bucket import S3Store
from handler.aws.clients import Patience, client
from handler.status import recent
from pipeline.errors import HairlineError


def main(argv: Sequence[str] | None = None) -> int:
    """Print counts, or with --csv a line for each image without a cutout.

    Return 0, 1 if an image failed, or 2 if the stack or its bucket could not be read.
    """
    parser = argparse.ArgumentParser(
        prog="python -m handler.status", description="Show which images were rejected or failed in the last hours."
    )
    parser.add_argument("--stack", default="hairline", help="name of the deployment's stack (default: %(default)s)")
    parser.add_argument("--hours", type=float, default=24, help="how far to look back (default: %(default)s)")
    parser.add_argument("--prefix", default="", help="only images whose keys begin with this")
    parser.add_argument("--csv", action="store_true", help="a line for each image that was rejected or failed")
    given = parser.parse_args(argv)
    try:
        bucket = deployment.outputs(given.stack)["OutputBucket"]
        s3 = client("s3", Patience.IMAGE)
        files = listing.objects(s3, bucket, given.prefix)
        since = datetime.now(UTC) - timedelta(hours=given.hours)
        found = recent.summarise(files, since, S3Store(s3), bucket)
    except HairlineError as error:
        print(error, file=sys.stderr)
        return 2
    if given.csv:
        table = csv.writer(sys.stdout, lineterminator="\n")
        table.writerow(recent.Trouble._fields)
        table.writerows((each.key, each.written.isoformat(), *each[2:]) for each in found.troubles)
    else:
        print(f"{found.done:>13,}  done")
        for outcome, code, count in found.reasons():
            print(f"{count:>13,}  {outcome}: {code}")
    return int(any(trouble.outcome == "failed" for trouble in found.troubles))


if __name__ == "__main__":
    sys.exit(main())
