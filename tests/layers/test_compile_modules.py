"""Compiled modules behave like their sources, show the right path in tracebacks, and are reproducible."""

import ast
import importlib.util
import subprocess
import sys
import textwrap

from layers import compile_modules

SOURCE = '''
"""Of the module."""
from __future__ import annotations
class Empty:
    """All that there is."""
def f():
    """Of the function."""
    assert not __debug__ or True
    raise ValueError("here")
TEXT = """not the first, so it stays"""
'''


def fill(folder):
    (folder / "p").mkdir(parents=True)
    (folder / "p" / "__init__.py").write_text("")
    (folder / "p" / "m.py").write_text(SOURCE)
    (folder / "cv2").mkdir()
    (folder / "cv2" / "config-3.py").write_text("PATHS = []")
    compile_modules.main(str(folder), "/opt/python")
    return folder


def test_bytecode_replaces_the_source_and_tracebacks_show_the_mounted_path(tmp_path):
    fill(tmp_path)
    assert not (tmp_path / "p" / "m.py").exists()
    program = f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; import p.m; print(p.m.TEXT, p.m.Empty.__doc__); p.m.f()"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "not the first, so it stays None\n"
    assert 'File "/opt/python/p/m.py", line 9, in f' in done.stderr
    assert "ValueError: here" in done.stderr


def test_python_loads_the_bytecode_whatever_the_files_time(tmp_path):
    data = (fill(tmp_path) / "p" / "m.pyc").read_bytes()
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert data[4:8] == b"\1\0\0\0"  # PEP 552: by hash, unchecked
    assert data[8:16] == importlib.util.source_hash(SOURCE.encode())


def test_the_same_sources_give_the_same_bytes(tmp_path):
    first, second = fill(tmp_path / "1"), fill(tmp_path / "2")
    assert (first / "p" / "m.pyc").read_bytes() == (second / "p" / "m.pyc").read_bytes()


def test_modules_that_are_read_as_text_stay_source_files(tmp_path):
    assert (fill(tmp_path) / "cv2" / "config-3.py").exists()


def test_only_docstrings_are_removed():
    tree = ast.parse(textwrap.dedent(SOURCE))
    lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    compile_modules.remove_docstrings(tree)
    left = ast.unparse(tree)
    assert "Of the" not in left
    assert "assert" in left
    assert "it stays" in left
    assert {node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)} < set(lines) | {0}
