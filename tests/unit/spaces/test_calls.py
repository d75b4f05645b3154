"""Journeys as trees of calls."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unilab.spaces.calls import call_tree, outline, widest
from unilab.spaces.journey import Journey, Ring, Step


def journey(*steps: tuple[str, int, int] | tuple[str, int, int, str]) -> Journey:
    """Of steps: function, depth, instructions, and what led there."""
    made = tuple(Step(s[0], "o", Ring.KERNEL, s[1], s[2], s[3] if len(s) > 3 else "") for s in steps)
    return Journey("a way", "unikernel", made, "by hand")


NESTED = journey(("main", 0, 1), ("read", 1, 2), ("copy", 2, 30), ("read", 1, 3), ("main", 0, 1), ("read", 1, 5))


def test_a_call_holds_what_it_called() -> None:
    (main,) = call_tree(NESTED)
    assert (main.function, main.own, main.total, main.inside) == ("main", 2, 42, 3)
    first, second = main.calls
    assert (first.own, first.total, [c.function for c in first.calls]) == (5, 35, ["copy"])
    assert (second.step, second.own, second.calls) == (5, 5, ())


def test_two_calls_of_one_function_in_a_row_are_two() -> None:
    (main,) = call_tree(journey(("main", 0, 1), ("f", 1, 1), ("main", 0, 0), ("f", 1, 1)))
    assert [call.function for call in main.calls] == ["f", "f"]


def test_a_function_that_was_jumped_to_takes_the_place() -> None:
    (main,) = call_tree(journey(("main", 0, 1), ("front", 1, 1), ("back", 1, 4), ("main", 0, 1)))
    assert [(call.function, call.total) for call in main.calls] == [("front", 1), ("back", 4)]


def test_another_stack_is_another_tree() -> None:
    """As after a switch: a deep stack whose bottom nobody has seen, and back up it goes."""
    idle, schedule, wait, main = call_tree(
        journey(("idle", 0, 1), ("switch", 1, 1), ("schedule", 5, 2), ("wait", 4, 3), ("main", 0, 4), ("send", 1, 9))
    )
    assert [call.function for call in idle.calls] == ["switch"]
    assert schedule.continued and wait.continued and main.continued
    assert [call.function for call in main.calls] == ["send"] and main.total == 13


def test_the_first_is_not_continued_nor_is_what_an_interrupt_enters() -> None:
    first, second = call_tree(journey(("main", 3, 1), ("handler", 0, 1, "interrupt")))
    assert not first.continued and not second.continued


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4), st.integers(0, 9)), max_size=40))
def test_no_instruction_is_lost_whatever_the_steps(steps: list[tuple[str, int, int]]) -> None:
    made = journey(*steps)
    tree = call_tree(made)
    assert sum(call.total for call in tree) == made.instructions
    order = [call.step for root in tree for call in root.walk()]
    assert order == sorted(order)


@given(st.integers(1, 12))
def test_what_is_drawn_has_its_parents_drawn(most: int) -> None:
    tree = call_tree(NESTED)
    drawn = widest(tree, most)
    assert len(drawn) == min(most, 4)
    parents = {inner.step: call.step for root in tree for call in root.walk() for inner in call.calls}
    assert all(step not in parents or parents[step] in drawn for step in drawn)


def test_the_widest_are_drawn_and_what_was_opened() -> None:
    tree = call_tree(NESTED)
    assert widest(tree, 2) == {0: True, 1: True}
    assert widest(tree, 2, opened={0}) == {0: False, 1: True, 5: False}
    assert widest(tree, 2, opened={5}) == widest(tree, 2)


def test_an_outline_is_indented_and_says_where_more_is() -> None:
    lines = outline(NESTED, most=2).splitlines()
    assert [line.split()[:3] for line in lines] == [["42", "main", "..."], ["35", "read", "..."]]
    assert lines[1].index("read") == lines[0].index("main") + 2
    assert "..." not in outline(NESTED)
