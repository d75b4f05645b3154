"""A process followed by ptrace: its own instructions one by one; the kernel's from a recording, where there is one."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

from unilab.errors import MachineError
from unilab.machines.process import Process
from unilab.machines.system_calls import names
from unilab.spaces.executed import Executed
from unilab.spaces.folding import Folder
from unilab.spaces.journey import Ring, Step
from unilab.spaces.program_places import ProgramPlaces

_MOST_INSTRUCTIONS = 5_000_000
_LONGEST_INSTRUCTION = 15
#: Seconds that a system call may take.
_PATIENCE = 10.0
#: By which a program gives bytes to a terminal.
_WRITES = {"write", "writev", "pwrite64"}


def follow(
    process: Process, places: ProgramPlaces, kernel: Mapping[str, tuple[Step, ...]], *, until: str
) -> tuple[tuple[Step, ...], str]:
    """Step a process from the entry of a function, where it has stopped.

    Args:
        process: Stopped there.
        places: What its addresses are.
        kernel: What a kernel does for a system call, by its name, where that is known; its depths count from 0.
        until: ``device``: to the end of the first system call that writes; ``return``: to the function's end.

    Returns:
        The steps, and how they were taken.

    Raises:
        MachineError: It has ended on the way, or never comes to an end.
    """
    outcome: list[tuple[Step, ...] | Exception] = []

    def work() -> None:
        try:
            outcome.append(_follow(process, places, kernel, until))
        except Exception as error:
            outcome.append(error)

    # Only the thread that attached may give orders.
    process._live_keeper().ask(work)
    if not outcome:
        raise MachineError("the process was ended while it was followed", console=process.console.text)
    if isinstance(outcome[0], OSError):
        raise MachineError(
            f"the process could not be followed to the end: {outcome[0]}",
            console=process.console.text,
            remedy="follow a call that waits for nothing",
        ) from outcome[0]
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    release = ".".join(platform.release().split(".")[:2])
    return outcome[0], f"a {process.architecture} of this host, Linux {release}: its own instructions stepped by ptrace"


def _follow(
    process: Process, places: ProgramPlaces, kernel: Mapping[str, tuple[Step, ...]], until: str
) -> tuple[Step, ...]:
    tracer = process._tracer
    assert tracer is not None
    with Path(f"/proc/{tracer.pid}/mem").open("rb", buffering=0) as memory:

        def read(address: int, length: int) -> bytes:
            memory.seek(address)
            return memory.read(length)

        now = tracer.now()
        entry_stack = now.rsp
        back = int.from_bytes(read(entry_stack, 8), "little")
        caller = places.at(back)
        folder = Folder(
            lambda address, _: places.at(address), callers=(Step(caller.function, caller.owner, Ring.USER, 0),)
        )
        code: dict[int, bytes] = {}
        written = False
        for _ in range(_MOST_INSTRUCTIONS):
            if now.rip not in code:
                code[now.rip] = read(now.rip, _LONGEST_INSTRUCTION)
            folder.add(Executed(now.rip, code[now.rip], Ring.USER, 0))
            if (now.rip == back and now.rsp > entry_stack) or (written and until == "device"):
                return folder.steps
            number = now.rax
            now = tracer.step(_PATIENCE)
            if folder.at_system_call:
                name = names().get(number, f"system call {number}")
                written = written or name in _WRITES
                folder.system_call(kernel.get(name) or (Step(name, "kernel", Ring.KERNEL, 0),))
    raise MachineError(f"the call had not ended after {_MOST_INSTRUCTIONS:,} instructions")
