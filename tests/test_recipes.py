"""The recipes of docs/design.md: every place that one names exists, and all its places hold the same rows."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from handler.hooks.platforms import PLATFORMS
from handler.hooks.signatures import SCHEMES
from handler.http import openapi_parts
from handler.local import template
from handler.settings import Function
from pipeline import decode, encode, formats, matting, models
from pipeline import options as rows
from pipeline.marketplaces import MARKETPLACES
from pipeline.options import Options
from tests.handler.events.test_events import EXPECTED
from tests.test_architecture import ARROWS
from weights.sources import SOURCES

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = template.load()

Place = Callable[[], set[str]]
"""The names of the rows that a place holds."""


def text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def section(path: str, heading: str) -> str:
    """What a page has below a heading, up to the next one of the same rank."""
    mark = re.escape(heading.split(maxsplit=1)[0])
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^{mark} |\Z)", text(path), re.MULTILINE | re.DOTALL)
    assert found, f"{path} has no heading {heading!r}"
    return found[1]


def first_cells(page: str) -> set[str]:
    """The names in the first cells of a page's tables."""
    return set(re.findall(r"^\| `([\w-]+)`[^|\n]*\|", text(page), re.MULTILINE))


def words_of_option(name: str) -> set[str]:
    """The words in an option's row of docs/options.md."""
    (row,) = re.findall(rf"^\| `{name}` \|.*$", text("docs/options.md"), re.MULTILINE)
    return set(re.findall(r"\w+", row))


def platforms_of_files() -> set[str]:
    return {path.name.split("_")[1] for path in ROOT.glob("events/hook_*.json")}


def platforms_of_the_page() -> set[str]:
    rows = re.findall(r"^\| (\w+) \|", section("docs/webhooks.md", "## Platforms"), re.MULTILINE)
    return {name.lower() for name in rows} - {"platform"}


def output_formats() -> set[str]:
    """Those that encode writes: the rows, ZIP, which holds two of them, and the choice between two."""
    return {*encode._FORMATS, "zip", "auto"}


def described_formats() -> set[str]:
    """The output formats whose content type the HTTP API's description names."""
    types = {name: row.content_type for name, row in encode._FORMATS.items()} | {"zip": "application/zip"}
    return {name for name, content_type in types.items() if content_type in openapi_parts.ALL_IMAGES} | {"auto"}


def entry_points() -> set[str]:
    """The functions that Lambda calls, in the modules of the doors and of the backfill."""
    paths = [
        path for door in ("cutouts", "http", "hooks", "backfill") for path in (ROOT / "handler" / door).glob("*app.py")
    ]
    return {name for path in paths for name in re.findall(r"^def (on_\w+)\(", path.read_text(), re.MULTILINE)}


def functions() -> dict[str, str]:
    """Entry point to the name of the template's function that has it."""
    found = {name: row for name, row in TEMPLATE["Resources"].items() if row["Type"] == "AWS::Serverless::Function"}
    return {row["Properties"]["Handler"].rpartition(".")[2]: name for name, row in found.items()} | UNDEPLOYED


UNDEPLOYED = {"on_s3": ""}
"""For a bucket that calls Lambda without a queue. The template has no function for it, so nothing is built."""


def built() -> set[str]:
    """The entry points whose code `sam build` copies."""
    (names,) = re.findall(
        r"^FUNCTIONS = \$\(foreach name,([\w ]+),build-\$\(name\)Function\)$", text("Makefile"), re.MULTILINE
    )
    targets = {f"{name}Function" for name in names.split()}
    return {entry for entry, function in functions().items() if function in targets} | UNDEPLOYED.keys()


RECIPES: dict[str, dict[str, Place | None]] = {
    "Add a model": {
        "pipeline/models/__init__.py": lambda: set(models.MODELS),
        "weights/sources.py": lambda: set(SOURCES),
        "template.yaml": lambda: (
            set(models.MODELS) & set(re.findall(r"[\w-]+", TEMPLATE["Parameters"]["Model"]["Description"]))
        ),
        "docs/models.md": lambda: first_cells("docs/models.md"),
    },
    "Add a marketplace": {
        "pipeline/marketplaces.py": lambda: set(MARKETPLACES),
        "docs/listings.md": lambda: first_cells("docs/listings.md"),
        "docs/options.md": None,
    },
    "Add a shop platform": {
        "handler/hooks/platforms.py": lambda: set(PLATFORMS),
        "handler/hooks/signatures.py": lambda: set(SCHEMES),
        "events/": platforms_of_files,
        "tests/handler/events/test_events.py": lambda: {n.split("_")[1] for n in EXPECTED if n.startswith("hook_")},
        "docs/webhooks.md": platforms_of_the_page,
    },
    "Add a trigger": {
        "handler/events/": None,
        "handler/cutouts/app.py": entry_points,
        "template.yaml": lambda: set(functions()),
        "Makefile": built,
        "handler/settings.py": lambda: {entry for entry, name in functions().items() if name in {*Function, ""}},
        "handler/config.py": None,
        "events/": None,
    },
    "Add an input format": {
        "pipeline/formats.py": lambda: {row.name for row in formats.READABLE},
        "pipeline/decode/__init__.py": lambda: set(decode._PARSERS),
        "docs/cli.md": lambda: {
            row.name for row in formats.READABLE if row.title in section("docs/cli.md", "## What it reads")
        },
    },
    "Add an output format": {
        "pipeline/encode.py": output_formats,
        "pipeline/options/__init__.py": lambda: set(get_args(rows.Format)),
        "handler/http/openapi_parts.py": described_formats,
        "docs/options.md": lambda: words_of_option("format") & output_formats(),
    },
    "Add a matting method": {
        "pipeline/matting/__init__.py": lambda: {*matting.METHODS, "off"},
        "pipeline/options/__init__.py": lambda: set(get_args(rows.Matting)),
        "docs/options.md": lambda: words_of_option("matting") & {*matting.METHODS, "off"},
    },
    "Add an option": {
        "pipeline/options/__init__.py": lambda: set(Options.table()),
        "docs/options.md": lambda: first_cells("docs/options.md"),
    },
}
"""Recipe to the places that it names, in its order. The first that holds names decides. None: another test holds it."""

PAIRS = [(recipe, place) for recipe, places in RECIPES.items() for place, names in places.items() if names]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_names_the_places_that_are_compared(recipe: str) -> None:
    named = re.findall(r"^- `([^`]+)`", section("docs/design.md", f"### {recipe}"), re.MULTILINE)
    assert named == list(RECIPES[recipe])
    for path in named:
        assert (ROOT / path).exists(), f"{path} of the recipe {recipe!r} does not exist"


def test_every_recipe_of_the_page_is_compared() -> None:
    assert re.findall(r"^### (.+)$", section("docs/design.md", "## Recipes"), re.MULTILINE) == list(RECIPES)


@pytest.mark.parametrize(("recipe", "place"), PAIRS, ids=[f"{recipe}: {place}" for recipe, place in PAIRS])
def test_a_place_of_a_recipe_holds_every_row_and_no_other(recipe: str, place: str) -> None:
    first, names = next((path, names) for path, names in RECIPES[recipe].items() if names)
    here = RECIPES[recipe][place]
    assert here is not None
    known, found = names(), here()
    assert known
    assert not known - found, (
        f"{place} lacks {sorted(known - found)}, which {first} has. See {recipe!r}, docs/design.md"
    )
    assert not found - known, (
        f"{place} has {sorted(found - known)}, which {first} lacks. See {recipe!r}, docs/design.md"
    )


def test_the_page_draws_every_room() -> None:
    rooms = [name.split(".")[1] for name in ARROWS if "." in name and not name.endswith("__main__")]
    drawing = section("docs/design.md", "### Rooms, and which may import which").partition("```")[2].partition("```")[0]
    assert sorted(set(rooms) - set(re.findall(r"[a-z_]+", drawing))) == []
