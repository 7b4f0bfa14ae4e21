"""Background removal that keeps the hair: an image in, a cutout with a true alpha matte out.

    from pipeline import cut_out

    result = cut_out("shoe.jpg")
    result.to_pil().save("shoe.png")

It knows no AWS, no network and no environment. A name is loaded when it is first used, so that importing the package,
or Options alone, loads no numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pipeline.version import __version__ as __version__

if TYPE_CHECKING:
    from pipeline import errors
    from pipeline.errors import HairlineError
    from pipeline.face import apply_matte, cut_out, open_model
    from pipeline.options import Options
    from pipeline.types import Result

__all__ = ["HairlineError", "Options", "Result", "apply_matte", "cut_out", "errors", "open_model"]

_MODULES = {
    "HairlineError": "pipeline.errors",
    "Options": "pipeline.options",
    "Result": "pipeline.types",
    "apply_matte": "pipeline.face",
    "cut_out": "pipeline.face",
    "open_model": "pipeline.face",
}


def __getattr__(name: str) -> Any:
    """Load a name of `__all__` (PEP 562)."""
    if name == "errors":
        return import_module("pipeline.errors")
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
