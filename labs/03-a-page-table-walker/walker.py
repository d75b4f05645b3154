"""A page-table walker: what the processor does with every address it uses."""

from given import Memory


def translate(memory: Memory, cr3: int, address: int, levels: int = 4) -> tuple[int, str, int] | None:
    """Translate a virtual address.

    Args:
        memory: ``memory.entry(table, index)`` gives an entry of a table: 64 bits, as a number.
        cr3: The register: the physical address of the top table, and a few flags in its low 12 bits.
        address: The virtual address.
        levels: How many levels of tables there are, 4 or 5.

    Returns:
        The physical address; the rights there, such as ``"rwx-"`` or ``"r-xu"`` (the last letter is ``u`` where
        privilege level 3 may touch it); and the size of the page in bytes. None where nothing is mapped.
    """
    raise NotImplementedError("it is yours to write")
