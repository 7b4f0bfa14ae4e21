"""What the layer leaves out, and what it must contain."""

import json
import re
from pathlib import Path

import pytest

from layers import function
from layers.prune import RULES, SERVICES, only_called, why_left_out

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "path",
    [
        "cv2/cv2.abi3.so",
        "numpy/testing/__init__.py",
        "numpy/_core/tests/_natype.py",
        "botocore/data/s3/2006-03-01/service-2.json.gz",
        "botocore/data/endpoints.json",
        "botocore/cacert.pem",
        "scipy/sparse/linalg/_dsolve/_superlu.cpython-313-x86_64-linux-gnu.so",
        "scipy/sparse/csgraph/_traversal.cpython-313-x86_64-linux-gnu.so",
        "onnxruntime/capi/libonnxruntime_providers_shared.so",
        "opencv_python_headless-5.0.0.dist-info/METADATA",
        "numpy-2.5.5.dist-info/licenses/LICENSE.txt",
        "PIL/_avif.cpython-313-x86_64-linux-gnu.so",
    ],
)
def test_files_that_are_loaded_stay(path):
    assert why_left_out(path) is None


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("llvmlite/binding/libllvmlite.so", "numba"),
        ("numba-0.68.1.dist-info/METADATA", "numba"),
        ("pymatting/__init__.py", "PyMatting"),
        ("numpy/_core/tests/test_multiarray.py", "tests"),
        ("numpy/_core/_simd.cpython-313-x86_64-linux-gnu.so", "tests"),
        ("botocore/data/ec2/2016-11-15/endpoint-rule-set-1.json", "AWS services"),
        ("onnxruntime/capi/libonnxruntime.so.1.32.0", "other languages"),
        ("scipy/stats/__init__.py", "not called"),
    ],
)
def test_files_that_are_never_loaded_are_left_out_and_the_table_says_why(path, why):
    assert why in (why_left_out(path) or "")


def test_licences_are_kept():
    for name in ("LICENSE", "licenses/LICENSE.txt", "COPYING", "NOTICE"):
        assert why_left_out(f"anything-1.0.dist-info/{name}") is None


def test_the_first_row_that_matches_decides():
    kept = [number for number, rule in enumerate(RULES) if rule.why is None]
    assert kept
    for number in kept:
        rule = RULES[number]
        for pattern in rule.patterns.split():
            assert why_left_out(rule.below + pattern.replace("*", "x")) is None


def test_every_client_that_the_handler_makes_has_its_service_in_the_layer():
    made = {
        service
        for path in function.files()
        for service in re.findall(r"\b(?:client|resource)\(\s*[\"']([\w-]+)[\"']", (function.ROOT / path).read_text())
    }
    assert {"s3", "sqs"} <= made
    assert made <= set(SERVICES), "name them in SERVICES of layers/prune.py"


def test_endpoints_keep_the_regions_and_the_services_that_are_called():
    table = {
        "partitions": [
            {"partition": "aws", "regions": {"eu-west-1": {}}, "services": {"s3": {"endpoints": {}}, "ec2": {}}},
            {"partition": "aws-new", "regions": {}, "services": {}},
        ],
        "version": 3,
    }
    left = json.loads(only_called(json.dumps(table).encode()))
    assert left["partitions"][0] == {
        "partition": "aws",
        "regions": {"eu-west-1": {}},
        "services": {"s3": {"endpoints": {}}},
    }
    assert left["partitions"][1] == table["partitions"][1]
    assert left["version"] == 3
