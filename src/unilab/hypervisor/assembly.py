"""From an assembly file to the bytes that a guest executes."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from unilab.errors import CompileError, ProgramNotFound
from unilab.hypervisor.state import ENTRY
from unilab.toolchain import cache, zig

#: The guests that come with the package, by the names of their files.
GUESTS = ("hello16", "hello64", "device64", "fault64", "endless64")


def guest(name: str) -> bytes:
    """One of the package's own guests, assembled.

    Args:
        name: One of GUESTS.

    Raises:
        ProgramNotFound: There is none of that name.
    """
    if name not in GUESTS:
        raise ProgramNotFound(f"there is no guest {name!r}", remedy=f"choose one of {', '.join(GUESTS)}")
    return _assemble(f"{name}.S", source(name))


def source(name: str) -> str:
    """The text of one of the package's own guests."""
    return resources.files(__package__).joinpath("guests", f"{name}.S").read_text()


def assemble(path: str | Path) -> bytes:
    """Assemble a file for the address ``ENTRY``, where guests are loaded. Its first instruction is the guest's.

    Args:
        path: A file in GNU syntax whose name ends in ``.S``; ``.code16`` in it makes it code for real mode.

    Returns:
        The code and its data, as they are to lie in memory.

    Raises:
        ProgramNotFound: There is no such file.
        CompileError: It does not assemble. The message is the assembler's own.
    """
    file = Path(path)
    if file.suffix != ".S":
        raise ProgramNotFound(f"{path} is not an assembly file: its name does not end in .S")
    if not file.is_file():
        raise ProgramNotFound(f"there is no file {path}", remedy=f"check the path; it is taken from {Path.cwd()}")
    return _assemble(file.name, file.read_text())


def _assemble(name: str, text: str) -> bytes:
    def build(folder: Path) -> None:
        (folder / name).write_text(text)
        compiled = zig.run(["clang", f"--target={zig.TARGET}", "-c", name, "-o", "guest.o"], cwd=folder)
        if compiled.returncode:
            raise CompileError(compiled.stderr.strip())
        link = ["ld.lld", "-m", "elf_x86_64", "--oformat=binary", "-static", "-n", "-z", "norelro"]
        link += ["-e", f"{ENTRY:#x}", f"-Ttext={ENTRY:#x}", "guest.o", "-o", "guest.bin"]
        linked = zig.run(link, cwd=folder)
        if linked.returncode:
            raise CompileError(linked.stderr.strip())

    key = cache.digest([zig.version(), Path(__file__).read_bytes(), name, text])
    return (cache.entry(f"guest-{Path(name).stem}", key, build) / "guest.bin").read_bytes()
