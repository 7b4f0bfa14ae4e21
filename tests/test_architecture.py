"""The arrows between modules, what the library may not touch, and what may not stand in the repository."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("pipeline", "handler", "studio", "layers", "release", "weights", "bench")


def rooms(package, *names):
    return {f"{package}.{name}" for name in names}


GROUND = rooms(
    "pipeline",
    *(
        "box",
        "edits",
        "errors",
        "formats",
        "geometry",
        "marketplaces",
        "models",
        "options",
        "report",
        "review",
        "review_page",
        "sniff",
        "strokes",
        "version",
    ),
)
"""Tables and rules without numpy: what functions that never cut may load."""
VALUES = GROUND | rooms("pipeline", "types", "raster", "srgb", "threads", "doubt", "compiled")
"""What every stage may use: types and rules, no work on pixels."""
STAGES = rooms(
    "pipeline",
    *(
        "decode",
        "shrink",
        "segment",
        "backdrop",
        "spread",
        "trimap",
        "matting",
        "refine",
        "quality",
        "foreground",
        "compose",
        "encode",
    ),
)
PRODUCTS = rooms("pipeline", "listings", "describe", "schema", "sheet", "option_images")
LIBRARY = VALUES | STAGES | PRODUCTS | rooms("pipeline", "run", "apply", "views", "face", "disk") | {"pipeline"}

HANDLER_GROUND = rooms(
    "handler", *("config", "dispositions", "errors", "jobs", "keys", "notifications", "observability", "settings")
)
SERVICES = rooms("handler", "aws", "events", "untrusted")
DOORS = rooms("handler", "cutouts", "http", "hooks")

ARROWS = {
    "pipeline": rooms("pipeline", "version", "errors", "options", "types", "face"),
    "pipeline.version": set(),
    "pipeline.face": rooms("pipeline", "run", "apply", "models", "segment", "options", "report", "types", "errors"),
    "pipeline.errors": set(),
    "pipeline.box": set(),
    "pipeline.geometry": {"pipeline.box"},
    "pipeline.report": set(),
    "pipeline.schema": {"pipeline.report"},
    "pipeline.marketplaces": rooms("pipeline", "geometry", "report"),
    "pipeline.models": rooms("pipeline", "errors", "options"),
    "pipeline.strokes": {"pipeline.errors"},
    "pipeline.edits": rooms("pipeline", "errors", "options", "strokes"),
    "pipeline.review": rooms("pipeline", "edits", "errors", "marketplaces", "options", "version"),
    "pipeline.review_page": set(),
    "pipeline.options": rooms("pipeline", "errors", "formats", "geometry", "marketplaces", "strokes"),
    "pipeline.formats": set(),
    "pipeline.sniff": rooms("pipeline", "errors", "formats"),
    "pipeline.srgb": set(),
    "pipeline.threads": set(),
    "pipeline.disk": set(),
    "pipeline.types": rooms("pipeline", "box", "models", "errors", "report"),
    "pipeline.raster": rooms("pipeline", "box", "types"),
    "pipeline.doubt": {"pipeline.types"},
    "pipeline.compiled": set(),
    **dict.fromkeys(STAGES, VALUES),
    "pipeline.backdrop": VALUES,
    "pipeline.listings": VALUES | rooms("pipeline", "compose", "encode"),
    "pipeline.option_images": VALUES | {"pipeline.decode"},
    "pipeline.describe": VALUES | rooms("pipeline", "quality", "listings"),
    "pipeline.sheet": VALUES | rooms("pipeline", "compose", "quality"),
    "pipeline.run": VALUES | STAGES | PRODUCTS,
    "pipeline.apply": VALUES | PRODUCTS | rooms("pipeline", "decode", "shrink", "foreground", "compose", "encode"),
    "pipeline.views": VALUES | PRODUCTS | rooms("pipeline", "apply", "decode", "encode", "run", "segment"),
    "pipeline.cli": LIBRARY,
    "pipeline.__main__": {"pipeline.cli"},
    "handler": set(),
    "handler.errors": {"pipeline.errors"},
    "handler.dispositions": {"handler.errors", "pipeline.errors"},
    "handler.jobs": {"handler.dispositions", "pipeline.report"},
    "handler.observability": rooms("handler", "dispositions", "errors", "jobs") | rooms("pipeline", "errors", "report"),
    "handler.settings": {"handler.errors"},
    "handler.config": rooms("handler", "errors", "settings") | GROUND,
    "handler.keys": rooms("pipeline", "marketplaces", "options"),
    "handler.notifications": rooms("handler", "errors", "jobs", "keys") | {"pipeline.report"},
    "handler.events": rooms("handler", "dispositions", "errors", "jobs"),
    "handler.aws": HANDLER_GROUND | GROUND | {"pipeline.disk"},
    "handler.untrusted": {"handler.errors", "pipeline"} | GROUND,
    **dict.fromkeys(DOORS, HANDLER_GROUND | SERVICES | LIBRARY),
    "handler.http": HANDLER_GROUND | SERVICES | LIBRARY | {"handler.status"},
    "handler.status": HANDLER_GROUND | SERVICES | GROUND,
    # The same images as the queue's, by the same steps.
    "handler.backfill": HANDLER_GROUND | SERVICES | LIBRARY | {"handler.cutouts"},
    # Not deployed: a deployment seen from outside, and the same doors on this machine.
    "handler.smoke": HANDLER_GROUND | {"handler.aws"} | GROUND,
    "handler.local": HANDLER_GROUND | SERVICES | DOORS | LIBRARY | {"pipeline.cli"},
    # A checksum, and how a file comes to be whole, are known once.
    "layers": rooms("pipeline", "models", "errors", "disk", "compiled"),
    "weights": rooms("pipeline", "models", "errors", "disk"),
    # The template is read in one place.
    "release": {"layers", "handler.local", "pipeline.version"},
    "studio": LIBRARY | {"pipeline.cli"},
    "bench": LIBRARY | rooms("pipeline", "cli") | rooms("handler", "local", "backfill") | {"studio"},
}
"""From each room (a module or package of pipeline and handler, or another package) to the rooms that it may import.
A room may always import itself. A new room needs a line here, and there is no arrow back and no circle."""

FORBIDDEN_IN_PIPELINE = {
    *("boto3", "botocore", "aws_lambda_powertools", "requests", "urllib3", "urllib", "http", "socket", "ssl", "ftplib"),
    *("os.environ", "os.environb", "os.getenv", "os.putenv", "os.unsetenv"),
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime"),
    *("datetime", "random", "numpy.random", "uuid", "secrets"),
}
"""No AWS, no network, no environment, no clock (a stopwatch is none), no chance."""
ALLOWED_IN_PIPELINE = {("pipeline.segment.onnx", "os.putenv"), ("pipeline.disk", "secrets.token_hex")}
"""ONNX Runtime's telemetry can be disabled only by a variable that it reads when it is imported. Temporary files need
names that no other machine with the same folder uses, and no output depends on those."""


def sources(*packages):
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def module(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(name):
    """The room of a module's dotted name: below pipeline and handler each module or package is one."""
    return ".".join(name.split(".")[: 2 if name.split(".")[0] in ("pipeline", "handler") else 1])


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
    here = room(module(path))
    assert here in ARROWS, f"{here} is new: say in ARROWS what it may import"
    for name in imports(path):
        there = room(name)
        if name.split(".")[0] not in {*PACKAGES, "tests"} or there == here:
            continue
        assert there in ARROWS[here], f"{module(path)} imports {name}"


def test_the_arrows_make_no_circle():
    above = {here: targets - {here} for here, targets in ARROWS.items()}
    while bottom := [here for here, targets in above.items() if not targets & above.keys()]:
        for here in bottom:
            del above[here]
    assert not above, f"a circle among {sorted(above)}"


def test_no_door_imports_another_door():
    for door in DOORS:
        assert not ARROWS[door] & (DOORS - {door})


HEAVY = {"numpy", "cv2", "onnxruntime", "scipy", "PIL"}
NEVER_CUT = ("handler.http.job_app", "handler.hooks.app", "handler.backfill.end_app")
"""Entry points of functions that never cut, which must not load what is heavy, so that they start quickly."""


@pytest.mark.parametrize("name", NEVER_CUT)
def test_functions_that_never_cut_start_without_numpy(name):
    command = [sys.executable, "-c", f"import sys, {name}; print(*sys.modules)"]
    environment = {"AWS_DEFAULT_REGION": "eu-west-1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert name in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("path", sources("pipeline"), ids=module)
def test_the_library_touches_no_cloud_network_environment_clock_or_chance(path):
    for name in [*imports(path), *(name for name, _ in uses(ast.parse(path.read_text())))]:
        if (module(path), name) not in ALLOWED_IN_PIPELINE:
            assert not any(covers(name, bad) for bad in FORBIDDEN_IN_PIPELINE), f"{module(path)} uses {name}"


@pytest.mark.parametrize("path", sources("handler"), ids=module)
def test_boto3_has_one_importing_room(path):
    if any(covers(name, library) for name in imports(path) for library in ("boto3", "botocore", "s3transfer")):
        assert room(module(path)) in ("handler.aws", "handler.local"), f"{module(path)} imports boto3 or botocore"


ENVIRONMENT_READERS = (
    *(f"{door}.wiring" for door in sorted(DOORS)),
    "handler.backfill.wiring",
    "handler.backfill.end_wiring",
    "handler.local",
)
"""The container's wiring hands the environment to its config; the local stack's programs make one for others."""


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
        [sys.executable, "-c", "import handler.cutouts.app"], cwd=ROOT, env={}, capture_output=True, check=False
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
