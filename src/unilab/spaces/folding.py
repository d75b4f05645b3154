"""Executed instructions, folded into functions: a trace becomes the steps of a journey.

The trace says where the processor was before each instruction. What each instruction does to the stack of functions
is read from its bytes; a place that no instruction leads to was reached by an interrupt or an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from unilab.spaces.decoding import Decoder, Instruction, Kind
from unilab.spaces.executed import Executed, Place
from unilab.spaces.journey import Ring, Step

#: How the names of Linux's entry points begin for what is no system call (arch/x86/include/asm/idtentry.h).
#: The last one is the library OS's (libos/arch/x86_64/interrupts.S).
_ENTRIES = ("asm_", "irq_entries_start", "spurious_entries_start", "libos_interrupt_stubs")
_EXCEPTION_ENTRY = "asm_exc_"
#: Pieces of code between a call and the function that is called: part of the instruction, as it were.
#: Source: Linux, arch/x86/lib/retpoline.S.
_THUNKS = ("__x86_indirect_thunk_", "__x86_return_thunk", "__x86_indirect_call_thunk_", "srso_", "retbleed_")
#: Where Linux gives the processor to another task, and the functions that lead there (kernel/sched/core.c).
_SWITCHES_TASKS = "__schedule"
_LEADS_THERE = {
    *("schedule", "__cond_resched", "preempt_schedule_common", "preempt_schedule", "preempt_schedule_irq"),
    *("schedule_timeout", "io_schedule", "schedule_idle", "raw_irqentry_exit_cond_resched"),
}

SYSTEM_CALL, HYPERCALL, INTERRUPT, EXCEPTION = "system call", "hypercall", "interrupt", "exception"
VM_EXIT, VM_ENTRY = "VM exit", "VM entry"


#: A function that is called, but whose first instruction has not been seen.
_UNKNOWN = Place("", "")


@dataclass(frozen=True, slots=True)
class _Frame:
    """A function on the stack, and the address it returns to."""

    place: Place
    back: int | None = None


@dataclass(slots=True)
class _Level:
    """What one privilege level, or one interrupt, has on the stack."""

    entered_by: str  #: empty for the first
    came_from: Ring
    hidden: bool = False  #: none of the journey's
    frames: list[_Frame] = field(default_factory=list)

    @property
    def crosses(self) -> bool:
        """Whether leaving it changes the privilege level."""
        return self.came_from is Ring.USER


class Folder:
    """Takes executed instructions one by one, and makes steps of them.

    Args:
        place: What an address is, at a privilege level.
        callers: Functions that are on the stack already, outermost first; they become the first steps.
        vm_exits: Whether each port that is read or written is a VM exit and a VM entry.
        left_out: Names of entry points: what interrupts by them is left out, unless something else interrupts it.

        unnamed: Functions that stand for many whose names nobody knows: calls among these are not told apart.
        switch: The function that goes on with another stack. Then the journey is one of the processor, and whatever it
            does belongs to it; otherwise it is one of a task, and what others do meanwhile is left out.
        waiting: What lies on the stack that the first switch goes on with, outermost first, without the switch.

    Programs and domains run at ``Ring.USER``, a kernel at ``Ring.KERNEL``, Xen at ``Ring.HYPERVISOR``. What other tasks
    do, while Linux has them run in between, is left out too.
    """

    def __init__(
        self,
        place: Callable[[int, Ring], Place],
        *,
        callers: tuple[Step, ...] = (),
        vm_exits: bool = False,
        left_out: frozenset[str] = frozenset(),
        unnamed: frozenset[str] = frozenset(),
        switch: str = "",
        waiting: Sequence[Place] = (),
    ) -> None:
        self._place = place
        self._vm_exits = vm_exits
        self._left_out = left_out
        self._unnamed = unnamed
        self._switch = switch
        self._waiting = [_Frame(place) for place in waiting]
        self._decoder = Decoder()
        self._steps = list(callers)
        below = [_Frame(Place(step.function, step.owner)) for step in callers]
        self._levels = [_Level("", Ring.USER, frames=below)]
        #: Where the task goes on that gave the processor away, and what it had on the stack there.
        self._away: tuple[int, list[_Level]] | None = None
        self._last: tuple[Executed, Instruction] | None = None
        self._crossing = ""
        self._began = False

    @property
    def at_system_call(self) -> bool:
        """Whether the instruction that was added last is a ``syscall``."""
        return self._last is not None and self._last[1].kind is Kind.SYSTEM_CALL

    @property
    def steps(self) -> tuple[Step, ...]:
        """So far, without the instruction that was added last: nobody knows whether it was executed."""
        return tuple(self._steps)

    def add(self, now: Executed) -> str | None:
        """The next instruction, which also tells what the last one did.

        Returns:
            The port that the last instruction wrote or read, such as ``out 0x3f8``; None for other instructions.
        """
        if self._away is not None:
            back, levels = self._away
            if now.ring is not Ring.KERNEL or now.address != back:
                return None
            self._away, self._levels, self._last = None, levels, None
        instruction = self._decoder.decode(now.address, now.code)
        port, returned = None, False
        if self._last is not None:
            port = self._executed(*self._last, now)
            returned = self._last[1].kind is Kind.RETURN
        self._enter(now, returned=returned)
        self._last = now, instruction
        return port

    def end_at_device(self, name: str) -> None:
        """End with the device that the last port belongs to: its VM exit, or a step of its own.

        Args:
            name: What ``add`` said of the port.
        """
        if self._vm_exits:
            while self._steps[-1].crossing != VM_EXIT:
                self._steps.pop()
        else:
            ring = self._last[0].ring if self._last is not None else Ring.KERNEL
            self._steps.append(Step(name, "hardware", ring, self._depth()))

    def system_call(self, steps: tuple[Step, ...]) -> None:
        """What a kernel did that could not be watched: steps for the ``syscall`` which was executed last.

        Their depths count from the kernel's first function.
        """
        assert self._last is not None
        self._last = None
        self._count()
        base = self._depth()
        for i, step in enumerate(steps):
            crossing = step.crossing or (SYSTEM_CALL if i == 0 else "")
            self._steps.append(replace(step, depth=base + step.depth, crossing=crossing))
        self._crossing = f"return from {SYSTEM_CALL}"

    # ---- one instruction -----------------------------------------------------

    def _executed(self, last: Executed, instruction: Instruction, now: Executed) -> str | None:
        """What became of an instruction, seen from the next."""
        interruption = self._interruption(last, instruction, now)
        if interruption == EXCEPTION:
            # It was not executed, and may be met again.
            self._interrupted(interruption, now, last.ring)
            return None
        port, ring = None, last.ring
        if instruction.repeats and (interruption or now.address == last.address):
            pass  # it has more to do
        elif now.address == last.address and instruction.kind is Kind.OTHER:
            return None  # the step came to nothing
        else:
            self._count()
            port, ring = self._done(last, instruction, now, interrupted=bool(interruption))
        if interruption:
            self._interrupted(interruption, now, ring)
        return port

    def _done(
        self, last: Executed, instruction: Instruction, now: Executed, *, interrupted: bool
    ) -> tuple[str | None, Ring]:
        """What an instruction that was executed did: the port it accessed, and the ring it left the processor in."""
        frames = self._levels[-1].frames
        following = last.address + instruction.length
        match instruction.kind:
            case Kind.CALL | Kind.RETURN if self._place(last.address, last.ring).function in self._unnamed:
                pass
            case Kind.SYSTEM_CALL if now.ring is not last.ring:
                self._crossing = HYPERCALL if now.ring is Ring.HYPERVISOR else SYSTEM_CALL
                self._levels.append(_Level(self._crossing, last.ring))
            case Kind.LEAVE_KERNEL if now.ring is Ring.HYPERVISOR:
                pass  # it had been interrupted itself: nobody has seen by what
            case Kind.LEAVE_KERNEL:
                return None, self._left(last, now)
            case Kind.CALL if interrupted:
                target = instruction.target
                frames.append(_Frame(_UNKNOWN if target is None else self._place(target, last.ring), following))
            case Kind.CALL if now.address != following:
                frames.append(_Frame(self._place(now.address, now.ring), following))
                if frames[-1].place.function == _SWITCHES_TASKS and not self._switch:
                    self._give_away()
            case Kind.RETURN if self._switch and self._place(last.address, last.ring).function == self._switch:
                frames.pop()
                self._levels[-1].frames, self._waiting = self._waiting, frames
            case Kind.RETURN if frames:
                frames.pop()
            case Kind.INPUT | Kind.OUTPUT:
                return self._port(last, instruction), last.ring
            case _:
                pass
        return None, last.ring

    def _left(self, last: Executed, now: Executed) -> Ring:
        """A kernel was left by the instruction for it: the ring that it led to."""
        if len(self._levels) > 1:
            left = self._levels.pop()
            if left.crosses and not left.hidden:
                self._crossing = f"return from {left.entered_by}"
            return left.came_from
        if self._switch and now.ring is Ring.USER:
            # By a task that had entered it before the journey began.
            self._crossing = f"return from {SYSTEM_CALL}"
            self._levels[-1].frames.clear()
            return now.ring
        return last.ring

    def _give_away(self) -> None:
        """The task is about to give the processor to another: leave out everything until it is back."""
        frames = self._levels[-1].frames
        first = len(frames) - 1
        while first > 0 and frames[first - 1].place.function in _LEADS_THERE:
            first -= 1
        # Not where __schedule returns to: every task that waits does, there.
        if (back := frames[first].back) is not None:
            here = self._levels[-1]
            kept = replace(here, frames=frames[:first])
            self._away = back, [*self._levels[:-1], kept]

    def _interruption(self, last: Executed, instruction: Instruction, now: Executed) -> str:
        """Whether something else than the last instruction led here: INTERRUPT, EXCEPTION or empty."""
        if now.ring is Ring.USER or instruction.kind is Kind.SYSTEM_CALL:
            return ""
        place = self._place(now.address, now.ring)
        if last.ring is Ring.USER and instruction.kind in (Kind.INPUT, Kind.OUTPUT):
            return EXCEPTION  # not for programs
        if last.ring is not Ring.USER:
            # Its entry points are reached in no other way, but from code that belongs to them, or by returning to it.
            if now.address in (last.address, last.address + instruction.length, instruction.target):
                return ""
            if not place.function.startswith(_ENTRIES) or place == self._place(last.address, last.ring):
                return ""
            if place == self._returns_to(instruction):
                return ""
        return EXCEPTION if place.function.startswith(_EXCEPTION_ENTRY) else INTERRUPT

    def _returns_to(self, instruction: Instruction) -> Place | None:
        frames = self._levels[-1].frames
        if instruction.kind is Kind.RETURN:
            return frames[-2].place if len(frames) > 1 else None
        if instruction.kind is Kind.LEAVE_KERNEL and len(self._levels) > 1:
            below = self._levels[-2].frames
            return below[-1].place if below else None
        return None

    def _interrupted(self, kind: str, now: Executed, ring: Ring) -> None:
        hidden = kind == INTERRUPT and self._place(now.address, now.ring).function in self._left_out
        self._levels.append(_Level(kind, ring, hidden=hidden))
        if ring is Ring.USER and not hidden:
            self._crossing = kind

    def _port(self, last: Executed, instruction: Instruction) -> str:
        number = last.dx & 0xFFFF if instruction.port is None else instruction.port
        name = f"{'out' if instruction.kind is Kind.OUTPUT else 'in'} {number:#x}"
        if self._vm_exits and not self._levels[-1].hidden:
            self._steps.append(Step(name, "QEMU", Ring.HYPERVISOR, self._depth(), crossing=VM_EXIT))
            self._crossing = VM_ENTRY
        return name

    # ---- steps ---------------------------------------------------------------

    def _enter(self, now: Executed, *, returned: bool) -> None:
        """See to it that the last step is the function of this instruction."""
        place = self._place(now.address, now.ring)
        frames = self._levels[-1].frames
        if place.function.startswith(_THUNKS) and frames:
            return
        if not frames or not self._began:
            frames.append(_Frame(place))
        elif frames[-1].place != place:
            if returned and any(frame.place == place for frame in frames):
                # Past functions that left their return address to somebody else.
                while frames[-1].place != place:
                    frames.pop()
            else:
                frames[-1] = _Frame(place, frames[-1].back)  # it was jumped to
        self._began = True
        if self._levels[-1].hidden or self._away is not None:
            return
        step = Step(place.function, place.owner, now.ring, self._depth() - 1, crossing=self._crossing)
        if self._crossing or not self._steps or _differs(self._steps[-1], step):
            self._steps.append(step)
        self._crossing = ""

    def _count(self) -> None:
        """Count an instruction for the step that is the last."""
        if self._levels[-1].hidden:
            return
        for i in range(len(self._steps) - 1, -1, -1):
            if self._steps[i].crossing != VM_EXIT:
                self._steps[i] = replace(self._steps[i], instructions=self._steps[i].instructions + 1)
                return

    def _depth(self) -> int:
        return sum(len(level.frames) for level in self._levels if not level.hidden)


def _differs(old: Step, new: Step) -> bool:
    return (old.function, old.owner, old.ring, old.depth) != (new.function, new.owner, new.ring, new.depth)
