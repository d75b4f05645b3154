from __future__ import annotations

from unilab.spaces.executed import Place
from unilab.spaces.kallsyms import KernelSymbol
from unilab.spaces.kernel_places import KernelPlaces

_BASE = 0xFFFF_FFFF_8100_0000


def test_an_address_is_in_the_function_before_it() -> None:
    places = KernelPlaces(
        [
            KernelSymbol(0x1F000, "A", "per_cpu_variable"),
            KernelSymbol(_BASE, "T", "_stext"),
            KernelSymbol(_BASE, "T", "startup_64"),
            KernelSymbol(_BASE + 0x40, "t", "__pfx_first"),
            KernelSymbol(_BASE + 0x50, "t", "first"),
            KernelSymbol(_BASE + 0x50, "t", "its_other_name"),
            KernelSymbol(_BASE + 0x60, "D", "data"),
            KernelSymbol(_BASE + 0x90, "W", "second"),
        ]
    )
    assert places.at(_BASE + 4) == Place("startup_64", "kernel")
    assert places.at(_BASE + 0x61) == Place("first", "kernel")
    assert places.at(_BASE + 0x90) == Place("second", "kernel")
    assert places.at(0x1F004) == Place("0x1f004", "kernel")
