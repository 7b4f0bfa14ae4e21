"""Option values that need a package which not every installation has."""

import importlib.util
from typing import TYPE_CHECKING

from pipeline.errors import BadOptions

if TYPE_CHECKING:
    from pipeline.options import Options

PACKAGE = "pymatting"
"""The Lambda layer has no room for the compiler that it needs."""


def check(options: "Options") -> None:
    """Raise BadOptions if a package that an option needs is not installed."""
    if options.matting == "pymatting" and importlib.util.find_spec(PACKAGE) is None:
        raise BadOptions(
            f"matting pymatting needs the package {PACKAGE}, which is not installed here; the Lambda layer leaves it "
            "out. Choose fast or exact."
        )
