"""Which entries of a virtqueue are drawn: those that a request uses or that change, in the same places at each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from unilab.spaces.virtqueue import NEXT, QueueState

#: Entries drawn of the descriptor table, and of each ring.
_MOST_DESCRIPTORS, _MOST_ENTRIES = 12, 8


@dataclass(frozen=True, slots=True)
class Part:
    """What is drawn of one part of a queue.

    Attributes:
        shown: Indices, in order.
        size: How many entries there are.
    """

    shown: tuple[int, ...]
    size: int

    @property
    def rows(self) -> list[int | range]:
        """Entries, and in their places the runs of those that are not drawn."""
        found: list[int | range] = []
        at = 0
        for index in self.shown:
            if index > at:
                found.append(range(at, index))
            found.append(index)
            at = index + 1
        if at < self.size:
            found.append(range(at, self.size))
        return found


@dataclass(frozen=True, slots=True)
class Layout:
    """What is drawn of a queue, step for step the same.

    Attributes:
        descriptors: Of the descriptor table.
        available: Of the available ring.
        used: Of the used ring.
    """

    descriptors: Part
    available: Part
    used: Part


def layout(states: Sequence[QueueState]) -> Layout:
    """What to draw of one queue.

    Args:
        states: The queue at every step; one at least.
    """
    size = states[0].size
    available: list[int] = []
    used: list[int] = []
    for state in states:
        # The entry that was written last, and the one that is written next.
        available += [state.available_index - 1, state.available_index]
        if state.driver is not None:
            available += [state.driver.added - 1]
            used += [state.driver.seen]
        if state.device_index is not None:
            available += [state.device_index]
        used += [state.used_index - 1, state.used_index]
    in_ring = _few(available, size)
    return Layout(Part(_descriptors(states, in_ring), size), Part(in_ring, size), Part(_few(used, size), size))


def heads(state: QueueState) -> dict[int, int]:
    """Requests that are added and not yet given back, newest first: place in the available ring -> first descriptor."""
    added = state.driver.added if state.driver is not None else state.available_index
    count = min((added - state.used_index) % (1 << 16), state.size)
    places = [(added - 1 - i) % state.size for i in range(count)]
    return {place: state.available[place] for place in places}


def _few(indices: list[int], size: int) -> tuple[int, ...]:
    """Places in a ring, those named first preferred."""
    places = list(dict.fromkeys(index % size for index in indices))
    return tuple(sorted(places[:_MOST_ENTRIES]))


def _descriptors(states: Sequence[QueueState], in_ring: tuple[int, ...]) -> tuple[int, ...]:
    wanted: list[int] = []
    # First what changes, then what the ring's entries that are drawn lead to, then what has last come back.
    for before, after in pairwise(states):
        wanted += [
            new.index
            for old, new in zip(before.descriptors, after.descriptors, strict=True)
            if (old.address, old.length, old.flags) != (new.address, new.length, new.flags)
        ]
    for state in states:
        wanted += [part.index for place, head in heads(state).items() if place in in_ring for part in state.chain(head)]
    for state in states:
        if state.used_index:
            head = state.used[(state.used_index - 1) % state.size].id
            wanted += [part.index for part in state.chain(head)]
    few = list(dict.fromkeys(wanted))[:_MOST_DESCRIPTORS]
    return tuple(sorted(few)) or (0,)


def changed(before: QueueState | None, after: QueueState) -> set[str]:
    """What differs from the step before, by the keys of the picture's items; nothing for a first step."""
    if before is None or (before.name, before.size) != (after.name, after.size):
        return set()
    found = set()
    for old, new in zip(before.descriptors, after.descriptors, strict=True):
        # `next` of a descriptor that does not continue means nothing.
        if (old.address, old.length, old.flags, old.next * (old.flags & NEXT)) != (
            new.address,
            new.length,
            new.flags,
            new.next * (new.flags & NEXT),
        ):
            found.add(f"d{new.index}")
        elif old.preview and new.preview and old.preview != new.preview:
            found.add(f"b{new.index}")
    for i in range(after.size):
        if before.available[i] != after.available[i]:
            found.add(f"a{i}")
        if before.used[i] != after.used[i]:
            found.add(f"u{i}")
    if before.driver is not None and after.driver is not None and before.driver.added != after.driver.added:
        found.add(f"a{(after.driver.added - 1) % after.size}")
    if before.used_index != after.used_index:
        found.add(f"u{(after.used_index - 1) % after.size}")
    if before.driver is not None and after.driver is not None and before.driver.seen != after.driver.seen:
        found.add("seen")
    for name in ("available_index", "used_index", "device_index", "driver", "available_flags", "used_flags"):
        if getattr(before, name) != getattr(after, name):
            found.add(name)
    return found
