"""The command line: `hairline`, also as `python -m pipeline`.

Exit status: 0 all went well, 1 some pictures were refused (the others are done), 2 wrong usage, 130 interrupted.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline import __version__, models
from pipeline.cli.plan import BadPaths, plan
from pipeline.errors import HairlineError
from pipeline.geometry import parse_colour
from pipeline.marketplaces import MARKETPLACES
from pipeline.options import CHOICES, PLANES, Options

_OVERLAID = (
    "format",
    "channels",
    "matting",
    "roi",
    "shift",
    "feather",
    "quality",
    "depth",
    "blend",
    "crop",
    "margin",
    "scale",
    "position",
    "canvas",
    "megapixels",
    "shadow",
    "shadow_opacity",
    "marketplaces",
)

_DRAWN = ("trimap", "scribbles")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        return {"cut": _cut, "apply": _apply, "matte": _matte}[given.command](given)
    except (BadPaths, HairlineError) as error:
        # Before any picture was begun: what was asked for cannot be done.
        print(f"hairline: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("hairline: interrupted; what was finished stays.", file=sys.stderr)
        return 130


def _cut(given: argparse.Namespace) -> int:
    tasks = plan(given.inputs, given.out)
    for name in _DRAWN:
        if getattr(given, name) is not None and len(tasks) != 1:
            raise BadPaths(f"--{name} belongs to one picture, but there are {len(tasks)}.")
    options = _options(given)
    spec = models.named(given.model)
    for network in spec.networks:
        models.read_weights(network, given.models)
    if not tasks:
        raise BadPaths("There is no picture in " + ", ".join(map(str, given.inputs)) + ".")
    # Only now: ONNX Runtime and PyMatting take a second to load, which --help and a typing error need not wait for.
    from pipeline.cli.batch import Work, cut_all

    page = given.out if given.sheet and any(path.is_dir() for path in given.inputs) else None
    return cut_all(tasks, Work(spec, given.models, options), jobs=min(given.jobs, len(tasks)), page=page)


def _apply(given: argparse.Namespace) -> int:
    tasks, alpha, options = plan(given.inputs, given.out), _read(given.alpha), _options(given)
    if given.out.resolve() == given.alpha.resolve().parent:
        raise BadPaths(f"{given.out} holds {given.alpha.name} itself; choose another folder for -o.")
    from pipeline.cli.batch import apply_all

    return apply_all(tasks, alpha, options)


def _matte(given: argparse.Namespace) -> int:
    from pipeline.cli.batch import solve_alone

    picture, trimap = _read(given.image), _read(given.trimap)
    try:
        solve_alone(picture, trimap, given.out, given.method)
    except HairlineError as error:
        print(f"{given.image}: {error.code}: {error}", file=sys.stderr)
        return 1
    return 0


def _options(given: argparse.Namespace) -> Options:
    request = {name: value for name in _OVERLAID if (value := getattr(given, name, None)) is not None}
    if given.background is not None:
        colour = parse_colour(given.background) is not None
        request["background"] = given.background if colour else _read(Path(given.background))
    if given.command == "cut":
        request |= {name: _read(getattr(given, name)) for name in _DRAWN if getattr(given, name) is not None}
        request["stages"] = (*(PLANES if given.stages else ()), *(("sheet",) if given.sheet else ()))
    return Options(max_megapixels=given.max_megapixels, max_bytes=given.max_bytes).overlaid(request)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadPaths(f"{path} cannot be read: {error.strerror}.") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hairline", description="Cut the subject out of a picture, hair and all.")
    parser.add_argument("--version", action="version", version=f"hairline {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="cut|apply|matte")
    output = _output_options()

    cut = commands.add_parser(
        "cut", parents=[output], help="cut out pictures", description="Cut the subject out of pictures."
    )
    cut.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help="files and folders")
    cut.add_argument("--matting", choices=CHOICES["matting"], help="how alpha is solved (fast)")
    cut.add_argument("--trimap", type=Path, metavar="FILE", help="your own: 0 background, 255 foreground, else unknown")
    cut.add_argument("--scribbles", type=Path, metavar="FILE", help="sure strokes: 0 background, 255 foreground")
    cut.add_argument("--roi", metavar="LENGTHS", help='where the subject is: "left top right bottom" as px or %%')
    cut.add_argument("--shift", type=float, metavar="PIXELS", help="move the edge outwards, inwards if negative (0)")
    cut.add_argument("--feather", type=float, metavar="PIXELS", help="blur the matte by this sigma (0)")
    cut.add_argument("--model", default="u2netp", metavar="NAME", help="one of " + ", ".join(models.CHOICES))
    cut.add_argument("--models", type=Path, default=models.DEFAULT_FOLDER, metavar="DIR", help="folder of the weights")
    cut.add_argument("--stages", action="store_true", help="write probability, trimap and alpha as well")
    cut.add_argument(
        "--sheet", action="store_true", help="write a contact sheet of it all; for a folder a page, worst first"
    )
    cut.add_argument("--jobs", type=_positive, default=1, metavar="N", help="pictures at a time (1)")

    apply = commands.add_parser(
        "apply",
        parents=[output],
        help="put one matte onto other sizes of its picture",
        description="Cut other sizes of a picture out by the matte that was made from one of them.",
    )
    apply.add_argument("alpha", type=Path, metavar="ALPHA", help="a matte, or a cutout, whose transparency is taken")
    apply.add_argument("inputs", nargs="+", type=Path, metavar="IMAGE", help="files and folders")

    matte = commands.add_parser("matte", help="solve alpha for a trimap", description="The matting stage alone.")
    matte.add_argument("image", type=Path, metavar="IMAGE")
    matte.add_argument("trimap", type=Path, metavar="TRIMAP", help="0 background, 255 foreground, else unknown")
    matte.add_argument("-o", dest="out", type=Path, required=True, metavar="ALPHA.png", help="16-bit grey PNG")
    matte.add_argument("--method", choices=("fast", "exact"), default="fast")
    return parser


def _output_options() -> argparse.ArgumentParser:
    """What `cut` and `apply` have in common: where results go, how they look, and which pictures are too large."""
    parent = argparse.ArgumentParser(add_help=False)
    add = parent.add_argument
    add("-o", dest="out", type=Path, required=True, metavar="DIR", help="folder for the results")
    add("--format", choices=CHOICES["format"], help="of the result (png)")
    add("--quality", type=int, metavar="1..100", help="of WebP, AVIF, JPEG; without it the best, JPEG at 92")
    add("--channels", choices=CHOICES["channels"], help="the cutout, or its alpha alone (rgba)")
    add("--depth", type=int, choices=CHOICES["depth"], help="bits of an alpha alone (8)")
    add("--background", metavar="COLOUR|IMAGE", help="composite on it")
    add("--blend", choices=CHOICES["blend"], help="composite in linear light or plain sRGB (linear)")
    add("--crop", action="store_true", default=None, help="crop to the subject")
    add("--margin", metavar="LENGTHS", help='room around it: "20px", "5%%", "10px 5%%"')
    add("--scale", type=float, metavar="PERCENT", help="size of the subject in the canvas, 10 to 100")
    add("--position", metavar="PLACE", help='original, center, "50%%" or "20%% 80%%"')
    add("--canvas", metavar="WxH", help="size of the result in pixels")
    add("--megapixels", type=float, metavar="MOST", help="shrink larger pictures to that first")
    add("--shadow", choices=CHOICES["shadow"], help="of the subject, on a wall or on the ground (none)")
    add("--shadow-opacity", type=int, metavar="PERCENT", help="its darkest (50)")
    listings = "a listing picture for each marketplace as well: " + ", ".join(MARKETPLACES)
    add("--marketplace", dest="marketplaces", metavar="NAME,…", help=listings)
    limits = Options()
    add("--max-megapixels", type=float, default=limits.max_megapixels, help="refuse larger (%(default)s)")
    add("--max-bytes", type=int, default=limits.max_bytes, help="refuse larger files (%(default)s)")
    return parent


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number
