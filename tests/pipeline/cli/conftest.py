"""A folder to cut, for the tests of the command line."""

import pytest


@pytest.fixture
def folder(tmp_path, photo):
    """Two photographs, one of them in a subfolder, and a file that is not an image."""
    for name in ("in/a.jpg", "in/sub/b.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(photo)
    (tmp_path / "in/page.jpg").write_bytes(b"<html><body>Not found</body></html>")
    return tmp_path
