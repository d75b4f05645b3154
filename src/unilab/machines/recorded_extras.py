"""What is recorded of a program beside its run and its address spaces, where its architecture has such a thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from unilab.machines.container import Container
from unilab.machines.container_facts import ContainerFacts
from unilab.machines.machine import Machine
from unilab.spaces.model import AddressSpace
from unilab.spaces.nested import Nested
from unilab.spaces.page_walk import PageWalk
from unilab.toolchain import cache
from unilab.toolchain.symbols import symbols_of


@dataclass(frozen=True, slots=True)
class Extra:
    """Something more that is recorded of a program.

    Attributes:
        kind: The frozen dataclass of its values.
        of: Makes them of a machine that stands still where the program is about to end; none, where an architecture has
            no such thing.
    """

    kind: type[Any]
    of: Callable[[Machine], Sequence[object]]


@runtime_checkable
class _Translated(Protocol):
    """A machine with page tables of its own, inside a process of this host."""

    def page_walk(self, virtual: int) -> PageWalk: ...

    def nested(self, virtual: int) -> Nested: ...

    def physical_space(self) -> AddressSpace: ...

    def host_space(self) -> AddressSpace: ...


def _container_facts(machine: Machine) -> Sequence[ContainerFacts]:
    return [machine.facts()] if isinstance(machine, Container) else []


def _page_walks(machine: Machine) -> Sequence[PageWalk]:
    return [machine.page_walk(_main(machine))] if isinstance(machine, _Translated) else []


def _nested(machine: Machine) -> Sequence[Nested]:
    return [machine.nested(_main(machine))] if isinstance(machine, _Translated) else []


def _physical_space(machine: Machine) -> Sequence[AddressSpace]:
    return [machine.physical_space()] if isinstance(machine, _Translated) else []


def _host_space(machine: Machine) -> Sequence[AddressSpace]:
    if not isinstance(machine, _Translated):
        return []
    space = machine.host_space()
    # Where the cache keeps the images that QEMU maps says nothing to a reader.
    ours = str(cache.root().absolute())
    regions = (replace(r, backing=PurePath(r.backing).name) if r.backing.startswith(ours) else r for r in space.regions)
    return [replace(space, regions=tuple(regions))]


def _main(machine: Machine) -> int:
    """What is followed down: the first byte of main, which every program has."""
    return symbols_of(machine.image.debug).address("main")


#: By name.
EXTRAS: Mapping[str, Extra] = MappingProxyType(
    {
        "container facts": Extra(ContainerFacts, _container_facts),
        "page walk": Extra(PageWalk, _page_walks),
        "nested": Extra(Nested, _nested),
        "physical space": Extra(AddressSpace, _physical_space),
        "host space": Extra(AddressSpace, _host_space),
    }
)
