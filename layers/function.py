"""The functions' code: the files that are deployed beside the layer.

    python -m layers.function FOLDER     copies them to FOLDER, as `sam build` does for each function

It imports the standard library alone, because `sam build` runs it before anything is installed.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("handler", "pipeline")
PAGE = ROOT / "studio" / "page"
"""What `pipeline.review_page` reads, of which each function has a copy: 90 kB."""
_OPERATORS = (
    "handler/smoke",
    "handler/aws/batch_jobs.py",
    "handler/aws/deployment.py",
    "handler/backfill/__main__.py",
    "handler/backfill/costs.py",
    "handler/backfill/planning.py",
    "handler/backfill/running.py",
    "handler/backfill/site.py",
    "handler/backfill/survey.py",
    "handler/status/__main__.py",
)
NOT_DEPLOYED = tuple(ROOT / path for path in ("handler/local", *_OPERATORS))
"""The emulated deployment on this machine, and the commands of an operator, who has all of botocore."""


def files() -> Iterator[Path]:
    """The deployed files, relative to ROOT: the packages in the order of their names, and the studio's page."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if not any(path.is_relative_to(folder) for folder in NOT_DEPLOYED):
                yield path.relative_to(ROOT)
    for path in sorted(PAGE.iterdir()):
        yield path.relative_to(ROOT)


def size() -> int:
    """Bytes of the deployed files. They count towards Lambda's limit together with the layer."""
    return sum((ROOT / path).stat().st_size for path in files())


def copy(folder: Path) -> None:
    """Copy the deployed files to `folder`."""
    for path in files():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / path).read_bytes())


if __name__ == "__main__":
    copy(Path(sys.argv[1]))
