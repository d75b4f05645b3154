"""Checks your service. Run it from the top of the course: ./course check labs/06-a-system-call-becomes-a-function."""

from __future__ import annotations

import errno
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from unilab.errors import CourseError
from unilab.labs import Booted, GuestAnswer, Part, Report, part
from unilab.toolchain import build, libc, libos
from unilab.toolchain.disassembly import disassemble
from unilab.toolchain.sizes import image_map

COURSE = Path(__file__).resolve().parents[2]
HELLO = COURSE / "notebooks" / "programs" / "hello.c"
PAGE, HUGE = 4096, 1 << 64
SERVICE = "libos_sys_mincore"
TRIAL, TURNS = (Path(__file__).with_name(name) for name in ("trial.c", "turns.c"))
ROW = re.compile(r"^[ \t]*LIBOS_CALL\([ \t]*(\w+)[ \t]*,[ \t]*(\d+)[ \t]*\)[ \t]*;?[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)

#: Where vm_owns() begins, and what it says then to callers that others may interrupt.
OWNS, INTERRUPTIBLE = "bool vm_owns(uintptr_t address)\n{\n", "vm_owns() was called with preemption enabled"

#: What is said of a boot that does not end, and of the place in an explanation.
HANGS, WHERE = "It has not ended within", re.compile(r"^ *Where: .*\((\S+:\d+)\)", re.MULTILINE)

_TURN = {1: "that succeeds", 2: "that gives EINVAL", 3: "that gives ENOMEM", 4: "that gives EFAULT"}


@dataclass(frozen=True)
class Case:
    """One call, and what is right.

    Attributes:
        base: What the address counts from: ``r``, the pages laid out; ``i``, the image; ``s``, the stack; ``z``, 0.
        kind: Where the answer goes: ``o``, ordinary memory; ``c``, constants; ``t``, text; ``e``, ``room`` bytes before
            a page that may not be touched; ``n``, to the address ``room``.
        offset: Bytes from the base.
        length: Bytes.
        room: As ``kind`` says.
        result: The errno it fails with; 0 for success.
        bits: What it answers, a digit a page.
        hint: Where to look if it is wrong.
    """

    base: str
    kind: str
    offset: int
    length: int
    room: int
    result: int
    bits: str
    hint: str

    @property
    def argument(self) -> str:
        """As TRIAL reads it."""
        return f"{self.base}:{self.kind}:{self.offset}:{self.length}:{self.room}"

    @property
    def words(self) -> str:
        """The call in words."""
        where = {"i": "the page of main()", "s": "a page of the main stack", "z": "address 0"}.get(self.base)
        pages, more = divmod(self.offset, PAGE)
        where = where or (f"page {pages}" + (f" plus {more} bytes" if more else ""))
        answer = {
            "o": "vec",
            "c": "vec in read-only data",
            "t": "vec in the program's text",
            "e": f"vec with {self.room} bytes left before a page that may not be touched",
            "n": f"vec = {self.room}",
        }[self.kind]
        return f"mincore({where}, {self.length} bytes, {answer})"


def check(folder: Path, seed: int, *, machine: str = "microvm", longest: int = 14) -> Report:
    """Grade the three files in a folder."""
    draw = random.Random(seed)
    row, complaint = _row(folder)
    parts = [part("the row of your call", 2, complaint)]
    rest = [
        ("a call becomes a function", 3, _function),
        ("which pages have a frame", 4, _residents),
        ("what is refused", 4, _refusals),
        ("pointers that lead nowhere", 3, _pointers),
        ("other threads go on", 2, _turns),
        ("who does not ask does not pay", 2, _hello),
    ]
    if complaint:
        parts += [part(name, points, "not tried without the row") for name, points, _ in rest]
        return Report(folder.name, tuple(parts))
    table = (libos.tree() / "musl" / "libos_calls.h").read_bytes()
    places = {"mincore.c": "posix/mincore.c", "mincore.h": "include/mincore.h"}
    more = {"musl/libos_calls.h": table + f"\n{row}\n".encode()}
    trial = Trial(GuestAnswer(folder, places, more), draw, machine, longest, lambda: _watching(folder, places, more))
    for name, points, ask in rest:
        # What cannot be built has one reason, and what it lacks is told once. What hangs would take its time again.
        known = bool(parts[1:]) and not parts[1].passed
        hangs = next((each.name for each in parts if HANGS in each.message), "")
        if known or hangs:
            parts.append(
                part(name, points, f"not tried, because of: {hangs}" if hangs else "not tried before that works")
            )
        else:
            parts.append(part(name, points, _briefly(ask(trial) or "", parts)))
    return Report(folder.name, tuple(parts))


def _briefly(complaint: str, before: Sequence[Part]) -> str:
    """A panic at a place that was explained before is not explained again."""
    place = WHERE.search(complaint)
    for earlier in before:
        same = WHERE.search(earlier.message)
        if place and same and place[1] == same[1]:
            words = complaint[: complaint.rindex("\n", 0, place.start())]
            return f"{words}\nThe same place as above, in: {earlier.name}"
    return complaint


@dataclass
class Trial:
    """What an answer is tried with.

    Attributes:
        answer: It.
        draw: Where chance comes from.
        machine: QEMU's machine type.
        longest: How many pages are laid out at most.
        watching: It, in front of a library OS that watches whether preemption is disabled.
    """

    answer: GuestAnswer
    draw: random.Random
    machine: str
    longest: int
    watching: Callable[[], GuestAnswer] | None = None

    def layout(self) -> str:
        """A letter a page: w(ritable), r(ead only), h(eld: has a frame, may not be touched), n(one), u(nmapped)."""
        letters = list("wwrrhn") + self.draw.choices("wrhn", k=self.draw.randint(2, self.longest - 7))
        self.draw.shuffle(letters)
        letters.insert(self.draw.randint(3, len(letters) - 2), "u")
        return "".join(letters)

    def boot(self, program: Path, *, args: Sequence[str] = (), seconds: float = 6.0) -> Booted:
        """Boot a program with the answer."""
        return self.answer.boot(program, args=args, machine=self.machine, seconds=seconds)

    def calls(self, layout: str, cases: Sequence[Case]) -> str | None:
        """Make calls; what is wrong with the first that is not right."""
        booted = self.boot(TRIAL, args=[layout, *(case.argument for case in cases)])
        lines = booted.console.splitlines()
        answers = [line.split(" ") for line in lines if re.fullmatch(r"-?\d+ \d+ [01x]* (beyond|-)", line)]
        for case, got in zip(cases, answers, strict=False):
            if wrong := _wrong(case, got):
                return f"{_pages(layout)}{case.words}: {wrong}\n{case.hint}".rstrip()
        if len(answers) < len(cases):
            case = cases[len(answers)]
            return f"{_pages(layout)}{case.words} did not come back.\n{case.hint}\n{booted.trouble}".rstrip()
        return booted.trouble or None


def _row(folder: Path) -> tuple[str, str]:  # noqa: PLR0911 - a reason each
    """The row, and what is wrong with it."""
    file = folder / "row.h"
    if file.is_symlink() or not file.is_file() or file.stat().st_size > PAGE:
        return "", "row.h is missing, or is no small file"
    text = _COMMENT.sub("", file.read_text(errors="replace"))
    rows = ROW.findall(text)
    if not rows:
        return (
            "",
            "row.h holds no row. Look at the end of libos/musl/libos_calls.h: LIBOS_CALL(kill, 2) is the row of kill()",
        )
    name, arguments = rows[0]
    if ROW.sub("", text).strip() or len(rows) > 1:
        return "", "row.h must hold one row, and nothing else but comments"
    if name not in libc.call_numbers():
        return "", f"Linux has no call {name}: rows are named as in <sys/syscall.h>, without SYS_ or libos_sys_"
    if name != "mincore":
        return "", f"this is the row of {name}, and your call is mincore"
    if arguments != "3":
        return "", f"the row says that mincore takes {arguments} arguments. How many values does its caller pass?"
    return f"LIBOS_CALL({name}, {arguments})", ""


def _function(trial: Trial) -> str | None:
    if trial.answer.trouble:
        return trial.answer.trouble
    try:
        image = trial.answer.image(TRIAL)
        code = disassemble("mincore", program=image, follow=True)
    except CourseError as error:
        if SERVICE in str(error):
            return f"the row asks for {SERVICE}(), and mincore.c has no function of that name, or it is static\n{error}"
        return str(error)
    names = [function.name for function in code.functions]
    if code.doors:
        return f"{code.doors} instruction in the image enters a kernel, and there is none to enter"
    if names[-1] != SERVICE:
        return f"mincore() leads to {names[-1]}, and should lead to {SERVICE}"
    return None


def _residents(trial: Trial) -> str | None:
    layout = trial.layout()
    hole = layout.index("u")
    spans = [(0, hole), (hole + 1, len(layout))]
    cases = []
    for first, last in [*spans, *_parts_of(spans, trial.draw)]:
        # Not a whole number of pages: what is begun counts.
        length = (last - first) * PAGE - trial.draw.choice((0, 1, PAGE - 1))
        cases.append(_success(layout, first, last, length))
    cases.append(Case("i", "o", 0, 1, 0, 0, "1", "The image has frames, too, and belongs to somebody."))
    cases.append(Case("s", "o", 0, 1, 0, 0, "1", "The main stack is owned as mappings are: ask vm_owns()."))
    cases.append(Case("r", "o", 0, 0, 0, 0, "", "No bytes, no pages, no answer."))
    return trial.calls(layout, cases)


def _parts_of(spans: Sequence[tuple[int, int]], draw: random.Random) -> Iterator[tuple[int, int]]:
    for first, last in spans:
        if last - first > 1:
            begin = draw.randrange(first, last - 1)
            yield begin, draw.randrange(begin + 1, last + 1)


def _success(layout: str, first: int, last: int, length: int) -> Case:
    bits = "".join("1" if letter in "wrh" else "0" for letter in layout[first:last])
    hint = "A page has a frame or it has none, whatever may be done with it. A page that is begun counts."
    return Case("r", "o", first * PAGE, length, 0, 0, bits, hint)


def _refusals(trial: Trial) -> str | None:
    layout, draw = trial.layout(), trial.draw
    hole, begin = layout.index("u"), draw.randrange(1, PAGE)
    unaligned = "The address must be that of a page: EINVAL, whatever the length."
    nobody = "A page in the range belongs to nobody: ENOMEM. Who knows whom an address belongs to?"
    wraps = "Rounding up such a length goes past the largest number and comes out small."
    cases = [
        Case("r", "o", begin, PAGE, 0, errno.EINVAL, "", unaligned),
        Case("r", "o", begin, 0, 0, errno.EINVAL, "", unaligned),
        Case("r", "o", 0, (hole + 1) * PAGE, 0, errno.ENOMEM, "", nobody),
        Case("r", "o", hole * PAGE, 1, 0, errno.ENOMEM, "", nobody),
        Case("r", "o", (hole - 1) * PAGE, 3 * PAGE, 0, errno.ENOMEM, "", nobody),
        Case("z", "o", 0, PAGE, 0, errno.ENOMEM, "", "The null page belongs to nobody: ENOMEM."),
        Case("r", "o", 0, HUGE - draw.randrange(1, PAGE - 1), 0, errno.ENOMEM, "", wraps),
        Case("r", "o", 0, HUGE // 2, 0, errno.ENOMEM, "", nobody),
    ]
    return trial.calls(layout, cases)


def _pointers(trial: Trial) -> str | None:
    layout, draw = trial.layout(), trial.draw
    hole = layout.index("u")
    hint = (
        "A kernel says EFAULT if it cannot store its answer. Here the store would fault, with nobody to catch it: "
        "ask the page tables before you store. paging.h has the question."
    )
    every = "Each byte of vec that you store to has to be asked about: the last ones may lie in another page."
    room = draw.randrange(1, hole) if hole > 1 else 0
    cases = [
        Case("r", "e", 0, hole * PAGE, hole, 0, _success(layout, 0, hole, 0).bits, "This vec has room for all."),
        Case("r", "n", 0, PAGE, draw.randrange(1, PAGE), errno.EFAULT, "", hint),
        Case("r", "c", 0, PAGE, 0, errno.EFAULT, "", hint + " May be read is not: may be written."),
        Case("r", "t", 0, PAGE, 0, errno.EFAULT, "", hint + " May be read is not: may be written."),
        Case("r", "e", 0, hole * PAGE, room, errno.EFAULT, "", every),
        Case(
            "r",
            "n",
            0,
            0,
            draw.randrange(1, PAGE),
            0,
            "",
            "No pages, so nothing is stored, and no pointer is followed.",
        ),
    ]
    return trial.calls(layout, cases)


def _wrong(case: Case, got: Sequence[str]) -> str:
    result, error, bits, beyond = int(got[0]), int(got[1]), got[2], got[3]
    wanted = f"fail with {errno.errorcode[case.result]}" if case.result else f"give 0 and {case.bits or 'nothing'}"
    if result > 0:
        name = errno.errorcode.get(result, "")
        return f"it gave {result}" + (
            f", which is {name}: a service returns the negative number, -{name}, and the C library makes errno of it"
            if name
            else f"; it should {wanted}"
        )
    if case.result:
        seen = f"failed with {errno.errorcode.get(error, error)}" if result else "succeeded"
        return "" if result and error == case.result else f"it should {wanted}, and {seen}"
    if result:
        return f"it should {wanted}, and failed with {errno.errorcode.get(error, error)}"
    if bits != case.bits:
        other = "; x is a byte that is neither 0 nor 1" if "x" in bits else ""
        return f"it should {wanted}, and gave {bits or 'nothing'}, a digit a page{other}"
    return "it stored more bytes into vec than there are pages" if beyond == "beyond" else ""


def _pages(layout: str) -> str:
    names = {"w": "rw", "r": "r", "h": "held", "n": "none", "u": "unmapped"}
    listed = ", ".join(f"{number} {names[letter]}" for number, letter in enumerate(layout))
    return f"pages: {listed}\n(held: has a frame, and may not be touched; none: reserved, without a frame)\n"


def _watching(folder: Path, places: Mapping[str, str], more: Mapping[str, bytes]) -> GuestAnswer:
    """The answer in front of a library OS whose vm_owns() refuses callers that others may interrupt."""
    text = (libos.tree() / "core" / "vm.c").read_text(encoding="utf-8")
    watched = text.replace(OWNS, f'{OWNS}    if (!current->preempt_count)\n        panic("{INTERRUPTIBLE}");\n')
    return GuestAnswer(folder, places, {**more, "core/vm.c": f'#include "current.h"\n{watched}'.encode()})


def _turns(trial: Trial) -> str | None:
    answer = trial.watching() if trial.watching else trial.answer
    booted = answer.boot(TURNS, machine=trial.machine, seconds=4.0)
    if INTERRUPTIBLE in booted.console:
        return (
            "vm_owns() was asked with preemption enabled: another thread could take its turn just then, and unmap the "
            "page in the middle of your answer.\n"
            "preempt_disable() before the first question, preempt_enable() behind the last store."
        )
    said = [int(line) for line in booted.console.splitlines() if line in {"1", "2", "3", "4"}]
    if booted.end == "time" and said:
        return (
            f"after a call {_TURN[said[-1]]}, no other thread ran any more.\n"
            "preempt_disable() keeps all others out until preempt_enable(): every return needs it, the early ones too."
        )
    return booted.trouble or None


def _hello(trial: Trial) -> str | None:
    try:
        with_it, without = trial.answer.image(HELLO), build(HELLO)
    except CourseError as error:
        return str(error)
    mine = [piece for piece in image_map(with_it).pieces if piece.name == "posix/mincore.c"]
    if mine:
        return (
            f"hello never asks for pages, and {mine[0].size} bytes of posix/mincore.c are in its image.\n"
            "What keeps them? The linker keeps what main can reach, and what must run before it."
        )
    if with_it.path.read_bytes() != without.path.read_bytes():
        return f"hello, which does not use the call, has {with_it.size:,} bytes with it and {without.size:,} without"
    return None
