"""Commands that see every file system read-only but for one folder, as a function does on Lambda.

By mounts of the command's own, which need no rights where the kernel lets users make namespaces: user_namespaces(7),
mount_namespaces(7).
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
cd "$PWD" # below, it would be the folder as it was mounted before
shift
exec "$@"
"""
"""A flag that a mount has must be given again, since whoever is not root may not take one away."""


def readonly(writable: Path, command: Sequence[str | Path]) -> list[str | Path]:
    """`command`, to be run where only the folder `writable` can be written to; as it is where this machine cannot do
    that. Either way the process that is started becomes the command's.
    """
    return list(command) if refusal() else _sealed(writable, command)


def _sealed(writable: Path, command: Sequence[str | Path]) -> list[str | Path]:
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _SCRIPT, "sh", writable, *command]


@functools.cache
def refusal() -> str | None:
    """Why this machine cannot do that; None where it can."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(_sealed(Path(folder), ["true"]), capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            return str(error)
    return (done.stderr.strip() or f"exit status {done.returncode}") if done.returncode else None
