"""Shared libraries are stripped if they stay loadable, and replaced if they are never called. Tested on small ones."""

import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from layers import elf, stubs
from layers.elf import Symbol
from layers.tools import BuildFailed
from tests.layers.test_tools import HERE

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("gcc", "strip", "readelf"))),
    reason="gcc or binutils, which build a layer, are not installed",
)

CODEC = """
#include <stdio.h>
int decode(int n) { return n + 1; }
int unused(void) { return 2; }
const char *avifVersion(void) { return "1.0"; }
int table[3] = {1, 2, 3};
"""
CV2 = """
extern int decode(int), table[];
extern const char *avifVersion(void);
int resize(int n) { return 2 * n; }
int play(int n) { return decode(n) + table[0]; }
const char *version(void) { return avifVersion(); }
"""


def compile_(folder: Path, name: str, source: str, *options: str) -> Path:
    path = folder / name
    command: list[str | Path] = [
        "gcc",
        "-g",
        "-shared",
        "-fPIC",
        f"-Wl,-soname,{name}",
        "-o",
        path,
        "-xc",
        "-",
        "-xnone",
    ]
    subprocess.run([*command, *options], input=source.encode(), check=True)
    return path


def call(library: Path, expression: str) -> subprocess.CompletedProcess[str]:
    program = (
        f"import ctypes; c = ctypes.CDLL({str(library)!r}); c.version.restype = ctypes.c_char_p; print({expression})"
    )
    return subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A site-packages with an OpenCV that links a codec and another library, and SciPy's and Pillow's folders."""
    for name in ("cv2", "PIL", "scipy", *(package.folder for package in stubs.PACKAGES)):
        (tmp_path / name).mkdir()
    libraries = tmp_path / stubs.PACKAGES[0].folder
    versions = tmp_path / "versions"
    versions.write_text("CODEC_1 { global: decode; unused; avifVersion; table; };")
    compile_(libraries, "libavcodec-1.so.62", CODEC, f"-Wl,--version-script={versions}")
    compile_(libraries, "libidle-1.so", "int nobody_asks(void) { return 1; }")
    compile_(libraries, "libbusy-1.so", "int busy(void) { return 7; }")
    found = ("-Wl,--no-as-needed", f"-L{libraries}", "-l:libavcodec-1.so.62", "-l:libidle-1.so", "-l:libbusy-1.so")
    more = "extern int busy(void); int ask(void) { return busy(); }"
    compile_(tmp_path / "cv2", "cv2.so", CV2 + more, *found, "-Wl,-rpath,$ORIGIN/../opencv_python_headless.libs")
    return tmp_path


def test_a_kept_function_works_and_a_replaced_one_prints_its_name_and_aborts(tree: Path) -> None:
    library = tree / "cv2" / "cv2.so"
    assert call(library, "c.resize(4), c.play(1), c.version()").stdout == "8 3 b'1.0'\n"
    stubs.replace(tree, HERE)
    assert call(library, "c.resize(4), c.ask(), c.version()").stdout == "8 7 b'none'\n"
    ended = call(library, "c.play(1)")
    assert ended.returncode == -6  # SIGABRT
    assert "decode was called, but the layer has only a stand-in" in ended.stderr


def test_a_stand_in_defines_the_symbols_that_are_used_under_the_same_name_and_version(tree: Path) -> None:
    stubs.replace(tree, HERE)
    folder = tree / stubs.PACKAGES[0].folder
    offered = {s.name: s for s in elf.symbols(folder / "libavcodec-1.so.62", HERE) if s.defined}
    assert offered.keys() - {"CODEC_1"} == {"decode", "avifVersion", "table"}
    assert (offered["decode"].version, offered["table"].size) == ("CODEC_1", 12)
    assert elf.soname(folder / "libavcodec-1.so.62", HERE) == "libavcodec-1.so.62"
    assert not [s for s in elf.symbols(folder / "libidle-1.so", HERE) if s.defined]  # no symbol of it is used
    assert [s.name for s in elf.symbols(folder / "libbusy-1.so", HERE) if s.defined] == ["busy"]


def test_a_file_that_is_linked_to_the_cache_of_uv_is_not_changed(tree: Path) -> None:
    original = tree / stubs.PACKAGES[0].folder / "libavcodec-1.so.62"
    (tree / "cache").hardlink_to(original)
    before = (tree / "cache").read_bytes()
    stubs.replace(tree, HERE)
    assert (tree / "cache").read_bytes() == before != original.read_bytes()


def test_the_same_stand_in_has_the_same_bytes(tmp_path: Path) -> None:
    offered = [Symbol("decode", "CODEC_1", "FUNC", defined=True), Symbol("table", None, "OBJECT", defined=True, size=8)]
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        path = compile_(tmp_path / name, "libx.so", CODEC)
        stubs.build(path, offered, HERE)
        made.append(path.read_bytes())
    assert made[0] == made[1]


def test_stripping_keeps_what_is_loaded(tree: Path) -> None:
    library = tree / "cv2" / "cv2.so"
    before = library.stat().st_size
    assert elf.strip(library, HERE)
    assert library.stat().st_size < before
    assert call(library, "c.resize(4), c.play(1), c.version()").stdout == "8 3 b'1.0'\n"
    assert not elf.strip(library, HERE)  # nothing is left to remove
    assert not list(library.parent.glob("*.part"))


def test_a_stripped_library_that_cannot_be_loaded_is_discarded(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tree / "cv2" / "cv2.so"
    before = library.read_bytes()
    monkeypatch.setattr(elf, "loadable", lambda _: False)
    assert not elf.strip(library, HERE)
    assert library.read_bytes() == before


def test_damage_by_strip_to_a_library_changed_by_patchelf_is_detected(tree: Path) -> None:
    data = bytearray((tree / "cv2" / "cv2.so").read_bytes())
    assert elf.loadable(bytes(data))
    (table,) = struct.unpack_from("<Q", data, 32)
    (size,) = struct.unpack_from("<H", data, 54)
    kinds = [struct.unpack_from("<I", data, table + n * size)[0] for n in range(9)]
    at = table + kinds.index(1, 1) * size  # the second segment that is loaded
    (address,) = struct.unpack_from("<Q", data, at + 16)
    struct.pack_into("<Q", data, at + 16, address + 8)  # no longer agrees with its place in the file
    assert not elf.loadable(bytes(data))


def test_a_file_that_is_cut_short_is_not_loadable(tree: Path) -> None:
    data = (tree / "cv2" / "cv2.so").read_bytes()
    assert not elf.loadable(data[: len(data) // 4])


def test_only_elf_files_count_as_libraries(tmp_path: Path) -> None:
    (tmp_path / "script.so").write_text("INPUT(libx.so.1)")
    (tmp_path / "empty.so").touch()
    assert not elf.is_library(tmp_path / "script.so")
    assert not elf.is_library(tmp_path / "empty.so")


def test_the_compilers_output_is_in_the_message(tmp_path: Path) -> None:
    path = compile_(tmp_path, "libx.so", CODEC)
    with pytest.raises(BuildFailed, match=r"(?s)gcc.*failed:.*not-a-name"):
        stubs.build(path, [Symbol("not-a-name", None, "FUNC", defined=True)], HERE)
    assert path.exists()
