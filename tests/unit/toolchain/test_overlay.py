"""An overlay: files in front of the library OS, and none that lead out of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from unilab.errors import CompileError, CourseError
from unilab.toolchain import build, cache, libos, overlay
from unilab.toolchain.includes import Headers

_HELLO = Path(__file__).resolve().parents[3] / "notebooks" / "programs" / "hello.c"
_IDENTITY = "posix/identity.c"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mine"


def _put(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def _own(name: str) -> str:
    return (libos.tree() / name).read_text()


def test_a_file_stands_in_front_of_the_courses_own(folder: Path) -> None:
    _put(folder, _IDENTITY, _own(_IDENTITY).replace("PROCESS_ID = 1", "PROCESS_ID = 7"))
    tree = overlay.tree(folder)
    assert "PROCESS_ID = 7" in (tree / _IDENTITY).read_text()
    assert (tree / "core/panic.c").read_bytes() == (libos.tree() / "core/panic.c").read_bytes()
    assert overlay.tree(folder) == tree


def test_an_overlay_without_a_difference_is_the_course(folder: Path) -> None:
    _put(folder, _IDENTITY, _own(_IDENTITY))
    assert overlay.tree(folder) == libos.tree()
    assert build(_HELLO, overlay=folder).path == build(_HELLO).path


def test_one_changed_file_is_one_object(folder: Path) -> None:
    _put(folder, _IDENTITY, _own(_IDENTITY).replace("PROCESS_ID = 1", "PROCESS_ID = 8"))
    before, after = libos.objects(), libos.objects(overlay.tree(folder))
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_a_changed_header_is_the_objects_that_reach_it(folder: Path) -> None:
    name = "include/littlefs.h"
    _put(folder, name, _own(name) + "/* changed */\n")
    tree, folders = libos.tree(), [libos.tree() / "include", libos.tree() / "arch/x86_64"]
    sources, headers = libos.sources(tree), Headers(folders, tree.rglob("*.h"))
    reach = {s for s in sources if tree / name in headers.reached(s)}
    before = libos.objects(services=libos.SERVICES)
    after = libos.objects(overlay.tree(folder), services=libos.SERVICES)
    changed = {a.parent.name for a, b in zip(before, after, strict=True) if a != b}
    assert 0 < len(changed) < len(before) / 4
    expected = {f"libos-{source.relative_to(tree).as_posix().replace('/', '-')}" for source in reach}
    # littlefs itself names its headers by macros, so all count.
    assert {key.rpartition("-")[0] for key in changed} - {"libos-lfs.c"} == expected


def test_a_new_name_compiles_only_who_mentions_it(folder: Path) -> None:
    _put(folder, "include/my_module.h", "int my_own_function(void);\n")
    _put(folder, "core/my_module.c", '#include "my_module.h"\nint my_own_function(void)\n{\n    return 1;\n}\n')
    before, after = libos.objects(), libos.objects(overlay.tree(folder))
    assert len(set(after) - set(before)) == 1


def test_an_error_names_the_file_and_the_way_back(folder: Path) -> None:
    _put(folder, _IDENTITY, _own(_IDENTITY).replace("return 0;", "return zero;", 1))
    with pytest.raises(CompileError, match=r"posix/identity\.c:\d+:\d+: error: use of undeclared") as caught:
        build(_HELLO, overlay=folder)
    assert f'edit("{_IDENTITY}").reset()' in str(caught.value)
    assert str(cache.root()) not in str(caught.value)


def test_a_symbol_that_is_missing_is_the_overlays_fault(folder: Path) -> None:
    _put(folder, "arch/x86_64/boot.S", _own("arch/x86_64/boot.S").replace("call start", "call strat"))
    with pytest.raises(CompileError, match="undefined symbol: strat") as caught:
        build(_HELLO, overlay=folder)
    assert 'edit("arch/x86_64/boot.S").reset()' in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "../core/x.c",
        "/etc/x.c",
        "core/../../x.c",
        "x.c",
        "nowhere/x.c",
        "core/x.py",
        "core/.x.c",
        "core\\x.c",
        "co\0/x.c",
    ],
)
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(CourseError):
        overlay.checked_name(name)
    with pytest.raises(CourseError):
        overlay.merged({name: b"int x;\n"})


def test_links_are_refused(folder: Path) -> None:
    (folder / "core").mkdir(parents=True)
    (folder / "core" / "panic.c").symlink_to("/etc/passwd")
    with pytest.raises(CourseError, match="is a link"):
        overlay.read(folder)
    (folder / "core" / "panic.c").unlink()
    (folder / "posix").symlink_to(libos.tree() / "posix")
    with pytest.raises(CourseError, match="is a link"):
        overlay.read(folder)
    (folder / "posix").unlink()
    os.mkfifo(folder / "core" / "pipe.c")
    with pytest.raises(CourseError, match="not a file"):
        overlay.read(folder)


def test_what_editors_leave_does_not_count(folder: Path) -> None:
    _put(folder, "core/.ipynb_checkpoints/panic-checkpoint.c", "int broken")
    _put(folder, "core/panic.c~", "int broken")
    assert overlay.read(folder) == {}


def test_what_is_too_large_is_refused(folder: Path) -> None:
    _put(folder, "core/panic.c", "/*" + "x" * overlay.MOST_BYTES)
    with pytest.raises(CourseError, match="too large"):
        overlay.read(folder)


def test_a_folder_that_is_missing_or_the_wrong_one(folder: Path) -> None:
    with pytest.raises(CourseError, match="there is no folder"):
        build(_HELLO, overlay=folder)
    _put(folder, f"libos/{_IDENTITY}", "int x;\n")
    with pytest.raises(CourseError, match="in no folder of libos/"):
        build(_HELLO, overlay=folder)


def test_a_process_has_no_library_os(folder: Path) -> None:
    folder.mkdir()
    with pytest.raises(CourseError, match="a process has no library OS"):
        build(_HELLO, "process", overlay=folder)


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("boot.S", "arch/x86_64/boot.S"),
        ("xen/boot.S", "arch/x86_64/xen/boot.S"),
        ("libos/core/panic.c", "core/panic.c"),
        ("../libos/core/panic.c", "core/panic.c"),
        ("tcp_input.c", "net/tcp_input.c"),
    ],
)
def test_the_last_part_of_a_name_is_enough(name: str, full: str) -> None:
    assert overlay.full_name(name) == full


def test_a_name_that_is_not_there_has_neighbours() -> None:
    with pytest.raises(CourseError, match=r"did you mean .*net/tcp_input\.c"):
        overlay.full_name("tcp_inptu.c")


def test_it_keeps_what_an_image_was_built_from(folder: Path) -> None:
    _put(folder, _IDENTITY, _own(_IDENTITY).replace("PROCESS_ID = 1", "PROCESS_ID = 9"))
    image = build(_HELLO, overlay=folder)
    assert image.overlay == folder
    assert image.libos is not None and "PROCESS_ID = 9" in (image.libos / _IDENTITY).read_text()
    assert build(_HELLO, "process").libos is None


def test_a_merged_tree_takes_no_room_for_what_nobody_changed(folder: Path) -> None:
    _put(folder, _IDENTITY, _own(_IDENTITY).replace("PROCESS_ID = 1", "PROCESS_ID = 11"))
    one, other = overlay.tree(folder), overlay.merged({_IDENTITY: b"int x;\n"})
    assert (one / "core/panic.c").samefile(other / "core/panic.c")
    assert not (one / _IDENTITY).samefile(other / _IDENTITY)
    assert not (one / "core/panic.c").samefile(libos.tree() / "core/panic.c")
