"""Machine code beside machine code, as plain values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unilab.spaces.code import Code, Flow, Function, Instruction, align


def plain(mnemonic: str, operands: str = "") -> Instruction:
    return Instruction(0, b"\x90", mnemonic, operands)


def call(target: str, mnemonic: str = "callq") -> Instruction:
    return Instruction(0, b"\xe8", mnemonic, target, Flow.CALLS, target)


DOOR = Instruction(0, b"\x0f\x05", "syscall", "", Flow.ENTERS)
_ANY = st.lists(
    st.sampled_from([plain("pushq", "%rbp"), plain("movl", "$1, %eax"), plain("retq"), call("f"), call("g"), DOOR]),
    max_size=12,
)


@given(_ANY, _ANY)
def test_every_instruction_stands_in_its_column_once_and_in_order(
    left: list[Instruction], right: list[Instruction]
) -> None:
    rows = align(left, right)
    assert [each for each, _ in rows if each is not None] == left
    assert [each for _, each in rows if each is not None] == right
    assert all(row != (None, None) for row in rows)


@given(_ANY)
def test_what_is_the_same_stands_on_the_same_lines(code: list[Instruction]) -> None:
    assert align(code, code) == [(each, each) for each in code]


def test_the_door_stands_beside_the_call_that_takes_its_place() -> None:
    left = [plain("movl", "$0x6e, %eax"), DOOR, plain("retq")]
    right = [call("nowhere"), call("libos_sys_getppid", "jmp")]
    assert (DOOR, right[1]) in align(left, right)


def test_addresses_and_distances_do_not_make_a_difference() -> None:
    ours = [plain("movl", "$0x20017d, %esi"), Instruction(0, b"", "je", "+0x10", Flow.JUMPS)]
    theirs = [plain("movl", "$0x100229, %esi"), Instruction(0, b"", "je", "+0x35", Flow.JUMPS)]
    assert align(ours, theirs) == list(zip(ours, theirs, strict=True))


def test_small_numbers_do() -> None:
    assert len(align([plain("movl", "$1, %eax")], [plain("movl", "$2, %eax")])) == 2


def test_counts() -> None:
    code = Code("x", (Function("f", "", "", (DOOR, plain("retq"))), Function("g", "", "", (DOOR,))), doors=7)
    assert (code.instructions, code.entering, code.functions[0].size) == (3, 2, 3)
