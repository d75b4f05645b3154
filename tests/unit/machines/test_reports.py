"""The first process's line, with the test in the place of the guest."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from unilab.errors import CourseError, MachineError
from unilab.machines.reports import Patience, Reports, Silence

LONG = Patience(cpu=1e9, wall=120)


class Guest:
    def __init__(self) -> None:
        ours, self.end = socket.socketpair()
        self.cpu = 0.0
        self.reports = Reports(ours, lambda: self.cpu)


@pytest.fixture
def guest() -> Iterator[Guest]:
    made = Guest()
    with made.end:
        yield made
    made.reports.close()


def test_lines_come_whole_however_they_are_cut(guest: Guest) -> None:
    guest.end.sendall(b"started 7\r\nen")
    assert guest.reports.wait_for("started", "failed", patience=LONG) == "started 7"
    assert guest.reports.lines() == ["started 7"]
    guest.end.sendall(b"ded 3\n")
    assert guest.reports.lines() == ["started 7", "ended 3"]


def test_an_answer_is_taken_by_its_length_whatever_is_in_it(guest: Guest) -> None:
    output = bytes(range(256)) * 300 + b"\nended 1\noutput 3\n"

    def answer() -> None:
        assert guest.end.recv(100) == b"cat /file\n"
        guest.end.sendall(b"output %d\n" % len(output))
        for i in range(0, len(output), 1000):
            guest.end.sendall(output[i : i + 1000])
        guest.end.sendall(b"ended 0\n")
        assert guest.end.recv(100) == b"cat /empty\n"
        guest.end.sendall(b"output 0\n")

    thread = threading.Thread(target=answer)
    thread.start()
    assert guest.reports.ask("cat /file", patience=LONG) == output
    assert guest.reports.ask("cat /empty", patience=LONG) == b""
    thread.join()
    assert guest.reports.lines() == ["ended 0"]


@pytest.mark.parametrize(
    ("said", "message"),
    [(b"refused No such file\n", "the guest refused: No such file"), (b"ended 0\n", "has ended"), (b"", "has ended")],
)
def test_what_is_no_answer_is_an_error(guest: Guest, said: bytes, message: str) -> None:
    def answer() -> None:
        guest.end.recv(100)
        guest.end.sendall(said)
        if not said:
            guest.end.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(MachineError, match=message):
        guest.reports.ask("cat /file", patience=LONG)
    thread.join()


def test_a_request_is_one_line(guest: Guest) -> None:
    for request in ("sh a\nb", "cat a\0b"):
        with pytest.raises(CourseError, match="one line"):
            guest.reports.ask(request, patience=LONG)


def test_a_guest_that_spins_is_silent_by_its_processor_time(guest: Guest) -> None:
    def spin() -> float:
        guest.cpu += 3.0
        return guest.cpu

    guest.reports._cpu_seconds = spin
    with pytest.raises(Silence):
        guest.reports.wait_for("started", patience=Patience(cpu=5, wall=1e9))


def test_a_guest_that_sleeps_is_silent_by_the_clock(guest: Guest) -> None:
    with pytest.raises(Silence):
        guest.reports.wait_for("started", patience=Patience(cpu=1e9, wall=0))


def test_its_end_is_the_end_of_waiting_and_what_it_said_is_kept(guest: Guest) -> None:
    guest.end.sendall(b"panic: no init\n")
    guest.end.shutdown(socket.SHUT_RDWR)
    assert guest.reports.wait_for("started", patience=LONG) is None
    guest.reports.close()
    assert guest.reports.lines() == ["panic: no init"]
    assert guest.reports.wait_for("panic", patience=LONG) == "panic: no init"
    assert guest.reports.wait_for("started", patience=LONG) is None
