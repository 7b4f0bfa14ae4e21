"""The size report, and the budget that a build must keep."""

import zipfile

import pytest

from layers import sizes
from layers.tools import BuildFailed


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("python/scipy/sparse/x.so", "scipy"),
        ("python/scipy.libs/libx-1.so", "scipy"),
        ("python/scipy-1.18.1.dist-info/METADATA", "scipy"),
        ("python/opencv_python_headless.libs/libx.so", "cv2"),
        ("python/PIL/Image.pyc", "pillow"),
        ("python/pillow.libs/libjpeg.so", "pillow"),
        ("python/six.pyc", "six"),
        ("python/hairline_kernels.so", "hairline_kernels"),
        ("models/u2netp.onnx", "models"),
    ],
)
def test_the_package_of_a_file(path, package):
    assert sizes.package(path) == package


@pytest.fixture
def measured(tmp_path):
    with zipfile.ZipFile(tmp_path / "l.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("python/small/a.py", b"x" * 10)
        archive.writestr("python/large/a.so", bytes(5000))
        archive.writestr("python/large.libs/b.so", bytes(1000))
    return sizes.measure(tmp_path / "l.zip")


def test_packages_are_summed_largest_first(measured):
    assert [(name, size.files, size.unzipped) for name, size in measured.items()] == [
        ("large", 2, 6000),
        ("small", 1, 10),
    ]
    assert measured["large"].zipped < 100
    assert "| all | 3 | 6,010 |" in sizes.table(measured)


def test_the_function_counts_too_and_the_message_names_the_largest(measured):
    sizes.check(measured, sizes.BUDGET - 6010)
    with pytest.raises(BuildFailed, match=r"225,000,001 bytes unzipped.*large 6,000"):
        sizes.check(measured, sizes.BUDGET - 6009)


def test_the_budget_is_within_the_limit():
    assert sizes.BUDGET < sizes.LIMIT
