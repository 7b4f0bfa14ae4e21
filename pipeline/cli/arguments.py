"""The command line's parser: the flags of the table of options, and the commands' own arguments."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipeline import models
from pipeline.models.choice import AUTO
from pipeline.options import PLANES, Options
from pipeline.options.kinds import Choice, File, Switch
from pipeline.options.row import GROUPS, Option, Where
from pipeline.version import __version__

STREAM = Path("-")
"""Standard input, or standard output."""
_Table = Mapping[str, Option[Any, Any]]

_EXIT = """exit status:
  0    all went well
  1    some images were rejected or failed, or a listing image breaks its marketplace's rules; the others are done
  2    wrong usage; nothing was done
  130  interrupted, by Ctrl-C or SIGTERM; finished images stay
  141  the program that read the output ended; finished images stay
"""
_CUT = """example:
  hairline cut photos/ -o out --background white --format jpeg --crop --margin 5%

"""
_APPLY = """example:
  hairline cut photo.jpg -o matte --channels alpha
  hairline apply matte/photo.png photo-small.jpg -o out

"""
_MATTE = """example:
  hairline matte photo.jpg trimap.png -o alpha.png

"""
_STUDIO = """example:
  hairline studio photos/

"""


def parser(table: _Table | None = None) -> argparse.ArgumentParser:
    """The parser of `hairline`. Its namespace has an attribute for each option, None for one that is not given."""
    rows = Options.table() if table is None else table
    root = argparse.ArgumentParser(
        prog="hairline",
        description="Cut the subject out of images, hair and all.",
        epilog=_EXIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="version", version=f"hairline {__version__}")
    commands = root.add_subparsers(dest="command", required=True, metavar="cut|apply|matte|studio")
    _add_cut(_command(commands, "cut", "cut out images", "Cut the subject out of images.", _CUT), rows)
    about = "Cut out other sizes of an image with the matte that was made from one of them."
    _add_apply(_command(commands, "apply", "put one matte onto other sizes of its image", about, _APPLY), rows)
    about = "Solve alpha for an image and a trimap: the matting stage alone."
    _add_matte(_command(commands, "matte", "solve alpha for a trimap", about, _MATTE))
    about = "Show a folder's cutouts on a page of this machine, the doubtful ones first, to correct and approve them."
    _add_studio(_command(commands, "studio", "open a page to correct and approve cutouts", about, _STUDIO))
    return root


def _command(commands: Any, name: str, summary: str, about: str, example: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=about,
        epilog=example + _EXIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return made


def _add_cut(command: argparse.ArgumentParser, rows: _Table) -> None:
    command.add_argument(
        "inputs",
        nargs="+",
        type=_path,
        metavar="INPUT",
        help="image files and folders of them, or - for standard input",
    )
    _add_folder(command, "folder for the results, or - for one cutout on standard output")
    command.add_argument(
        "--jobs", type=_at_least_one, default=1, metavar="N", help="images to process at the same time (default: 1)"
    )
    command.add_argument(
        "--watch",
        action="store_true",
        help="go on, and cut each image that arrives in the folders, until Ctrl-C (default: off)",
    )
    groups = _add_options(command, rows, GROUPS)
    subject, output = groups["Subject"], groups["Output"]
    _add_model(subject)
    output.add_argument(
        "--stages",
        dest="planes",
        action="store_true",
        help=f"also save the {', '.join(PLANES[:-1])} and {PLANES[-1]} of each image (default: off)",
    )
    output.add_argument(
        "--sheet",
        action="store_true",
        help="also save a contact sheet of each image; for a folder also index.html, most doubtful first "
        "(default: off)",
    )


def _add_model(group: Any) -> None:
    known = ", ".join([*models.MODELS, AUTO])
    group.add_argument(
        "--model",
        default="u2netp",
        metavar="NAME",
        help=f"model that finds the subject: {known}, or one of your own (default: u2netp)",
    )
    group.add_argument(
        "--model-dir",
        type=Path,
        default=models.DEFAULT_FOLDER,
        metavar="DIR",
        help="folder of the models' weights (default: models/ in the checkout)",
    )


def _add_studio(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="folder of the images; results go to its subfolder cutouts (default: the current folder)",
    )
    command.add_argument(
        "--port", type=int, default=0, metavar="N", help="port on this machine (default: one that is free)"
    )
    _add_model(command)


def _add_apply(command: argparse.ArgumentParser, rows: _Table) -> None:
    command.add_argument(
        "alpha", type=_path, metavar="ALPHA", help="matte as a grey image, or a cutout, whose transparency is the matte"
    )
    command.add_argument("inputs", nargs="+", type=_path, metavar="IMAGE", help="image files and folders of them")
    _add_folder(command)
    _add_options(command, rows, ("Output", "Marketplace", "Limits"))


def _add_matte(command: argparse.ArgumentParser) -> None:
    command.add_argument("image", type=_path, metavar="IMAGE", help="image file")
    command.add_argument(
        "trimap",
        type=_path,
        metavar="TRIMAP",
        help="grey image of the same size: 255 marks subject, 0 marks background, Hairline solves the rest",
    )
    command.add_argument(
        "-o", dest="out", type=_path, required=True, metavar="ALPHA.png", help="file for alpha, a 16-bit grey PNG"
    )
    _add_force(command)
    command.add_argument(
        "--method",
        choices=("fast", "exact", "pymatting"),
        default="fast",
        help="how alpha is solved; exact is slower, pymatting the slowest (default: fast)",
    )


def _add_folder(command: argparse.ArgumentParser, about: str = "folder for the results") -> None:
    command.add_argument("-o", dest="out", type=_path, required=True, metavar="DIR", help=about)
    command.add_argument(
        "--again", action="store_true", help="also process images whose results are up to date (default: off)"
    )
    _add_force(command)


def _add_force(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--force", action="store_true", help="replace files that Hairline did not write (default: off)"
    )


def _add_options(command: argparse.ArgumentParser, rows: _Table, groups: tuple[str, ...]) -> dict[str, Any]:
    """Add the rows of these groups, each under its group's heading; returns the groups."""
    made = {group: command.add_argument_group(group) for group in groups}
    for row in rows.values():
        if Where.CLI in row.where and row.group in made:
            made[row.group].add_argument(flag(row), dest=row.name, default=None, help=_help(row), **_settings(row))
    return made


def flag(row: Option[Any, Any]) -> str:
    """The row's flag, such as "--shadow-opacity"."""
    return "--" + row.flag.replace("_", "-")


def _help(row: Option[Any, Any]) -> str:
    needs = f"; needs {row.needs}" if row.needs else ""
    return f"{row.help}{needs} (default: {row.default_text})".replace("%", "%%")


def _settings(row: Option[Any, Any]) -> dict[str, Any]:
    """The keyword arguments of `add_argument` for a row."""
    if isinstance(row.kind, Switch):
        return {"action": "store_true"}
    if isinstance(row.kind, File):
        return {"metavar": row.kind.metavar}
    choices = {"choices": row.kind.choices} if isinstance(row.kind, Choice) else {"metavar": row.kind.metavar}
    return {"type": _reader(row.kind.from_text, row.kind.form), **choices}


def _reader(from_text: Callable[[str], Any], form: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return from_text(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"must be {form}, not {text!r}") from error

    return read


def _path(text: str) -> Path:
    """A path, or STREAM for "-". The file "./-" becomes absolute, because pathlib does not distinguish it from "-"."""
    path = Path(text)
    return path.absolute() if path == STREAM and text != "-" else path


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text}")
    return int(text)
