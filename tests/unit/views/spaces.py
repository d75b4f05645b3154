"""Address spaces of any size, for tests of what a view costs."""

from __future__ import annotations

from unilab.spaces.model import AddressSpace, Region, Translation


def process_of(count: int) -> AddressSpace:
    """A process with so many mappings: libraries of five each, and runs of anonymous memory between them."""
    regions = [
        Region(0x400000, 0x401000, "r-x", owner="program", kind="text", label="crowd", backing="/opt/crowd"),
        Region(0x21000000, 0x21002000, "rw-", owner="program", kind="heap", label="heap", backing="anonymous"),
    ]
    start, library = 0x7F0000000000, 0
    while len(regions) < count - 1:
        library += 1
        name = f"libnumber{library}.so.{library % 7}"
        for permissions in ("r--", "r-x", "r--", "r--", "rw-"):
            end = start + 0x1000 * (1 + library * 37 % 211)
            regions.append(
                Region(start, end, permissions, owner="shared library", kind="file", label=name, backing=f"/lib/{name}")
            )
            start = end
        for number in range(library % 4):
            permissions = "rw-" if number % 2 else "---"
            regions.append(
                Region(start, start + 0x4000, permissions, owner="program", kind="mapping", backing="anonymous")
            )
            start += 0x4000
        start += 0x10000
    stack = Region(0x7FFC00000000, 0x7FFC00021000, "rw-", owner="program", kind="stack", label="main stack")
    return AddressSpace(
        f"a process with {count} mappings",
        (*regions[: count - 1], stack),
        Translation("Linux process"),
        origin="process 4711, /proc/4711/maps",
        address_bits=47,
    )
