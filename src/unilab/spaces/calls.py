"""A journey's steps as a tree of calls: who called whom, and how many instructions that took in all."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from unilab.spaces.journey import Journey, Ring, Step


@dataclass(frozen=True, slots=True)
class Call:
    """A function from its call to its return, or as much of that as the journey saw.

    Attributes:
        step: The journey's step that it began with, from 0.
        function: Its name.
        owner: Whose it is.
        ring: The privilege level it ran at.
        depth: How many functions were on the stack below it.
        crossing: What led there, if that was a change of privilege.
        own: Instructions of its own.
        calls: What it called, in order.
        continued: It had been called before the journey began, or on another stack, and goes on here.
    """

    step: int
    function: str
    owner: str
    ring: Ring
    depth: int
    crossing: str
    own: int
    calls: tuple[Call, ...]
    continued: bool

    @property
    def total(self) -> int:
        """Instructions of its own and of all that it called."""
        return self.own + sum(call.total for call in self.calls)

    @property
    def inside(self) -> int:
        """How many calls there are in it, at any depth."""
        return sum(1 + call.inside for call in self.calls)

    def walk(self) -> Iterator[Call]:
        """It, and everything in it, in order."""
        yield self
        for call in self.calls:
            yield from call.walk()


@dataclass(slots=True)
class _Open:
    """A call that may go on."""

    index: int
    step: Step
    continued: bool
    own: int = 0
    calls: list[_Open] = field(default_factory=list)

    def closed(self) -> Call:
        at = self.step
        return Call(
            self.index,
            at.function,
            at.owner,
            at.ring,
            at.depth,
            at.crossing,
            self.own,
            tuple(call.closed() for call in self.calls),
            self.continued,
        )


def call_tree(journey: Journey) -> tuple[Call, ...]:
    """The calls of a journey that nobody in it made: one, or several where it went on with another stack.

    Args:
        journey: With its steps in order, as they happened.
    """
    roots: list[_Open] = []
    stack: list[_Open] = []
    before: Step | None = None
    for index, step in enumerate(journey.steps):
        came_back = before is not None and (step.depth < before.depth or step.crossing.startswith("return"))
        while stack and stack[-1].step.depth > step.depth:
            stack.pop()
        top = stack[-1] if stack else None
        before = step
        if top is not None and came_back and _same(top.step, step):
            top.own += step.instructions
            continue
        if top is not None and top.step.depth == step.depth:
            stack.pop()  # it jumped there instead of calling it
        if stack and stack[-1].step.depth != step.depth - 1:
            stack.clear()  # another stack
        made = _Open(index, step, continued=not stack and index > 0 and not _enters(step), own=step.instructions)
        (stack[-1].calls if stack else roots).append(made)
        stack.append(made)
    return tuple(root.closed() for root in roots)


def widest(calls: Sequence[Call], most: int, opened: Collection[int] = ()) -> dict[int, bool]:
    """The calls to draw: those that took most instructions, and of opened ones everything that they called.

    Args:
        calls: As ``call_tree`` gives them.
        most: About so many; those whose parents are not drawn are never drawn.
        opened: Steps with which calls begin that are opened.

    Returns:
        First step of each call to draw -> whether something that it called is not drawn.
    """
    order = count()
    waiting = [(-call.total, next(order), call) for call in calls]
    heapq.heapify(waiting)
    drawn: dict[int, Call] = {}
    while waiting and len(drawn) < most:
        _, _, call = heapq.heappop(waiting)
        drawn[call.step] = call
        for inner in call.calls:
            heapq.heappush(waiting, (-inner.total, next(order), inner))
    for call in (each for root in calls for each in root.walk()):
        if call.step in drawn and call.step in opened:
            drawn.update((inner.step, inner) for inner in call.calls)
    return {step: any(inner.step not in drawn for inner in call.calls) for step, call in sorted(drawn.items())}


def _same(one: Step, other: Step) -> bool:
    return (one.function, one.owner, one.ring) == (other.function, other.owner, other.ring)


def _enters(step: Step) -> bool:
    return bool(step.crossing) and not step.crossing.startswith("return")


def outline(journey: Journey, most: int = 30) -> str:
    """The calls of a journey that took most instructions, a line each, indented by their depth.

    Args:
        journey: What to outline.
        most: About so many lines.
    """
    tree = call_tree(journey)
    drawn = widest(tree, most)
    found = [call for root in tree for call in root.walk() if call.step in drawn]
    least = min((call.depth for call in found), default=0)
    names = [f"{'  ' * (call.depth - least)}{call.function}{' ...' if drawn[call.step] else ''}" for call in found]
    width = max(map(len, names), default=0)
    return "\n".join(
        f"{call.total:>8,}  {name:<{width}}  {call.owner}".rstrip() for call, name in zip(found, names, strict=True)
    )
