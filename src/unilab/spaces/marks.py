"""The addresses that the course follows from one architecture to the next, found by their symbols."""

from __future__ import annotations

from collections.abc import Mapping

from unilab.spaces.model import Mark

#: Part -> the symbols that play it, whichever is there first: of the program and musl, the library OS, Linux, Xen.
SYMBOLS: dict[str, tuple[str, ...]] = {
    "main": ("main",),
    "printf": ("printf",),
    "C library write": ("__stdio_write",),
    "system call entry": ("entry_SYSCALL_64", "lstar_enter"),
    "write service": ("libos_sys_writev", "libos_sys_write", "do_writev", "ksys_write", "do_console_io"),
    "console driver": ("libos_console_write", "serial8250_start_tx", "ns16550_putc"),
}


def of_names(names: Mapping[str, int]) -> tuple[Mark, ...]:
    """The marks among a space's symbols, in the order in which a byte that is printed passes them.

    Args:
        names: Symbol -> address, bytes. One at address 0, such as a source file's name, is none.

    >>> of_names({"main": 0x401000, "libos_sys_write": 0x102000})[1]
    Mark(name='write service', address=1056768, symbol='libos_sys_write')
    """
    found = []
    for part, symbols in SYMBOLS.items():
        symbol = next((each for each in symbols if names.get(each)), None)
        if symbol is not None:
            found.append(Mark(part, names[symbol], symbol))
    return tuple(found)
