"""The debugger's protocol, with a thread in the place of QEMU's stub."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping

import pytest

from unilab.errors import MachineError
from unilab.machines.gdbstub import DebugStub


class FakeStub:
    """Answers each packet as told, a byte at a time; closes on the first that it has no answer to."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.ours, self._theirs = socket.socketpair()
        self.asked: list[str] = []
        self._answers = answers
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def join(self) -> None:
        self._thread.join(60)

    def _serve(self) -> None:
        with self._theirs:
            said = b""
            while data := self._theirs.recv(4096):
                said += data
                while b"#" in said and len(said.partition(b"#")[2]) >= 2:
                    head, _, tail = said.partition(b"#")
                    packet, said = head.rpartition(b"$")[2], tail[2:]
                    assert int(tail[:2], 16) == sum(packet) % 256
                    self.asked.append(packet.decode())
                    if packet.decode() not in self._answers:
                        return
                    answer = self._answers[packet.decode()].encode()
                    for byte in b"+$" + answer + f"#{sum(answer) % 256:02x}".encode():
                        self._theirs.sendall(bytes([byte]))


@pytest.fixture
def stubs() -> Iterator[list[FakeStub]]:
    made: list[FakeStub] = []
    yield made
    for stub in made:
        stub.ours.close()
        stub.join()


def _registers(rip: int) -> str:
    return bytes(16 * 8).hex() + rip.to_bytes(8, "little").hex() + bytes(7 * 4).hex()


def test_the_guest_is_stopped_at_an_address_and_let_go(stubs: list[FakeStub]) -> None:
    answers = {"Z1,101000,1": "OK", "c": "T05thread:01;", "z1,101000,1": "OK", "g": _registers(0xFFF0), "D": "OK"}
    stubs.append(FakeStub(answers))
    debugger = DebugStub(stubs[0].ours)
    assert debugger.run_to(0x101000)
    assert debugger.attached
    debugger.resume()
    assert not debugger.attached
    debugger.close()
    stubs[0].join()
    assert stubs[0].asked == ["g", "Z1,101000,1", "c", "z1,101000,1", "D"]


def test_standing_at_the_address_it_steps_off_before_it_runs(stubs: list[FakeStub]) -> None:
    answers = {"Z1,101000,1": "OK", "c": "T05", "z1,101000,1": "OK", "s": "T05", "g": _registers(0x101000)}
    stubs.append(FakeStub(answers))
    # This guest's registers stay as they are: the step has led back to where it stood, which is where it was to stop.
    assert DebugStub(stubs[0].ours).run_to(0x101000)
    assert stubs[0].asked == ["g", "s", "g"]


def test_a_processor_that_is_halted_is_stepped_with_interrupts_and_not_for_ever(stubs: list[FakeStub]) -> None:
    answers = {"Qqemu.sstep=1": "OK", "Qqemu.sstep=7": "OK", "s": "T05thread:01;"}
    stubs.append(FakeStub(answers))
    assert DebugStub(stubs[0].ours).step(interrupts=True, patience=60)
    assert stubs[0].asked == ["Qqemu.sstep=1", "s", "Qqemu.sstep=7"]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"+$T02#b6")  # the answer to the interrupt, which is taken
        debugger = DebugStub(ours)
        assert debugger.step(patience=60)
        with pytest.raises(TimeoutError):
            silent = threading.Timer(0.3, theirs.sendall, (b"$T02#b6",))
            silent.start()
            debugger.step(patience=0.05)
        silent.join()


def test_one_of_several_addresses_is_enough(stubs: list[FakeStub]) -> None:
    places = {"1000", "2000"}
    answers = {f"{what}1,{place},1": "OK" for what in "Zz" for place in places}
    stubs.append(FakeStub(answers | {"c": "T05", "g": _registers(0)}))
    assert DebugStub(stubs[0].ours).run_to(0x1000, 0x2000)
    assert stubs[0].asked == ["g", "Z1,1000,1", "Z1,2000,1", "c", "z1,2000,1", "z1,1000,1"]


def test_memory_is_read_and_a_hole_in_it_is_an_error(stubs: list[FakeStub]) -> None:
    stubs.append(FakeStub({"m1000,3": "0a0bff", "m0,1": "E14"}))
    debugger = DebugStub(stubs[0].ours)
    assert debugger.memory(0x1000, 3) == b"\x0a\x0b\xff"
    with pytest.raises(MachineError, match="cannot read 1 bytes of the guest's memory at 0x0"):
        debugger.memory(0, 1)


def test_an_address_that_means_something_else_there_is_passed(stubs: list[FakeStub]) -> None:
    answers = {"g": _registers(0), "Z1,101000,1": "OK", "c": "T05thread:01;", "z1,101000,1": "OK"}
    stubs.append(FakeStub(answers))
    wanted = iter([False, True])
    assert DebugStub(stubs[0].ours).run_to_when(0x101000, lambda: next(wanted))
    assert stubs[0].asked == ["g", "Z1,101000,1", "c", "z1,101000,1"] * 2


def test_a_guest_that_ends_first_is_told_apart(stubs: list[FakeStub]) -> None:
    stubs.append(FakeStub({"g": _registers(0), "Z1,101000,1": "OK"}))
    assert not DebugStub(stubs[0].ours).run_to(0x101000)
    stubs.append(FakeStub({"g": _registers(0), "Z1,101000,1": "OK", "c": "W00", "z1,101000,1": "OK"}))
    assert not DebugStub(stubs[1].ours).run_to(0x101000)


def test_a_stub_that_is_gone_from_the_beginning(stubs: list[FakeStub]) -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        debugger = DebugStub(ours)
        assert not debugger.run_to(0x101000)
        assert not debugger.step()
        assert debugger.rip() is None
        debugger.resume()


def test_a_stub_that_refuses_is_an_error(stubs: list[FakeStub]) -> None:
    stubs.append(FakeStub({"g": _registers(0), "Z1,101000,1": "E22", "z1,101000,1": "OK"}))
    with pytest.raises(MachineError, match="cannot stop the guest at 0x101000: it answers E22"):
        DebugStub(stubs[0].ours).run_to(0x101000)
