"""Replace every module below a folder by its bytecode, which is smaller than the source and loads faster.

    python compile_modules.py FOLDER MOUNTED

The target's Python runs this file, so it imports nothing of Hairline's. MOUNTED is the path of FOLDER on Lambda;
tracebacks show it, with line numbers. Docstrings are removed, as with `python -OO`, but asserts are kept. Python
imports a .pyc file that is stored in its source's place (PEP 3147, https://peps.python.org/pep-3147/).
"""

import ast
import importlib.util
import marshal
import sys
from fnmatch import fnmatchcase
from pathlib import Path

SOURCES = ("cv2/config*.py",)
"""Modules that OpenCV reads as text, so they must stay source files."""
DOCUMENTED = ("numpy/_core/numeric.py",)
"""Modules that keep their docstrings: numpy.ma derives its own from them, and asserts what they contain."""
_UNCHECKED = (0b01).to_bytes(4, "little")
"""PEP 552: Python does not check whether the source has changed, because unzipping changes all times."""


def main(folder: str, mounted: str) -> None:
    """Compile all modules in one process and in order, because a .pyc's bytes depend on what was compiled before it."""
    for path in sorted(Path(folder).rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        if _matches(name, SOURCES):
            continue
        source = path.read_bytes()
        tree = ast.parse(source)
        if not _matches(name, DOCUMENTED):
            remove_docstrings(tree)
        code = compile(tree, f"{mounted}/{name}", "exec", dont_inherit=True)
        header = importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(source)
        path.with_suffix(".pyc").write_bytes(header + marshal.dumps(code))
        path.unlink()


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def remove_docstrings(tree: ast.Module) -> None:
    """Remove the docstrings of the module and of each class and function in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
            if first is not None:
                node.body[:1] = [] if node.body[1:] else [ast.copy_location(ast.Pass(), first)]


if __name__ == "__main__":
    main(*sys.argv[1:])
