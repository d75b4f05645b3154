"""A page-table walker: what the processor does with every address it uses."""

from given import Memory

PRESENT, WRITABLE, USER, LARGE, NO_EXECUTE = 1, 1 << 1, 1 << 2, 1 << 7, 1 << 63
ADDRESS = 0x000F_FFFF_FFFF_F000


def translate(memory: Memory, cr3: int, address: int, levels: int = 4) -> tuple[int, str, int] | None:
    """Translate a virtual address."""
    width = 12 + 9 * levels
    upper = address >> (width - 1)
    if upper not in (0, (1 << (64 - width + 1)) - 1):
        return None
    writable, user, executable = True, True, True
    table = cr3 & ADDRESS
    for level in range(levels, 0, -1):
        shift = 12 + 12 * (level - 1)
        entry = memory.entry(table, address >> shift & 511)
        if not entry & PRESENT:
            return None
        writable = writable and bool(entry & WRITABLE)
        user = user and bool(entry & USER)
        executable = executable and not entry & NO_EXECUTE
        if level == 1 or (level <= 3 and entry & LARGE):
            size = 1 << shift
            rights = "r" + ("w" if writable else "-") + ("x" if executable else "-") + ("u" if user else "-")
            return (entry & ADDRESS & -size) | (address & (size - 1)), rights, size
        table = entry & ADDRESS
    return None
