"""The memory of a process, as Linux shows it: proc(5)."""

from pathlib import Path


def peak(process: int | str = "self") -> int:
    """Bytes of the largest resident set since the start of the process, or since `reset_peak`. process: its id."""
    return _status("VmHWM", process)


def resident(process: int | str = "self") -> int:
    """Bytes of the resident set now."""
    return _status("VmRSS", process)


def reset_peak(process: int | str = "self") -> None:
    """Let `peak` begin again with the resident set of now."""
    Path(f"/proc/{process}/clear_refs").write_text("5", "ascii")


def _status(field: str, process: int | str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
