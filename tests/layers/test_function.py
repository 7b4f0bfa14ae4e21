"""The functions' code: handler and pipeline, without the local stack."""

from layers import function


def test_the_handlers_and_the_pipeline_are_deployed_and_what_runs_elsewhere_is_not():
    names = {path.as_posix() for path in function.files()}
    assert {"handler/cutouts/app.py", "handler/http/cutout_app.py", "pipeline/run.py"} <= names
    assert not any(name.startswith(("handler/local/", "handler/smoke/")) for name in names)
    assert "studio/page/index.html" in names
    assert all(name.endswith(".py") or name.startswith("studio/page/") for name in names)


def test_the_copy_holds_the_same_bytes(tmp_path):
    function.copy(tmp_path)
    copied = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert copied == set(function.files())
    for path in copied:
        assert (tmp_path / path).read_bytes() == (function.ROOT / path).read_bytes()


def test_its_size_is_that_of_the_copy(tmp_path):
    function.copy(tmp_path)
    assert function.size() == sum(path.stat().st_size for path in tmp_path.rglob("*.*")) > 50_000
