"""Pack a release into dist/: `make release`, which is `python -m release`."""

import argparse
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pipeline.version
from layers import archive, build, function
from layers.target import MACHINES, Target
from layers.tools import BuildFailed
from release import template

DIST = function.ROOT / "dist"
DEPLOY = Path(__file__).with_name("DEPLOY.txt")
"""The instructions, with {name} for the release's name."""
SUMS = "SHA256SUMS"


def pack(architecture: str, layers: Mapping[str, Path], dist: Path = DIST) -> Path:
    """Write the folder hairline-VERSION-ARCHITECTURE below `dist`, in the place of an older one, and return it.

    layers: the zip of each layer, by its name in template.yaml.
    """
    name = f"hairline-{pipeline.version.__version__}-{architecture}"
    dist.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dist) as temporary:
        new, code = Path(temporary, "release"), Path(temporary, "code")
        new.mkdir()
        function.copy(code)
        archive.write(code, new / "functions.zip")
        for layer, zipped in layers.items():
            shutil.copyfile(zipped, new / f"{layer}.zip")
        keys = {path.stem: f"{name}/{_with_digest(path).name}" for path in sorted(new.iterdir())}
        functions = keys.pop("functions")
        for licence in ("LICENSE", "NOTICE"):
            shutil.copyfile(function.ROOT / licence, new / licence)
        (new / "template.yaml").write_text(template.packaged(functions, keys, architecture), "utf-8")
        (new / DEPLOY.name).write_text(DEPLOY.read_text("utf-8").format(name=name), "utf-8")
        sums = "".join(f"{_sha256(path)}  {path.name}\n" for path in sorted(new.iterdir()))
        (new / SUMS).write_text(sums, "utf-8")
        if (dist / name).exists():
            shutil.rmtree(dist / name)
        return new.rename(dist / name)


def _with_digest(path: Path) -> Path:
    """Renamed after its content: CloudFormation updates a function or a layer only if the name of its file changes."""
    return path.rename(path.with_stem(f"{path.stem}-{_sha256(path)[:12]}"))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if the release was packed, and 1 if a layer could not be built."""
    parser = argparse.ArgumentParser(prog="python -m release", description="Pack a release into dist/.")
    parser.add_argument(
        "--architecture", choices=MACHINES, default=Target().architecture, help="(default: %(default)s)"
    )
    parser.add_argument(
        "--interpreter", metavar="FILE", type=Path, help="as for python -m layers.build (default: the first one found)"
    )
    args = parser.parse_args(arguments)
    target = Target(architecture=args.architecture)
    try:
        layers = {name: build.build(name, target, args.interpreter) / "layer.zip" for name in build.LAYERS}
    except BuildFailed as error:
        print(error, file=sys.stderr)
        return 1
    made = pack(args.architecture, layers)
    print((made / SUMS).read_text("utf-8"), end="")
    print(f"{made} is complete. {DEPLOY.name} in it has the commands to deploy it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
