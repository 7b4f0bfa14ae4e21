"""Decides which files of the installed packages go into the layer. The first row of RULES that matches a file counts.

A layer and its function may have 262,144,000 bytes unzipped, and all packages together have 652 MB. So files that
Hairline never loads on Lambda are left out. If a new version of a package needs one of them, its import fails, and so
do the tests that run from the unzipped layer. Then change the row that leaves it out.
"""

import json
from fnmatch import fnmatchcase
from typing import NamedTuple


class Rule(NamedTuple):
    """why: the reason to leave the files out; None keeps them.

    below: the folder of site-packages that the patterns are relative to, with a slash at the end, or "".
    patterns: patterns of paths, separated by spaces; `*` matches slashes too.
    """

    why: str | None
    below: str
    patterns: str


SERVICES = ("events", "s3", "secretsmanager", "sqs", "xray")
"""The AWS services that the handler calls, and xray, which the tracer calls. botocore raises UnknownServiceError for
every other service, because the layer leaves its model out."""

RULES = (
    *(Rule(None, "botocore/data/", f"{service}/*") for service in SERVICES),
    Rule(None, "botocore/data/", "_retry.json endpoints.json partitions.json sdk-default-configuration.json"),
    Rule("AWS services that are not called", "", "botocore/data/* boto3/data/* boto3/examples/*"),
    Rule(None, "numpy/_core/tests/", "_natype.py"),  # numpy.testing imports it, and SciPy imports all of numpy
    Rule("tests", "", "*/tests/* */test/* */conftest.py"),
    Rule("tests", "numpy/_core/", "_simd.* _*_tests.*"),
    Rule("numba, as the kernels were compiled in advance", "", "numba/* numba-* numba.libs/* llvmlite/* llvmlite-*"),
    Rule("PyMatting, which needs numba", "", "pymatting/* pymatting-*"),
    Rule("programs", "", "bin/* tqdm/* tqdm-* colorama/* colorama-* watchdog/* watchdog-*"),
    Rule("for compilers and type checkers", "", "*.pyi */py.typed *.pxd *.pyx *.pxi *.h *.hpp *.c *.cpp *.f *.f90 *.a"),
    Rule("for compilers and type checkers", "", "wrapt-stubs/* numpy/_pyinstaller/* numpy/*.ini *.build *.in"),
    Rule("for installers", "*.dist-info/", "RECORD INSTALLER REQUESTED WHEEL top_level.txt entry_points.txt sboms/*"),
    Rule("for installers", "", "*.dist-info/*.json .lock"),
    Rule("licences that are in .dist-info too", "cv2/", "LICENSE*"),
    Rule("ONNX Runtime for other languages", "onnxruntime/capi/", "libonnxruntime.so*"),
    Rule("ONNX Runtime's tools", "onnxruntime/", "transformers/* quantization/* tools/* datasets/* backend/*"),
    # ONNX Runtime declares these, but only its tools import them.
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
    """Why the file is left out; None if it stays. path: relative to site-packages, with slashes."""
    for rule in RULES:
        if any(fnmatchcase(path, rule.below + pattern) for pattern in rule.patterns.split()):
            return rule.why
    return None


ENDPOINTS = "botocore/data/endpoints.json"


def only_called(endpoints: bytes) -> bytes:
    """The content of ENDPOINTS, reduced to SERVICES. The full table is larger than 1 MB."""
    table = json.loads(endpoints)
    for partition in table["partitions"]:
        partition["services"] = {name: row for name, row in partition["services"].items() if name in SERVICES}
    return json.dumps(table, separators=(",", ":")).encode()
