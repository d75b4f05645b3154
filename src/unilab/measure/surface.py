"""What whoever has taken a program over can reach next: system calls, privileged code, programs, open ports."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache as memoize
from pathlib import Path

from unilab.errors import CourseError
from unilab.machines import Container, Machine, run
from unilab.machines.linux_guest import LinuxGuest
from unilab.machines.system_calls import names
from unilab.measure.programs import of_bench
from unilab.spaces.model import Privilege

_LISTEN = "0A"  #: the state of a socket in /proc/net/tcp: Linux, include/net/tcp_states.h
_OPEN_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_REACH_DEADLINE = 60.0


@dataclass(frozen=True, slots=True)
class Exposed:
    """One count.

    Attributes:
        quantity: ``reach``, ``code``, ``programs`` or ``ports``.
        count: None where it cannot be counted.
        note: What has to be said of it.
    """

    quantity: str
    count: int | None
    note: str = ""


def surface(machine: Machine) -> Iterator[Exposed]:
    """What is exposed in and around a machine that serves.

    Args:
        machine: Running, at its service.
    """
    on = machine.architecture
    guest = machine.machine is not None
    if guest:
        yield Exposed("reach", 0, "a syscall instruction does not leave the guest")
        yield Exposed("code", privileged_code(machine), "executable pages of the privileged level, by its page tables")
    else:
        yield Exposed("reach", reached(on), f"of {len(names())} in the table, each tried")
        yield Exposed("code", None, "the host's kernel, which nobody here may look into")
    yield programs(machine)
    yield ports(machine)


@memoize
def reached(on: str) -> int:
    """How many of Linux's system calls are neither refused nor absent, as a process or in a container."""
    signs = run(of_bench("reach.c"), on, args=[str(max(names()))], deadline=_REACH_DEADLINE).console
    return sum(signs[number] == "+" for number in names())


def privileged_code(machine: Machine) -> int:
    """Bytes that a guest's processor may execute at its highest privilege level."""
    regions = machine.address_space().regions
    found = {
        (region.start, region.end)
        for region in regions
        if "x" in region.permissions and region.privilege is Privilege.KERNEL
    }
    return sum(end - start for start, end in found)


def programs(machine: Machine) -> Exposed:
    """Programs that whoever is in there could start."""
    if isinstance(machine, LinuxGuest):
        try:
            count = int(machine.shell("busybox --list | wc -l"))
        except CourseError as error:
            return Exposed("programs", None, error.message)
        return Exposed("programs", count + 2, "those of busybox, the first process, and the program")
    if isinstance(machine, Container):
        files = machine.facts().files
        return Exposed("programs", sum("x" in file.mode and file.mode[0] == "-" for file in files), "itself")
    if machine.architecture == "process":
        return Exposed("programs", len(_on_path()), "executable files on this host's usual path")
    return Exposed("programs", 1, "itself: there is no second process")


def ports(machine: Machine) -> Exposed:
    """TCP ports at which somebody listens, in the network that the program is in."""
    if isinstance(machine, LinuxGuest):
        tables = [machine.file(path).decode() for path in _OPEN_TABLES[:1]]
        return Exposed("ports", len(_listening(tables)), "in the guest's own list")
    if machine.machine is None:
        tables = [Path(path).read_text() for path in _OPEN_TABLES if Path(path).exists()]
        return Exposed("ports", len(_listening(tables)), "in the host's own list, whoever listens")
    return Exposed("ports", None, "nobody in there keeps a list that could be asked for")


def _listening(tables: list[str]) -> set[int]:
    """Ports in texts of /proc/net/tcp, proc_net(5)."""
    found = set()
    for table in tables:
        for line in table.splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if state == _LISTEN:
                found.add(int(local.rpartition(":")[2], 16))
    return found


def _on_path() -> set[str]:
    return {
        file.name
        for folder in os.defpath.split(os.pathsep)
        if folder and Path(folder).is_dir()
        for file in Path(folder).iterdir()
        if file.is_file() and os.access(file, os.X_OK)
    }
