"""Requests followed between the wire and the wire, and calls that wait for a disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from unilab.errors import CourseError, MachineError, Unavailable
from unilab.machines.disk_image import make_disk
from unilab.machines.journey import journey
from unilab.machines.request_journey import RECORDED, load, request_journey
from unilab.measure.programs import of_course
from unilab.spaces.exchange import CLOSE, CONNECT, REQUEST, Exchange
from unilab.spaces.journey import Journey, Ring
from unilab.spaces.model import Source
from unilab.toolchain import Image, build

_SITE = of_course("httpd.c").parent / "www"


@pytest.fixture(scope="module")
def httpd() -> Image:
    return build(of_course("httpd.c"))


@pytest.fixture(scope="module")
def whole(httpd: Image) -> Exchange:
    return request_journey(httpd, files=_SITE, whole=True)


@pytest.fixture(scope="module")
def linux() -> Exchange:
    return request_journey(of_course("httpd.c"), "linux", files=_SITE)


def _in_order(names: Iterable[str], seen: Journey) -> bool:
    steps = iter(step.function for step in seen.steps)
    return all(name in steps for name in names)


def test_a_request_goes_up_to_main_and_its_answer_down_again(whole: Exchange) -> None:
    up = ["idle", "libos_interrupt_stubs", "work_run", "receive", "libos_ipv4_input", "libos_tcp_input"]
    over = ["libos_tcp_take_text", "libos_wake_thread", "libos_context_switch", "libos_sys_epoll_wait", "main"]
    serves = ["libos_sys_recvfrom", "libos_sys_open", "contents_read", "libos_sys_sendto"]
    down = ["libos_tcp_send", "libos_ipv4_send", "libos_ethernet_send", "libos_virtio_publish", "notify"]
    assert _in_order([*up, *over, *serves, *down], whole.journey)
    assert whole.journey.steps[-1].function == "notify"
    assert whole.journey.crossings == 0
    assert {step.ring for step in whole.journey.steps} == {Ring.KERNEL}
    assert {step.owner for step in whole.journey.steps} == {"library OS", "program", "C library"}


def test_the_packets_are_those_of_one_connection(whole: Exchange) -> None:
    assert [stretch.named for stretch in whole.stretches] == [CONNECT, REQUEST, CLOSE]
    first, second, third = whole.packets[:3]
    assert first.flags == ("SYN",) and second.flags == ("SYN", "ACK") and third.flags == ("ACK",)
    assert [packet.number for packet in whole.packets] == list(range(1, len(whole.packets) + 1))
    by_number = {packet.number: packet for packet in whole.packets}
    for stretch in whole.stretches:
        assert not by_number[stretch.arrives].outgoing and by_number[stretch.leaves].outgoing
        assert stretch.arrives < stretch.leaves
    asked = next(s for s in whole.stretches if s.named == REQUEST)
    assert by_number[asked.arrives].text == "GET / HTTP/1.1"
    assert by_number[asked.leaves].text == "HTTP/1.1 200 OK"
    assert by_number[asked.leaves].length >= len(_SITE.joinpath("index.html").read_bytes())
    assert all(packet.checksums_right for packet in whole.packets)
    assert whole.answer.endswith(_SITE.joinpath("index.html").read_bytes())


def test_a_thread_goes_on_where_it_waited(whole: Exchange) -> None:
    """Its depths are those of its own stack: main is below everything that it calls afterwards."""
    steps = whole.journey.steps
    main = next(i for i, step in enumerate(steps) if step.function == "main")
    assert all(step.depth > steps[main].depth for step in steps[main:] if step.function != "main")
    back = [step.depth for step in steps[:main] if step.function == "libos_sys_epoll_wait"]
    assert back and all(depth > steps[main].depth for depth in back)


def test_a_404_takes_another_way(httpd: Image) -> None:
    seen = request_journey(httpd, path="/nothing", files=_SITE)
    assert seen.answer.startswith(b"HTTP/1.1 404")
    assert "respond_error" in {step.function for step in seen.journey.steps}
    assert "contents_read" not in {step.function for step in seen.journey.steps}


def test_linux_does_the_same_with_crossings(linux: Exchange, whole: Exchange) -> None:
    way = ["irq_entries_start", "vring_interrupt", "virtnet_poll", "tcp_v4_rcv", "main", "tcp_recvmsg", "vfs_read"]
    assert _in_order([*way, "tcp_sendmsg", "dev_hard_start_xmit", "start_xmit"], linux.journey)
    # It returns from epoll_wait, and sends in the end; between, it receives, opens, asks for the size, reads, closes.
    assert linux.journey.counted("system call") == 6
    assert linux.journey.counted("return from system call") == 6
    assert linux.journey.instructions > 2 * whole.journey.instructions
    assert linux.answer == whole.answer


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"on": "process"}, "no request can be followed on 'process'"),
        ({"machine": "pdp11"}, "there is no machine 'pdp11'"),
        ({"path": "status"}, "'status' is no path"),
        ({"path": "/a b"}, "is no path"),
    ],
)
def test_bad_input(options: dict[str, str], says: str) -> None:
    with pytest.raises(CourseError, match=re.escape(says)) as caught:
        request_journey(of_course("httpd.c"), **options)  # type: ignore[arg-type]
    assert caught.value.remedy


def test_a_program_that_is_no_server(tmp_path: Path) -> None:
    (tmp_path / "brief.c").write_text('#include <stdio.h>\nint main(void) { puts("no server"); }\n')
    with pytest.raises(MachineError, match="the server does not answer"):
        request_journey(tmp_path / "brief.c")


def test_a_recording_is_shown_where_it_cannot_run(httpd: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNILAB_QEMU", "no-such-qemu")
    recorded = request_journey(httpd, files=_SITE)
    assert recorded.journey.source is Source.RECORDED and recorded.packets
    with pytest.raises(Unavailable):
        request_journey(httpd, files=_SITE, whole=True)
    with pytest.raises(Unavailable):
        request_journey(httpd, path="/status")


def test_recordings_are_of_what_is_there(whole: Exchange) -> None:
    for program, on in RECORDED:
        recorded = load(Path(program).stem, on)
        assert recorded is not None and recorded.journey.architecture == on
        assert recorded.answer == whole.answer
        assert not re.search(r"/(home|root|tmp|work)/", str(recorded) + recorded.journey.method)


_READER = r"""
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
static char byte;
__attribute__((noinline)) long first_byte(int file) { return read(file, &byte, 1); }
int main(int argc, char **argv) { return first_byte(open(argv[argc - 1], O_RDONLY)) == 1 ? putchar(byte) & 0 : 1; }
"""


@pytest.fixture
def reader(tmp_path: Path) -> Path:
    (tmp_path / "reader.c").write_text(_READER)
    return tmp_path / "reader.c"


Follow = Callable[..., Journey]


def test_a_byte_of_a_file_in_memory(reader: Path) -> None:
    seen = journey(reader, call="first_byte", until="return", args=["motd"], files={"motd": "text"})
    assert _in_order(["libos_sys_read", "libos_file_read", "contents_read", "memcpy"], seen)
    assert "idle" not in {step.function for step in seen.steps}


def test_a_byte_of_a_disk_is_waited_for(reader: Path, tmp_path: Path) -> None:
    disk = make_disk(tmp_path / "disk", 1 << 20, {"motd": b"text" * 1000})
    seen = journey(reader, call="first_byte", until="return", args=["/data/motd"], disks=[disk])
    way = ["libos_sys_read", "node_read", "libos_lfs_file_read", "libos_block_cache_read", "libos_virtqueue_add"]
    meanwhile = ["libos_wait_on", "libos_context_switch", "idle", "libos_wake_thread"]
    assert _in_order([*way, *meanwhile, "libos_context_switch", "request", "libos_lfs_file_read", "main"], seen)
    # Before the thread waits, if the disk was quick.
    assert "libos_interrupt_stubs" in {step.function for step in seen.steps}
    assert seen.crossings == 0 and seen.steps[-1].function == "main"
    assert seen.steps[0].depth == seen.steps[-1].depth == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"on": "linux", "disks": ["disk"]}, "only a unikernel is followed with files or disks"),
        ({"on": "process", "files": {"a": "b"}}, "only a unikernel is followed with files or disks"),
        ({"disks": ["disk"]}, "with disks, a call is followed to its end"),
    ],
)
def test_files_and_disks_where_they_make_no_sense(reader: Path, options: dict[str, object], says: str) -> None:
    with pytest.raises(CourseError, match=re.escape(says)):
        journey(reader, call="first_byte", **options)  # type: ignore[arg-type]
