"""PyMatting's multi-level estimation of foreground colours, loaded without the rest of PyMatting.

The first import of the whole package compiles 29 functions for 40 s of processor time. This one of its modules has
three of them, and imports nothing else of PyMatting.
"""

import importlib.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

MODULE = "pymatting.foreground.estimate_foreground_ml"


def _loaded() -> ModuleType:
    package = importlib.util.find_spec("pymatting")  # finds the folder, imports nothing
    folders = (package.submodule_search_locations or []) if package is not None else []
    spec = PathFinder.find_spec(MODULE, [str(Path(folder, "foreground")) for folder in folders])
    if spec is None or spec.loader is None:
        raise ImportError("PyMatting is not installed, or its module estimate_foreground_ml has moved.", name=MODULE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module  # where numba looks for a cached function's module, and a later import finds it
    spec.loader.exec_module(module)
    return module


estimate_foreground_ml: Any = _loaded().estimate_foreground_ml
"""`pymatting.estimate_foreground_ml`, documented there."""
