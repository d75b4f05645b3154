"""Crashes of real guests, explained: each by what really happened in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import DeadlineExceeded, GuestPanic, MachineError
from unilab.learn.explain import Explanation, explain
from unilab.machines import End
from unilab.toolchain import Image, build, libos

_HELLO = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "hello.c"
_BOOT = "arch/x86_64/boot.S"

BuildProgram = Callable[..., Image]


def _boot(*changes: tuple[str, str]) -> Image:
    text = (libos.tree() / _BOOT).read_text()
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return build(_HELLO, overlay={_BOOT: text.encode()})


def _explained(image: Image, **options: str) -> Explanation:
    return explain(machines.run(image, check=False, accelerator="tcg", **options))  # type: ignore[arg-type]


def _program(tmp_path: Path, body: str) -> Image:
    path = tmp_path / "crashes.c"
    path.write_text(f"int main(int argc, char **argv)\n{{\n    {body}\n}}\n")
    return build(path)


@pytest.mark.parametrize(
    ("change", "title", "fact", "check"),
    [
        (
            ("PDE_LARGE_PAGE 0x83", "PDE_LARGE_PAGE 0x82"),
            "It began with #PF, page fault: executing 0x102",
            ("Page tables", "page directory, entry 0: 0x82 (not present"),
            "is 0x82: its bit 0, present, is not set",
        ),
        (
            ("EFER_LME_NXE 0x900", "EFER_LME_NXE 0x800"),
            "A triple fault",
            ("Registers", "LME 0, LMA 0, NXE 1"),
            "EFER.LME is 0",
        ),
        (
            ("OSXMMEXCPT 0x620", "OSXMMEXCPT 0x600"),
            "It began with #GP",
            ("Instruction", "ljmpl"),
            "CR4.PAE is 0",
        ),
        (
            ("ljmp $8, $1f", "ljmp $16, $1f"),
            "It began with #GP",
            ("Processor", "long mode, paging on"),
            "error code 0x10 names a segment selector: entry 2 of the GDT",
        ),
        (
            ("    mov %eax, %cr3\n", ""),
            "It began with #PF",
            ("Then", "The table of handlers".lower()),
            "CR3 is 0",
        ),
    ],
)
def test_a_triple_fault_is_what_qemu_saw(
    change: tuple[str, str], title: str, fact: tuple[str, str], check: str
) -> None:
    said = _explained(_boot(change))
    assert title in said.title
    assert fact[1] in dict(said.facts)[fact[0]]
    assert any(check in each for each in said.checks), said.checks
    assert "boot.S, line" in dict(said.facts)["Source"]


@pytest.mark.parametrize("bits", ["0x420", "0x20"])
def test_an_sse_instruction_before_sse_is_on_names_sse_and_cr4(bits: str) -> None:
    said = _explained(_boot(("OSXMMEXCPT 0x620", f"OSXMMEXCPT {bits}")))
    assert "#UD" in said.title
    assert "%xmm" in dict(said.facts)["Instruction"]
    (check,) = said.checks
    assert "is an SSE instruction" in check
    assert "CR4.OSFXSR (bit 9)" in check
    assert "boot.S" in check


def test_sse_is_not_blamed_for_another_invalid_instruction(tmp_path: Path) -> None:
    said = _explained(_program(tmp_path, '__asm__ volatile(".byte 0x06");'))
    assert "#UD" in said.title
    assert not any("SSE" in check for check in said.checks)


def test_sse_switched_off_in_a_triple_fault_is_read_from_the_registers() -> None:
    """SSE code in the boot itself, where nothing handles #UD yet: QEMU's log has CR4 and CR0."""
    said = _explained(
        _boot(
            ("    mov %eax, %cr4\n", "    mov %eax, %cr4\n    xorps %xmm0, %xmm0\n"),
            ("OSXMMEXCPT 0x620", "OSXMMEXCPT 0x20"),
        )
    )
    assert "entry 6 of the IDT is missing" in said.checks[-2]
    assert any("here they are 0 and 0" in check for check in said.checks), said.checks


def test_a_triple_fault_on_another_machine_type() -> None:
    said = _explained(_boot(("PDE_LARGE_PAGE 0x83", "PDE_LARGE_PAGE 0x82")), machine="q35")
    assert "It began with #PF, page fault: executing" in said.title


def test_a_reset_is_a_result_without_check_and_an_error_with_it() -> None:
    image = _boot(("PDE_LARGE_PAGE 0x83", "PDE_LARGE_PAGE 0x82"))
    result = machines.run(image, check=False)
    assert result.exit_status == 255
    assert result.crash is not None and result.crash.reset
    with pytest.raises(MachineError, match="triple fault") as caught:
        machines.run(image)
    assert "It began with #PF" in explain(caught.value).title
    with machines.start(image) as machine:
        assert machine.wait(check=False).end is End.RESET


def test_a_triple_fault_late_in_a_program(program: BuildProgram) -> None:
    said = explain(machines.run(program("triple_fault"), check=False))
    assert said.title.startswith("A triple fault")
    assert dict(said.facts)["Where"].find("main") > 0


def test_no_execution_forbidden_by_nxe(tmp_path: Path) -> None:
    said = _explained(_boot(("EFER_LME_NXE 0x900", "EFER_LME_NXE 0x100")))
    assert "RSVD 1" in dict(said.facts)["Error code"]
    assert any("EFER.NXE is 0, as in entry 510 of the PML4" in check for check in said.checks)


@pytest.mark.parametrize(
    ("body", "title", "facts", "check"),
    [
        (
            "return *(volatile int *)(argc * 0L);",
            "#PF, page fault: reading 0x0",
            {"Address": "null page", "Error code": "W 0", "Page tables": "page table, entry 0: 0x0"},
            "a pointer is null",
        ),
        (
            "*(volatile char *)main = 1; return 0;",
            "#PF, page fault: writing",
            {"Address": "program text", "Error code": "P 1", "Page tables": "read only"},
            "the page is read-only",
        ),
        (
            "volatile int d = 0; ((void (*)(void))&d)(); return 0;",
            "#PF, page fault: executing",
            {"Address": "main stack", "Error code": "I 1", "Page tables": "no execution", "Called from": "main"},
            "the page may not be executed",
        ),
        (
            "volatile char b[4000]; b[0] = argc; return main(argc + 1, argv) + b[0];",
            "#PF, page fault: writing",
            {"Address": "main stack guard"},
            "a stack is used up",
        ),
        (
            "*(volatile int *)0x123456789000 = 1; return 0;",
            "#PF, page fault: writing 0x123456789000",
            {"Address": "nothing of the image", "Page tables": "PML4, entry 36: 0x0"},
            "entry 36 of the PML4",
        ),
        (
            "volatile int zero = 0; return argc / zero;",
            "#DE, division by zero",
            {"Instruction": "idiv", "Source": "return argc / zero;"},
            "the divisor is 0",
        ),
        ("__builtin_trap();", "#UD, invalid instruction", {"Instruction": "ud2"}, "ud2 is what the compiler writes"),
        (
            "return *(volatile int *)0x8000000000000000;",
            "#GP, general protection fault",
            {"Where": "main"},
            "no canonical address",
        ),
    ],
)
def test_an_exception_of_a_program(body: str, title: str, facts: dict[str, str], check: str, tmp_path: Path) -> None:
    said = explain(machines.run(_program(tmp_path, body), check=False))
    assert title in said.title
    for name, text in facts.items():
        assert text in dict(said.facts)[name], said
    assert any(check in each for each in said.checks), said.checks
    assert said.title in said._repr_html_()


@pytest.mark.parametrize(
    ("body", "held"),
    [
        # The start-up code happens to hold main's address, too; the instruction does not use it.
        ("*(volatile char *)main = 1; return 0;", None),
        ('char *p = (char *)0x123456789000; __asm__ volatile("movb $1, (%0)" :: "S"(p) : "memory"); return 0;', "rsi"),
        ('__asm__ volatile("call *%0" :: "D"(0x123456789000)); return 0;', "rdi"),
    ],
)
def test_only_registers_that_the_instruction_used_are_asked_about(body: str, held: str | None, tmp_path: Path) -> None:
    checks = explain(machines.run(_program(tmp_path, body), check=False)).checks
    asked = [check for check in checks if "held this address" in check]
    assert asked == ([f"{held} held this address: where did it come from?"] if held else []), checks


def test_an_error_carries_what_is_to_be_explained(tmp_path: Path) -> None:
    with pytest.raises(GuestPanic) as caught:
        machines.run(_program(tmp_path, "__builtin_trap();"))
    assert "#UD" in explain(caught.value).title


def test_a_panic_of_the_library_os_itself() -> None:
    image = _boot(("    mov %ebx, %edi ", "    mov $0x1000, %edi "))
    said = _explained(image)
    assert said.title == "The library OS stopped itself: the loader gave no PVH start info of version 1 or later."
    assert "start.c" in dict(said.facts)["Source"]


def test_a_guest_that_hangs_is_found_where_it_is() -> None:
    with machines.start(_boot(("call start", "jmp .")), accelerator="tcg") as machine:
        machine.ended_within(1)
        said = explain(machine)
    assert said.title == "The machine is running, and has not ended."
    assert dict(said.facts)["Source"].endswith("jmp .")


def test_what_did_not_crash_is_not_explained_away(program: BuildProgram) -> None:
    assert "ended by itself, with exit status 0" in explain(machines.run(program("hello"))).title


def test_evidence_is_no_part_of_a_run_as_json(tmp_path: Path) -> None:
    result = machines.run(_program(tmp_path, "__builtin_trap();"), check=False)
    assert result.crash is not None
    assert "crash" not in json.loads(result.to_json())


def test_a_program_that_pretends_to_have_crashed_has_not(program: BuildProgram) -> None:
    assert "ended by itself" in explain(machines.run(program("pretends"), args=["3"])).title


def test_a_panic_under_xen(tmp_path: Path) -> None:
    path = tmp_path / "crashes.c"
    path.write_text("int main(int argc, char **argv)\n{\n    return *(volatile int *)(argc * 0L);\n}\n")
    said = explain(machines.run(path, "xen", check=False, deadline=60))
    assert "#PF, page fault: reading 0x0" in said.title
    assert "crashes.c, line 3" in dict(said.facts)["Source"]


@pytest.mark.parametrize(
    ("new", "title"),
    [("jmp .", "was running when its time was up"), ("cli\n    hlt", "waited for an interrupt when its time was up")],
)
def test_a_guest_that_was_ended_at_its_deadline_was_looked_at_before(new: str, title: str) -> None:
    with pytest.raises(DeadlineExceeded, match="still running after 2 seconds") as caught:
        machines.run(_boot(("call start", new)), deadline=2)
    said = explain(caught.value)
    assert title in said.title
    assert "boot.S, line 7" in dict(said.facts)["Source"]
