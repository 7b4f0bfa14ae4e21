"""Runs a command with every file system read-only except one folder, as on Lambda.

The command gets its own mounts. This needs no privileges if the kernel lets users create namespaces:
user_namespaces(7), mount_namespaces(7).
"""

import functools
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

_SCRIPT = """
set -e
mounts=$(cat /proc/self/mounts)
mount --bind "$1" "$1"
echo "$mounts" | while read -r _ point _ options _; do
    case $point in /proc* | /sys* | /dev*) continue ;; esac
    kept=ro
    for flag in nosuid nodev noexec noatime nodiratime relatime; do
        case ,$options, in *,$flag,*) kept=$kept,$flag ;; esac
    done
    mount -o "remount,bind,$kept" "$(printf %b "$point")"
done
cd "$PWD" # enter the folder again, through the new mount
shift
exec "$@"
"""
"""Remounting must repeat the flags of a mount, because only root may remove one."""


def readonly(writable: Path, command: Sequence[str | Path]) -> list[str | Path]:
    """`command` with a prefix that makes everything except the folder `writable` read-only, or `command` itself if this
    machine cannot do that. Either way, the command replaces the started process.
    """
    return list(command) if refusal() else _sealed(writable, command)


def _sealed(writable: Path, command: Sequence[str | Path]) -> list[str | Path]:
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _SCRIPT, "sh", writable, *command]


@functools.cache
def refusal() -> str | None:
    """Why this machine cannot mount read-only; None if it can."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(_sealed(Path(folder), ["true"]), capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            return str(error)
    return (done.stderr.strip() or f"exit status {done.returncode}") if done.returncode else None
