"""Build a Lambda layer: `make layer` runs `python -m layers.build` for each.

Each step runs again only if its inputs have changed. Its result appears only when it is complete, so an interrupted
build continues with the step that it was in. A second build waits for the first.
"""

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from layers import archive, compile_kernels, function, kernels, sizes, tree
from layers.install import LOCK, ROOT, SMALL_LOCK, TOOLS, fingerprint, install
from layers.target import MACHINES, PYTHONS, Target
from layers.tools import BuildFailed, program, python, run
from pipeline.compiled import SOURCES
from pipeline.disk import locked, write
from pipeline.errors import ModelUnavailable
from pipeline.models import DEFAULT_FOLDER, named, read_weights

FOLDER = ROOT / "build" / "layer"
MODEL = "u2netp"
"""The model whose weights DependenciesLayer contains. Larger weights do not fit."""


class Contents(NamedTuple):
    """A layer's contents. lock: the lock file of its packages. cuts: whether it has the kernels and weights too."""

    lock: Path
    cuts: bool


LAYERS = {"DependenciesLayer": Contents(LOCK, cuts=True), "SmallLayer": Contents(SMALL_LOCK, cuts=False)}
"""The layers, by their names in template.yaml. SmallLayer is for the functions that never cut."""


def build(name: str, target: Target, interpreter: Path | None = None, folder: Path = FOLDER) -> Path:
    """Build a layer of LAYERS, and return its folder below `folder`. It contains:

        site          the installed packages, unchanged
        tools         what compiles the kernels and runs the layer here, only for a layer with kernels
        kernels       the compiled kernels
        layer         the files that Lambda mounts at /opt: python/ and models/
        layer.zip     the same files, packed
        sizes.md      the size of each package, and of what was left out

    interpreter: the target's Python; if None, the build looks for one. Raises BuildFailed.
    """
    found = python(target, interpreter)
    version = run(found, "-I", "-c", "import sys; print(sys.version)")
    contents = LAYERS[name]
    home = folder / str(target) / name
    code = sorted(Path(__file__).parent.rglob("*.py"))
    with locked(home):
        packages = fingerprint(str(target), contents.lock, TOOLS)
        _once(home / "site", packages, lambda new: install(contents.lock, new, target))
        compiled = fingerprint(packages, version, Path(compile_kernels.__file__), Path(kernels.__file__), *SOURCES)
        if contents.cuts:
            _once(home / "tools", packages, lambda new: install(TOOLS, new, target))
            _once(home / "kernels", compiled, lambda new: _compile(home, new, target, found))
        whole = fingerprint(compiled, *code, named(MODEL).sha256)
        packed = home / "layer.zip", home / "sizes.md"
        _once(home / "layer", whole, lambda new: _assemble(home, new, target, found, cuts=contents.cuts), *packed)
    return home


def _compile(home: Path, new: Path, target: Target, interpreter: Path) -> None:
    new.mkdir()
    kernels.build(home / "site", home / "tools", new / kernels.FILE, program("gcc", target), interpreter)


def _assemble(home: Path, new: Path, target: Target, interpreter: Path, *, cuts: bool) -> None:
    own = [home / "kernels" / kernels.FILE] if cuts else []
    left_out = tree.assemble(home / "site", own, new / "python", target, interpreter)
    if cuts:
        model = named(MODEL)
        try:
            write(new / "models" / model.file, read_weights(model, DEFAULT_FOLDER))
        except ModelUnavailable as error:
            raise BuildFailed(str(error)) from error
    archive.write(new, home / "layer.zip")
    measured = sizes.measure(home / "layer.zip")
    reasons = "\n".join(f"| {why} | {size:,} |" for why, size in left_out.most_common())
    write(home / "sizes.md", f"{sizes.table(measured)}\n\n| left out | bytes |\n| --- | --: |\n{reasons}\n".encode())
    sizes.check(measured, function.size())


def _once(folder: Path, key: str, make: Callable[[Path], None], *files: Path) -> None:
    """Let `make` create `folder`, and `files` beside it, unless they were already created with the same key."""
    stamp = folder.with_name(f"{folder.name}.stamp")
    if all(path.exists() for path in (stamp, folder, *files)) and stamp.read_text() == key:
        return
    begin = perf_counter()
    print(f"{folder.parent.name}: {folder.name} ...", file=sys.stderr, flush=True)
    new = folder.with_name(f"{folder.name}.part")
    for old in (stamp, new, folder):
        shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
    make(new)
    new.rename(folder)
    stamp.write_text(key)
    print(f"{folder.parent.name}: {folder.name} in {perf_counter() - begin:.0f} s", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if the layer was built and 1 if not. argparse exits with 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m layers.build", description="Build a Lambda layer.")
    parser.add_argument("layer", choices=LAYERS)
    parser.add_argument(
        "--python", choices=PYTHONS, default=Target().python, help="Lambda's Python version (default: %(default)s)"
    )
    parser.add_argument(
        "--architecture", choices=MACHINES, default=Target().architecture, help="(default: %(default)s)"
    )
    parser.add_argument(
        "--interpreter",
        metavar="FILE",
        type=Path,
        help="a Python of that version and architecture (default: the first one found)",
    )
    parser.add_argument(
        "--into", metavar="FOLDER", type=Path, help="also copy the layer's files there; `sam build` uses this"
    )
    args = parser.parse_args(arguments)
    try:
        home = build(args.layer, Target(args.python, args.architecture), args.interpreter)
    except BuildFailed as error:
        print(error, file=sys.stderr)
        return 1
    if args.into:
        shutil.copytree(home / "layer", args.into, dirs_exist_ok=True)
    print((home / "sizes.md").read_text(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
