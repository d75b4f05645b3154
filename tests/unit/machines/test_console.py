from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from unilab.machines.console import Console


def chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[low:high] for low, high in pairwise(edges)]


@given(st.text(), st.lists(st.integers(0, 1000)))
def test_text_is_whole_wherever_the_bytes_were_cut(text: str, cuts: list[int]) -> None:
    heard: list[str] = []
    console = Console(listener=heard.append)
    for piece in chunks(text.encode(), cuts):
        console.feed(piece)
    console.feed(b"", last=True)
    assert console.text == str(console) == "".join(heard) == text
    assert console.received == len(text.encode())


def test_half_a_character_at_the_end_is_shown_as_broken() -> None:
    console = Console()
    console.feed("é".encode()[:1])
    assert console.text == ""
    console.feed(b"", last=True)
    assert console.text == "\N{REPLACEMENT CHARACTER}"


@given(st.text(), st.text(), st.integers(0, 30))
def test_the_tail_is_the_end_of_the_text(one: str, other: str, length: int) -> None:
    console = Console()
    console.feed(one.encode())
    console.feed(other.encode())
    assert console.tail(length) == ((one + other)[-length:] if length else "")


def test_waiting_for_what_is_there_already() -> None:
    console = Console()
    console.feed(b"one two")
    assert console.wait_for("two", 0)


def test_waiting_is_over_when_the_text_comes_however_it_is_cut() -> None:
    console = Console()
    begun = threading.Event()
    found: list[bool] = []

    def wait() -> None:
        begun.set()
        found.append(console.wait_for("needle", 60))

    waiter = threading.Thread(target=wait)
    waiter.start()
    begun.wait()
    for piece in (b"hay nee", b"", b"d", b"le hay"):
        console.feed(piece)
        assert console.text  # reading joins the pieces, and must not make the waiter miss one
    waiter.join(60)
    assert found == [True]


class Stepping(threading.Condition):
    """A condition whose waiter looks after every piece that is fed, and never misses one."""

    def __init__(self, console: Console, pieces: list[str]) -> None:
        super().__init__(console._lock)
        self._feed, self._pieces = console.feed, pieces

    def wait_for(self, predicate: Callable[[], bool], timeout: float | None = None) -> bool:
        for piece in self._pieces:
            if predicate():
                return True
            self._feed(piece.encode())
        return predicate()


@given(st.lists(st.text("ab", max_size=3), max_size=8), st.text("ab", min_size=1, max_size=4))
def test_waiting_finds_exactly_what_is_in_the_text(pieces: list[str], needle: str) -> None:
    console = Console()
    console._changed = Stepping(console, pieces)
    assert console.wait_for(needle, 60) == (needle in "".join(pieces))


def test_waiting_is_over_when_the_machine_has_ended() -> None:
    console = Console()
    console.feed(b"something else", last=True)
    assert not console.wait_for("needle", 60)


def test_waiting_is_over_when_the_time_is() -> None:
    console = Console()
    begin = time.monotonic()
    assert not console.wait_for("needle", 0.05)
    assert time.monotonic() - begin >= 0.05


def test_waiting_through_much_output_takes_no_more_than_the_output_does() -> None:
    """Were each new piece searched together with all before it, this would take minutes."""
    console = Console()
    waiter = threading.Thread(target=console.wait_for, args=("never printed", 600))
    waiter.start()
    for _ in range(20_000):
        console.feed(b"x" * 1000)
    console.feed(b"", last=True)
    waiter.join(60)
    assert not waiter.is_alive()


def test_a_listener_that_raises_is_not_called_again_and_what_it_raised_is_kept() -> None:
    heard: list[str] = []

    def listener(text: str) -> None:
        heard.append(text)
        raise ValueError("no more")

    console = Console(listener=listener)
    for piece in (b"one ", b"two"):
        console.feed(piece)
    assert heard == ["one "]
    assert console.text == "one two"
    assert str(console.listener_error) == "no more"


def test_what_people_read_is_made_piece_by_piece() -> None:
    console = Console(translate=lambda text, last: text.upper() + ("." if last else ""))
    console.feed(b"one")
    console.feed(b"", last=True)
    assert console.text == "ONE."
