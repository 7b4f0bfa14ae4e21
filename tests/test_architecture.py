"""The arrows between modules, what the library may not touch, and what may not stand in the repository."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("pipeline", "handler", "layers", "bench")

PLAIN = {"pipeline.errors", "pipeline.geometry", "pipeline.models", "pipeline.options", "pipeline.srgb"}
PLAIN |= {"pipeline.stages", "pipeline.threads", "pipeline.placement", "pipeline.profiles", "pipeline.sniff"}
PLAIN |= {"pipeline.doubt"}
"""What every stage may use: types and rules, no pictures' work."""

STAGES = {"decode", "shrink", "segment", "trimap", "matting", "refine", "quality", "foreground", "compose", "encode"}

ARROWS = {
    **dict.fromkeys((f"pipeline.{stage}" for stage in STAGES), PLAIN),
    "pipeline.compose": PLAIN | {"pipeline.shadow"},
    "pipeline.escalate": PLAIN | {"pipeline.segment"},
    "pipeline": set(),
    "pipeline.errors": set(),
    "pipeline.stages": {"pipeline.models"},
    "pipeline.sniff": {"pipeline.errors"},
    "pipeline.srgb": set(),
    "pipeline.threads": set(),
    "pipeline.files": set(),
    "pipeline.geometry": set(),
    "pipeline.lock": set(),
    "pipeline.doubt": {"pipeline.stages"},
    "pipeline.models": {"pipeline.errors"},
    "pipeline.options": {"pipeline.errors", "pipeline.geometry", "pipeline.profiles"},
    "pipeline.profiles": set(),
    "pipeline.shadow": {"pipeline.stages"},
    "pipeline.compliance": {"pipeline.profiles", "pipeline.srgb", "pipeline.stages"},
    "pipeline.listings": PLAIN | {"pipeline.compose", "pipeline.encode", "pipeline.compliance"},
    "pipeline.placement": {"pipeline.errors", "pipeline.geometry", "pipeline.options", "pipeline.stages"},
    "pipeline.report": PLAIN | {"pipeline", "pipeline.quality", "pipeline.listings"},
    "pipeline.sheet": PLAIN | {"pipeline.compose", "pipeline.quality"},
    "pipeline.gallery": set(),
    "pipeline.given": PLAIN | {"pipeline.decode"},
    "pipeline.reuse": PLAIN
    | {f"pipeline.{stage}" for stage in ("decode", "shrink", "foreground", "compose", "encode")}
    | {"pipeline.given", "pipeline.listings", "pipeline.report"},
    "pipeline.run": PLAIN
    | {f"pipeline.{stage}" for stage in STAGES}
    | {"pipeline.report", "pipeline.listings", "pipeline.given", "pipeline.sheet"},
    "pipeline.batch": {"pipeline"},
    "pipeline.__main__": {"pipeline"},
    "handler": {"handler", "pipeline"},
    # A checksum, and how a file comes to be whole, are known once; the fetcher knows no more of the library.
    "layers": {"layers", "pipeline.models", "pipeline.errors", "pipeline.files", "pipeline.lock"},
    "bench": {"bench", "pipeline", "handler"},
}
"""From each unit (a module or package) to the units it may import; "pipeline" as a target is all of it for the shells
batch, __main__, handler and bench. A unit may always import itself. A new module of pipeline needs a line here."""

WHOLE = {"pipeline.batch", "pipeline.__main__", "handler", "bench"}
"""For these, an arrow to "pipeline" covers its modules."""

FORBIDDEN_IN_PIPELINE = {
    *("boto3", "botocore", "aws_lambda_powertools", "requests", "urllib3", "urllib", "http", "socket", "ssl", "ftplib"),
    *("os.environ", "os.environb", "os.getenv", "time.time", "time.time_ns", "time.localtime", "time.gmtime"),
    *("datetime", "random", "numpy.random", "uuid", "secrets"),
}
"""No AWS, no network, no environment, no clock (a stopwatch is none), no chance."""

PYMATTING_BELONGS_TO = {"pipeline.matting", "pipeline.foreground"}


def sources(*packages):
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def module(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def unit(name):
    """The unit of a module's dotted name: below pipeline each module or package is one, elsewhere the package."""
    return ".".join(name.split(".")[: 2 if name.startswith("pipeline.") else 1])


MODULES = {module(path) for path in sources(*PACKAGES)}


def imports(path):
    """The dotted names that a file imports, at any depth; `from package import module` counts as the module."""
    tree = ast.parse(path.read_text())
    package = module(path) if path.name == "__init__.py" else module(path).rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield full if full in MODULES or base not in MODULES else base


def uses(tree):
    """The dotted names that a file's code reads, such as `os.environ`, under the names that it imported them by."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {
                alias.asname or alias.name.split(".")[0]: alias.name if alias.asname else alias.name.split(".")[0]
                for alias in node.names
            }
        elif isinstance(node, ast.ImportFrom) and node.module:
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree):
        parts, inner = [], node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in known:
            yield ".".join([known[inner.id], *reversed(parts)]), node


def covers(name, target):
    return name == target or name.startswith(f"{target}.")


@pytest.mark.parametrize("path", sources(*PACKAGES), ids=module)
def test_every_import_follows_an_arrow(path):
    here = unit(module(path))
    assert here in ARROWS, f"{here} is new: say in ARROWS what it may import"
    for name in imports(path):
        there = unit(name)
        if name.split(".")[0] not in {*PACKAGES, "tests"} or there == here:
            continue
        allowed = there in ARROWS[here] or (here in WHOLE and "pipeline" in ARROWS[here] and covers(there, "pipeline"))
        assert allowed, f"{module(path)} imports {name}"


@pytest.mark.parametrize("path", sources("pipeline"), ids=module)
def test_the_library_touches_no_cloud_network_environment_clock_or_chance(path):
    for name in [*imports(path), *(name for name, _ in uses(ast.parse(path.read_text())))]:
        assert not any(covers(name, forbidden) for forbidden in FORBIDDEN_IN_PIPELINE), f"{module(path)} uses {name}"


@pytest.mark.parametrize("path", sources("pipeline", "handler", "layers"), ids=module)
def test_pymatting_has_two_importers(path):
    if any(covers(name, "pymatting") for name in imports(path)):
        assert unit(module(path)) in PYMATTING_BELONGS_TO


ENVIRONMENT_READERS = ("handler.wiring", "handler.hooks.wiring", "handler.local", "handler.http.wiring")
"""The container's wiring hands the environment to Config; the local stack's programs make one for others."""


@pytest.mark.parametrize("path", sources("handler", "layers"), ids=module)
def test_the_environment_is_read_in_one_place_and_never_at_import(path):
    tree = ast.parse(path.read_text())
    later = {id(inside) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for inside in ast.walk(node)}
    for name, node in uses(tree):
        if covers(name, "os.environ") or covers(name, "os.getenv"):
            assert any(covers(module(path), reader) for reader in ENVIRONMENT_READERS), (
                f"{module(path)} reads the environment"
            )
            assert id(node) in later, f"{module(path)} reads the environment when it is imported"


def test_the_handler_imports_in_an_empty_environment():
    done = subprocess.run(
        [sys.executable, "-c", "import handler.app"], cwd=ROOT, env={}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("path", sources(*PACKAGES), ids=module)
def test_a_module_is_one_idea(path):
    assert len(path.read_text().splitlines()) <= 260


def committed():
    """The files that git would clone; in an unpacked archive without git there is nothing to ask."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this is no git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_path_of_one_machine_and_no_package_index_is_named():
    wrong = re.compile(
        r"/(?:root|work|Users|home/(?!user/))\w*/|pypi\.(?:org|io)|pythonhosted|registry\.npm|-index-url"
    )
    found = []
    for path in set(committed()) - {Path(__file__).resolve()}:
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue  # a picture
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in wrong.finditer(text)]
    assert found == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.lock")), ids=lambda path: path.name)
def test_a_lock_file_pins_by_hash_and_names_no_source(path):
    text = path.read_text()
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)
    pins = re.findall(r"^([\w.-]+)(?:\[.*?\])?==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    entries = re.split(r"^(?=[\w])", text, flags=re.MULTILINE)[1:]
    assert len(pins) == len(entries)
    assert all("--hash=sha256:" in entry for entry in entries)
