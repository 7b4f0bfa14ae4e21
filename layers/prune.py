"""What of the installed packages goes into the layer, as one table: the first row that matches a file decides.

A layer and its function may have 262,144,000 bytes unzipped; all of the packages are 652 MB. What is left out is never
loaded on Lambda. Should that cease to be so for a file, its import fails, and so do the tests that run from the
unzipped layer; the row that left it out is then to be mended here.
"""

import json
from fnmatch import fnmatchcase
from typing import NamedTuple


class Rule(NamedTuple):
    """why: the files are left out; None keeps them.

    below: the folder below site-packages that the patterns are relative to, with its slash, or "".
    patterns: of paths, with spaces between them; `*` spans folders too.
    """

    why: str | None
    below: str
    patterns: str


SERVICES = ("events", "s3", "secretsmanager", "sqs", "xray")
"""AWS services whose clients are made: by the handler, and xray by the tracer. Of another one botocore has no model in
the layer, and says so when it is asked for it."""

RULES = (
    *(Rule(None, "botocore/data/", f"{service}/*") for service in SERVICES),
    Rule(None, "botocore/data/", "_retry.json endpoints.json partitions.json sdk-default-configuration.json"),
    Rule("AWS services that are not called", "", "botocore/data/* boto3/data/* boto3/examples/*"),
    Rule(None, "numpy/_core/tests/", "_natype.py"),  # numpy.testing imports it, and SciPy all of numpy
    Rule("tests", "", "*/tests/* */test/* */conftest.py"),
    Rule("tests", "numpy/_core/", "_simd.* _*_tests.*"),
    Rule("numba, whose kernels were compiled ahead of time", "", "numba/* numba-* numba.libs/* llvmlite/* llvmlite-*"),
    Rule("programs", "", "bin/* tqdm/* tqdm-* colorama/* colorama-*"),
    Rule("for compilers and type checkers", "", "*.pyi */py.typed *.pxd *.pyx *.pxi *.h *.hpp *.c *.cpp *.f *.f90 *.a"),
    Rule("for compilers and type checkers", "", "wrapt-stubs/* numpy/_pyinstaller/* numpy/*.ini *.build *.in"),
    Rule("for installers", "*.dist-info/", "RECORD INSTALLER REQUESTED WHEEL top_level.txt entry_points.txt sboms/*"),
    Rule("for installers", "", "*.dist-info/*.json .lock"),
    Rule("licences that are in .dist-info too", "cv2/", "LICENSE*"),
    Rule("ONNX Runtime for other languages", "onnxruntime/capi/", "libonnxruntime.so*"),
    Rule("ONNX Runtime's tools", "onnxruntime/", "transformers/* quantization/* tools/* datasets/* backend/*"),
    # Declared by ONNX Runtime, but imported by its tools alone.
    Rule("ONNX Runtime's tools", "", "google/* protobuf-* flatbuffers/* flatbuffers-* packaging/* packaging-*"),
    Rule("SciPy that is not called", "scipy/", "cluster/* constants/* datasets/* differentiate/* fft/* fftpack/*"),
    Rule("SciPy that is not called", "scipy/", "integrate/* interpolate/* io/* misc/* ndimage/* odr/* optimize/*"),
    Rule("SciPy that is not called", "scipy/", "signal/* spatial/* special/* stats/* linalg/_decomp_interpolative.*"),
    Rule("SciPy that is not called", "scipy/_lib/", "_uarray/* _test_* messagestream.*"),
    Rule("SciPy that is not called", "scipy/_external/", "cobyqa/* pyprima/*"),
    Rule("SciPy that is not called", "scipy/_external/array_api_compat/", "cupy/* dask/* torch/*"),
    Rule("Pillow's fonts, windows and morphology", "PIL/", "_imagingft.* _imagingtk.* _imagingmorph.*"),
    Rule("Pillow's fonts, windows and morphology", "pillow.libs/", "libfreetype-* libharfbuzz-* libbrotli* libpng16-*"),
    Rule("Powertools that is not called", "aws_lambda_powertools/event_handler/openapi/", "swagger_ui/*"),
    Rule("Powertools that is not called", "aws_lambda_powertools/utilities/", "auth_alpha/* circuit_breaker/* kafka/*"),
    Rule(
        "Powertools that is not called", "aws_lambda_powertools/utilities/", "data_masking/* feature_flags/* parser/*"
    ),
    Rule("Powertools that is not called", "aws_lambda_powertools/utilities/", "idempotency/* streaming/* validation/*"),
    Rule("time zones, and HTTP in a browser", "", "dateutil/zoneinfo/*.tar.gz urllib3/contrib/emscripten/*"),
)


def why_left_out(path: str) -> str | None:
    """Why the file at `path`, relative to site-packages and with slashes, is left out; None where it stays."""
    for rule in RULES:
        if any(fnmatchcase(path, rule.below + pattern) for pattern in rule.patterns.split()):
            return rule.why
    return None


ENDPOINTS = "botocore/data/endpoints.json"


def only_called(endpoints: bytes) -> bytes:
    """That table of where services are, with SERVICES alone; with all of them it is over a megabyte."""
    table = json.loads(endpoints)
    for partition in table["partitions"]:
        partition["services"] = {name: row for name, row in partition["services"].items() if name in SERVICES}
    return json.dumps(table, separators=(",", ":")).encode()
