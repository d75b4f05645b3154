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


def test_the_guest_is_stopped_at_an_address_and_let_go(stubs: list[FakeStub]) -> None:
    stubs.append(FakeStub({"Z1,101000,1": "OK", "c": "T05thread:01;", "z1,101000,1": "OK"}))
    debugger = DebugStub(stubs[0].ours)
    assert debugger.run_to(0x101000)
    debugger.resume()
    stubs[0].join()
    assert stubs[0].asked == ["Z1,101000,1", "c", "z1,101000,1", "D"]


def test_a_guest_that_ends_first_is_told_apart(stubs: list[FakeStub]) -> None:
    stubs.append(FakeStub({"Z1,101000,1": "OK"}))
    assert not DebugStub(stubs[0].ours).run_to(0x101000)
    stubs.append(FakeStub({"Z1,101000,1": "OK", "c": "W00"}))
    assert not DebugStub(stubs[1].ours).run_to(0x101000)


def test_a_stub_that_is_gone_from_the_beginning(stubs: list[FakeStub]) -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        debugger = DebugStub(ours)
        assert not debugger.run_to(0x101000)
        debugger.resume()


def test_a_stub_that_refuses_is_an_error(stubs: list[FakeStub]) -> None:
    stubs.append(FakeStub({"Z1,101000,1": "E22"}))
    with pytest.raises(MachineError, match="cannot stop the guest at 0x101000: it answers E22"):
        DebugStub(stubs[0].ours).run_to(0x101000)
