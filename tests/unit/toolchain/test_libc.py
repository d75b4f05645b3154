from __future__ import annotations

from pathlib import Path

from unilab.toolchain import libc, libos, zig


def _members(archive: Path) -> list[str]:
    return zig.run(["ar", "t", str(archive)]).stdout.splitlines()


def test_every_source_of_musl_is_in_exactly_one_archive() -> None:
    library = libc.for_processes()
    calls, common = (sorted(Path(name).stem for name in _members(a)) for a in (library.calls, library.common))
    sources = sorted(path.stem for path in libc.sources(replaced=set()))
    assert sorted([*calls, *common]) == sources
    assert len(sources) > 1200


def test_both_libraries_share_what_calls_nobody() -> None:
    unikernels, processes = libc.for_unikernels(libos.tree()), libc.for_processes()
    assert unikernels.common == processes.common
    assert unikernels.calls != processes.calls


def test_a_file_for_the_processor_stands_in_for_the_general_one() -> None:
    chosen = {path.stem: path for path in libc.sources(replaced=set())}
    assert chosen["memcpy"].parts[-2:] == ("x86_64", "memcpy.s")
    assert chosen["printf"].name == "printf.c"


def test_call_numbers_are_linuxs() -> None:
    numbers = libc.call_numbers()
    assert (numbers["read"], numbers["write"], numbers["exit_group"]) == (0, 1, 231)
    assert len(numbers) > 300


def test_every_call_is_implemented_explained_or_reported() -> None:
    tree = libos.tree()
    header = (libc.generated_headers(tree) / "libos_unimplemented_calls.h").read_text()
    reported = {line.removeprefix("LIBOS_UNIMPLEMENTED(").removesuffix(")") for line in header.splitlines()}
    implemented, explained = set(libc.implemented_calls(tree)), set(libc.process_calls(tree))
    assert {"writev", "mmap", "exit_group"} <= implemented
    assert "fork" in explained
    assert "ptrace" in reported
    assert reported | explained | implemented == set(libc.call_numbers())
    assert len(reported) + len(explained) + len(implemented) == len(libc.call_numbers())
