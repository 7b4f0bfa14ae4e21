"""The number of processors that this process may use."""

import os


def usable() -> int:
    """The number of CPUs in this process's affinity mask; all of the machine's where the system has no such mask."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
