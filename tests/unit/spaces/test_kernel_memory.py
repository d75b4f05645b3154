"""A kernel's notes, symbols and types, read from memory that is made by hand."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from unilab.errors import LayoutError
from unilab.spaces import kallsyms, vmcoreinfo
from unilab.spaces.btf import Btf
from unilab.spaces.virtual_memory import VirtualMemory

_KERNEL = 0xFFFF_FFFF_8000_0000
_STEXT = 0xFFFF_FFFF_8100_0000
_NOTES = {
    "OSRELEASE": "6.9.0",
    "BUILD-ID": "abc",
    "SYMBOL(swapper_pg_dir)": f"{_KERNEL + 0x3000:x}",
    "SYMBOL(_stext)": f"{_STEXT:x}",
    "SYMBOL(kallsyms_names)": "1",
    "NUMBER(phys_base)": "-4096",
    "NUMBER(pgtable_l5_enabled)": "1",
}


def _text(notes: dict[str, str]) -> bytes:
    return "".join(f"{name}={value}\n" for name, value in notes.items()).encode() + b"\0"


def test_the_notes_are_found_among_what_only_looks_like_them() -> None:
    ram = bytes(100) + b"OSRELEASE=%s\n\0" + bytes(5000) + b"OSRELEASE=cut off" + bytes(50) + _text(_NOTES) + bytes(9)
    notes = vmcoreinfo.find(ram, [(0, 64), (64, len(ram))])
    assert (notes.release, notes.build_id, notes.levels) == ("6.9.0", "abc", 5)
    assert notes.root == 0x3000 - 4096
    assert notes.symbol("_stext") == _STEXT
    with pytest.raises(LayoutError, match="do not say where init_task is"):
        notes.symbol("init_task")


def test_only_what_was_touched_is_searched() -> None:
    ram = _text(_NOTES) + bytes(100)
    with pytest.raises(LayoutError, match="still booting"):
        vmcoreinfo.find(ram, [(len(ram) - 50, len(ram))])


def test_a_kernel_that_does_not_say_where_its_symbols_are_is_too_old() -> None:
    old = {name: value for name, value in _NOTES.items() if "kallsyms" not in name}
    ram = _text(old)
    with pytest.raises(LayoutError, match="too old"):
        vmcoreinfo.find(ram, [(0, len(ram))])


class _Memory(VirtualMemory):
    """Bytes at addresses, without page tables."""

    def __init__(self, pieces: dict[int, bytes]) -> None:
        super().__init__(0, lambda at, length: b"")
        self._pieces = pieces

    def read(self, address: int, length: int) -> bytes:
        for start, data in self._pieces.items():
            if start <= address and address + length <= start + len(data):
                return data[address - start : address - start + length]
        raise AssertionError(hex(address))


_TOKENS = ["T", "t", "D", "A", "_s", "text", "m", "ain", "x" * 100]


def _symbols(
    names: Sequence[bytes], offsets: Sequence[int], base: int, *, signed: bool
) -> tuple[_Memory, vmcoreinfo.KernelNotes]:
    """The kernel's tables of symbols. Names are given as numbers of tokens."""
    spelled = b"".join(
        (bytes([len(n)]) if len(n) < 128 else bytes([len(n) & 0x7F | 0x80, len(n) >> 7])) + n for n in names
    )
    table, index = b"", []
    for i in range(256):
        index.append(len(table))
        table += (_TOKENS[i] if i < len(_TOKENS) else "?").encode() + b"\0"
    at = {"num_syms": 0x1000, "names": 0x2000, "token_table": 0x2000 + len(spelled), "offsets": 0x9000}
    at["token_index"] = at["token_table"] + len(table)
    at["relative_base"] = 0x8000
    memory = _Memory(
        {
            at["num_syms"]: struct.pack("<I", len(names)),
            at["names"]: spelled + table + struct.pack("<256H", *index),
            at["offsets"]: struct.pack(f"<{len(offsets)}{'i' if signed else 'I'}", *offsets),
            at["relative_base"]: struct.pack("<Q", base),
        }
    )
    values = _NOTES | {f"SYMBOL(kallsyms_{name})": f"{where:x}" for name, where in at.items()}
    return memory, vmcoreinfo.KernelNotes(values)


def test_symbols_are_spelled_from_tokens_and_counted_down_from_the_base() -> None:
    long = bytes([0, *[8] * 150])
    names = [bytes([3, 6, 7]), bytes([0, 4, 5]), bytes([1, 6, 7]), long]
    memory, notes = _symbols(names, [0x1234, -1, -0x101, -0x201], _STEXT, signed=True)
    assert kallsyms.read(memory, notes) == [
        kallsyms.KernelSymbol(0x1234, "A", "main"),  # each processor has its own: an offset
        kallsyms.KernelSymbol(_STEXT, "T", "_stext"),
        kallsyms.KernelSymbol(_STEXT + 0x100, "t", "main"),
        kallsyms.KernelSymbol(_STEXT + 0x200, "T", "x" * 15000),
    ]


def test_newer_kernels_count_up() -> None:
    memory, notes = _symbols([bytes([0, 4, 5]), bytes([2, 6])], [0x100, 0x9000_0000], _STEXT - 0x100, signed=False)
    assert [symbol.address for symbol in kallsyms.read(memory, notes)] == [_STEXT, _STEXT - 0x100 + 0x9000_0000]


def test_symbols_that_do_not_fit_the_notes_are_refused() -> None:
    memory, notes = _symbols([bytes([0, 4, 5])], [77], _STEXT, signed=True)
    with pytest.raises(LayoutError, match="not known here"):
        kallsyms.read(memory, notes)
    memory, notes = _symbols([bytes([0, 6, 7])], [77], _STEXT, signed=True)
    with pytest.raises(LayoutError, match="lack _stext"):
        kallsyms.read(memory, notes)


INT, PTR, STRUCT, UNION, TYPEDEF, CONST = 1, 2, 4, 5, 8, 10


class _Types:
    """Builds BTF, one type after the other; numbers count from 1."""

    def __init__(self) -> None:
        self.strings, self.types, self.count = b"\0", b"", 0

    def name(self, text: str) -> int:
        if not text:
            return 0
        self.strings += text.encode() + b"\0"
        return len(self.strings) - len(text) - 1

    def add(self, kind: int, name: str, size_or_type: int, *, vlen: int = 0, flag: int = 0, more: bytes = b"") -> int:
        self.types += struct.pack("<III", self.name(name), flag << 31 | kind << 24 | vlen, size_or_type) + more
        self.count += 1
        return self.count

    def structure(
        self, kind: int, name: str, size: int, members: Sequence[tuple[str, int, int]], *, flag: int = 0
    ) -> int:
        more = b"".join(struct.pack("<III", self.name(name), number, bits) for name, number, bits in members)
        return self.add(kind, name, size, vlen=len(members), flag=flag, more=more)

    def whole(self) -> bytes:
        header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(self.types), len(self.types), len(self.strings))
        return header + self.types + self.strings


def _types() -> Btf:
    made = _Types()
    number = made.add(INT, "int", 4, more=struct.pack("<I", 32))
    inner = made.structure(STRUCT, "inner", 12, [("first", number, 0), ("second", number, 64)])
    renamed = made.add(CONST, "", made.add(TYPEDEF, "inner_t", inner))
    unnamed = made.structure(UNION, "", 8, [("either", number, 0), ("or_this", number, 32)])
    made.structure(
        STRUCT,
        "outer",
        64,
        [("plain", number, 32), ("", unnamed, 128), ("nested", renamed, 256), ("bits", number, 3 << 24 | 480)],
        flag=1,
    )
    return Btf(made.whole())


@pytest.mark.parametrize(
    ("path", "offset"),
    [("plain", 4), ("either", 16), ("or_this", 20), ("nested", 32), ("nested.second", 40), ("bits", 60)],
)
def test_members_are_found_through_names_and_unions(path: str, offset: int) -> None:
    types = _types()
    assert types.offset("outer", path) == offset
    assert types.offset("outer", path) == offset  # the second time from memory
    assert types.has("outer", path)


def test_sizes_and_what_there_is_not() -> None:
    types = _types()
    assert (types.size("outer"), types.size("inner")) == (64, 12)
    assert not types.has("outer", "nowhere")
    assert not types.has("outer", "plain.first")
    for structure, path in (("outer", "nowhere"), ("nothing", "plain")):
        with pytest.raises(LayoutError, match="the kernel"):
            types.offset(structure, path)


@pytest.mark.parametrize("data", [b"", b"not BTF, and long enough to have a header", _Types().whole()[:-1]])
def test_what_is_no_btf_is_refused(data: bytes) -> None:
    with pytest.raises(LayoutError, match="no BTF"):
        Btf(data)


def test_a_kind_of_types_that_is_not_known_is_refused() -> None:
    made = _Types()
    made.add(30, "", 0)
    with pytest.raises(LayoutError, match="kind of types, 30"):
        Btf(made.whole())


def test_memory_is_read_across_pages_that_lie_apart() -> None:
    """Virtual pages 0 and 1 are frames 6 and 5."""
    present = 3
    tables = {0x1000: {0: 0x2000}, 0x2000: {0: 0x3000}, 0x3000: {0: 0x4000}, 0x4000: {0: 0x6000, 1: 0x5000}}
    ram = bytearray(0x7000)
    for table, entries in tables.items():
        for index, target in entries.items():
            struct.pack_into("<Q", ram, table + 8 * index, target | present)
    ram[0x6FFE:0x7000], ram[0x5000:0x5004] = b"ab", b"cd\0e"
    memory = VirtualMemory(0x1000, lambda at, length: bytes(ram[at : at + length]))
    assert memory.read(0xFFE, 4) == b"abcd"
    assert memory.text(0xFFE, 16) == "abcd"
    assert memory.unsigned(0x1000, 2) == int.from_bytes(b"cd", "little")
    ram[0x5000:0x5002] = b"\xff\xff"
    assert memory.signed(0x1000, 2) == -1
    with pytest.raises(LayoutError, match="nothing is mapped at 0x2000"):
        memory.read(0x1FFF, 2)
