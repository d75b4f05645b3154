from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from unilab.errors import CompileError
from unilab.toolchain import libos


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy that a test may edit."""
    return shutil.copytree(libos.tree(), tmp_path / "libos")


def test_objects_do_not_depend_on_where_the_sources_lie(tree: Path) -> None:
    assert libos.objects(tree) == libos.objects()


def test_xens_files_stand_in_for_those_of_the_same_name() -> None:
    libos_tree = libos.tree()
    alone, on_xen = (
        {path.relative_to(libos_tree).as_posix() for path in libos.sources(libos_tree, on=on)}
        for on in ("unikernel", "xen")
    )
    assert not any(name.startswith(libos.XEN) for name in alone)
    assert {"arch/x86_64/boot.S", "core/clock.c", "dev/virtio.c"} <= alone - on_xen
    assert {f"{libos.XEN}boot.S", f"{libos.XEN}clock.c", "core/vm.c", "dev/uart16550.c"} <= on_xen
    names = [name.rpartition("/")[2] for name in on_xen if name.startswith(("arch/", "core/", "dev/"))]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("on", "services"), [("unikernel", tuple(libos.SERVICES)), ("xen", ())])
def test_no_name_of_its_own_is_one_that_a_program_may_use(on: str, services: tuple[str, ...]) -> None:
    taken = []
    for path in libos.objects(services=services, on=on):
        with path.open("rb") as file:
            for symbol in ELFFile(file).get_section_by_name(".symtab").iter_symbols():
                shared = symbol["st_info"]["bind"] == "STB_GLOBAL" and symbol["st_shndx"] != "SHN_UNDEF"
                if shared and not symbol.name.startswith(("libos_", "__")):
                    taken.append(f"{symbol.name} of {path.parent.name}")
    assert not taken


def test_after_an_edit_one_file_compiles(tree: Path) -> None:
    before = libos.objects(tree)
    with (tree / "core" / "panic.c").open("a") as file:
        file.write("/* edited */\n")
    changed = [(a, b) for a, b in zip(before, libos.objects(tree), strict=True) if a != b]
    assert len(changed) == 1


def test_an_error_in_it_carries_the_compilers_message(tree: Path) -> None:
    (tree / "core" / "panic.c").write_text("int broken(void) { return }\n")
    with pytest.raises(CompileError, match=r"core/panic\.c:1:27: error: expected expression"):
        libos.objects(tree)


def test_every_service_says_what_its_arguments_are() -> None:
    kinds = libos.argument_kinds(libos.tree())
    calls = dict(re.findall(r"^LIBOS_CALL\((\w+), (\d)\)", _calls_header(), re.MULTILINE))
    assert {name: len(kinds[name]) for name in calls} == {name: int(count) for name, count in calls.items()}
    assert (kinds["write"], kinds["getpid"], kinds["mmap"]) == ("dbl", "", "plxxdl")


def _calls_header() -> str:
    return (libos.tree() / "musl" / "libos_calls.h").read_text()
