"""What a guest needs of this host's Python."""

from __future__ import annotations

import platform
import sys
from io import BytesIO

import pytest
from elftools.elf.elffile import ELFFile

from unilab.errors import Unavailable
from unilab.toolchain import guest_python

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="this host's Python does not run in a guest"
)


@pytest.fixture(scope="module")
def found() -> guest_python.GuestPython:
    return guest_python.find()


def test_it_has_interpreter_loader_and_library(found: guest_python.GuestPython) -> None:
    program = ELFFile(BytesIO(found.files[found.executable[1:]]))
    (loader,) = [segment.get_interp_name() for segment in program.iter_segments("PT_INTERP")]
    assert found.files[loader[1:]][:4] == b"\x7fELF"
    names = {name.rpartition("/")[2] for name in found.files}
    assert {"os.pyc", "subprocess.pyc", "json.pyc"} - names == {"json.pyc"}  # json is a folder
    assert not any(name.startswith("/") or ".." in name for name in found.files)


def test_every_library_that_its_files_ask_for_is_there(found: guest_python.GuestPython) -> None:
    libraries = {name.removeprefix(f"{guest_python.LIBRARIES}/") for name in found.files}
    for name, data in found.files.items():
        if data[:4] != b"\x7fELF":
            continue
        dynamic = ELFFile(BytesIO(data)).get_section_by_name(".dynamic")
        needed = {tag.needed for tag in dynamic.iter_tags("DT_NEEDED")} if dynamic else set()
        assert not {each for each in needed if not each.startswith("ld-")} - libraries, name


def test_what_it_does_not_need_stays_out(found: guest_python.GuestPython) -> None:
    assert not any(part in name for name in found.files for part in ("/test/", "libcrypto", "_sqlite3", "tkinter"))
    assert all(name.endswith((".pyc", "README")) for name, data in found.files.items() if data[:4] != b"\x7fELF")


def test_another_processor_s_python_is_no_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(Unavailable, match="does not run in a Linux guest"):
        guest_python.find()
