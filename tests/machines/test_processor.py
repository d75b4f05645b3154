"""A hypervisor as a loop: each exit comes back, and what the guest reads is what the loop replied."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable

import pytest

from unilab.errors import CourseError, DeadlineExceeded
from unilab.hypervisor import ENTRY, Access, Processor, Reason, guest, long_mode, probe, real_mode
from unilab.hypervisor.values import Stop

Make = Callable[..., Processor]


@pytest.fixture(params=["kvm", "emulated"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "kvm" and probe().name != "kvm":
        pytest.skip(probe().reason)

    def processor(name: str, mode: str = "long", deadline: float = 5.0) -> Processor:
        memory = mmap.mmap(-1, 2 << 20)
        code = guest(name)
        memory[ENTRY : ENTRY + len(code)] = code
        state = long_mode(memory) if mode == "long" else real_mode()
        return Processor(memory, state, backend=request.param, deadline=deadline)

    return processor


@pytest.mark.parametrize(("name", "mode", "bits"), [("hello16", "real", 16), ("hello64", "long", 64)])
def test_each_exit_comes_back(make: Make, name: str, mode: str, bits: int) -> None:
    text = ""
    with make(name, mode) as processor:
        while isinstance(left := processor.run(), Access):
            assert (left.reason, left.address, left.write) == (Reason.IO, 0x3F8, True)
            text += chr(left.value)
    assert text == f"hello from {bits} bits\n"
    assert left.reason is Reason.HLT


def test_a_read_gets_the_reply(make: Make) -> None:
    with make("device64") as processor:
        asked = processor.run()
        processor.reply = 41
        told, end = processor.run(), processor.run()
    assert asked == Access(Reason.MMIO, 0xFEB00000, 4, write=False)
    assert told == Access(Reason.MMIO, 0xFEB00004, 4, write=True, value=42)
    assert isinstance(end, Stop) and end.registers["rax"] == 42


def test_a_triple_fault_is_an_exit(make: Make) -> None:
    with make("fault64") as processor:
        assert processor.run().reason is Reason.SHUTDOWN
        with pytest.raises(CourseError, match="has ended"):
            processor.run()


def test_a_guest_that_never_exits_is_ended(make: Make) -> None:
    with make("endless64", deadline=0.3) as processor, pytest.raises(DeadlineExceeded, match=r"after 0\.3 seconds"):
        processor.run()


def test_one_that_is_left_in_the_middle_leaves_no_thread(make: Make) -> None:
    before = threading.active_count()
    with make("hello64") as processor:
        processor.run()
    assert threading.active_count() == before


def test_there_is_no_such_backend() -> None:
    with mmap.mmap(-1, 2 << 20) as memory, pytest.raises(CourseError, match="no backend 'xen'"):
        Processor(memory, real_mode(), backend="xen")
