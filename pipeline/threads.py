"""How many processors there are for us."""

import os


def usable() -> int:
    """The CPUs that this process may use, where the system can tell; else those of the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
