"""Packets captured, packets lost, a power cut, and what a client of a guest's server hears."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from unilab.errors import CourseError, MachineError
from unilab.machines import Forward, UserNetwork, start
from unilab.machines.capture import capture
from unilab.machines.disk_image import make_disk, read_disk
from unilab.machines.lossy_wire import lossy_wire
from unilab.machines.power_cut import PowerCut, fetch_all, store_until_power_cut
from unilab.machines.web import ask
from unilab.measure.programs import of_course
from unilab.spaces.packets import Packet, conversation
from unilab.toolchain import Image, build

_WEB = UserNetwork((Forward(0, 80),))


@pytest.fixture(scope="module")
def httpd() -> Image:
    return build(of_course("httpd.c"))


def test_a_capture_has_what_a_client_saw(httpd: Image) -> None:
    with start(httpd, network=_WEB) as machine:
        ask(machine, "/status")
        with capture(machine) as seen:
            first = ask(machine, "/status")
            answer = seen.wait_for(lambda packet: packet.text == "HTTP/1.1 200 OK")
            assert answer.outgoing and answer.checksums_right
        ask(machine, "/status")
        texts = [packet.text for packet in seen.packets if packet.text]
    assert texts == ["GET /status HTTP/1.1", "HTTP/1.1 200 OK"], "before and after, nothing is captured"
    assert (first.status, first.type) == (200, "application/json") and '"requests": 2' in first.text


def test_a_packet_that_never_comes_is_not_waited_for_forever(httpd: Image) -> None:
    with start(httpd, network=_WEB) as machine, capture(machine) as seen:
        ask(machine, "/status")
        with pytest.raises(MachineError, match=r"has not come in 0.2 seconds(.|\n)*SYN ACK"):
            seen.wait_for(lambda packet: packet.text == "HTTP/1.1 418", timeout=0.2)


@pytest.mark.parametrize("lose", ["SYN ACK", "answer", "request"])
def test_what_is_lost_is_sent_again(httpd: Image, lose: str) -> None:
    lost: list[Packet] = []

    def once(packet: Packet) -> bool:
        named = packet.text.split("/")[0].strip() or " ".join(packet.flags)
        if {"HTTP": "answer", "GET": "request"}.get(named, named) != lose or lost:
            return False
        lost.append(packet)
        return True

    with start(httpd, network=_WEB) as machine:
        ask(machine, "/status")
        with lossy_wire(machine, once) as wire:
            assert ask(machine, "/status").status == 200
        told = conversation(wire.packets, 80)
        assert ask(machine, "/status").status == 200, "without the wire, everything goes straight again"
    assert len(lost) == 1
    (gone,) = [packet for packet in told if packet.lost]
    again = [p for p in told if p.number > gone.number and p.outgoing is gone.outgoing and p.flags == gone.flags]
    assert again and (again[0].sequence, again[0].length) == (gone.sequence, gone.length)


def test_a_wire_that_loses_everything(httpd: Image) -> None:
    with start(httpd, network=_WEB) as machine:
        ask(machine, "/status")
        with (
            lossy_wire(machine, lambda packet: packet.outgoing) as wire,
            pytest.raises(MachineError, match="no answer"),
        ):
            ask(machine, "/status", patience=0.5)
        assert any(packet.lost for packet in wire.packets)
        assert not any(packet.lost for packet in wire.packets if not packet.outgoing)


def test_without_a_network_there_is_nothing_to_watch(httpd: Image) -> None:
    with start(httpd) as machine:
        with pytest.raises(CourseError, match="only a guest with a network"), capture(machine):
            pass
        with pytest.raises(CourseError, match="only a guest with a network"), lossy_wire(machine, bool):
            pass


def test_a_guest_that_ends_while_it_is_watched(httpd: Image) -> None:
    with start(httpd, network=_WEB) as machine, capture(machine) as seen, lossy_wire(machine, lambda _: False):
        ask(machine, "/status")
        machine.quit()
    assert any(packet.text.startswith("GET") for packet in seen.packets)


def test_a_server_that_ends_is_said_to(tmp_path: Path) -> None:
    (tmp_path / "brief.c").write_text('#include <stdio.h>\nint main(void) { puts("bye"); }\n')
    with start(tmp_path / "brief.c", network=_WEB) as machine, pytest.raises(CourseError):
        ask(machine, "/")


def test_a_checksum_broken_in_an_overlay_is_seen(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    folder.mkdir()
    text = (Path(__file__).resolve().parents[2] / "libos" / "net" / "tcp_output.c").read_text()
    old = "header->checksum = checksum_fold("
    assert text.count(old) == 1
    (folder / "tcp_output.c").write_text(text.replace(old, "header->checksum = 1 ^ checksum_fold("))
    with start(of_course("httpd.c"), network=_WEB, overlay=tmp_path) as machine, capture(machine) as seen:
        machine.console.wait_for("serving", 60)
        with socket.create_connection(("127.0.0.1", machine.host_port(80))):
            answer = seen.wait_for(lambda packet: packet.flags == ("SYN", "ACK"))
    assert not answer.checksums_right


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_power_cut_keeps_every_promise(tmp_path: Path, seed: int) -> None:
    store, disk = build(of_course("kv.c"), services=["disk"]), make_disk(tmp_path / "disk", 1 << 20)
    cut = store_until_power_cut(store, disk, puts=12, seed=seed)
    found = {key: value for key, value in read_disk(disk).items() if not key.startswith(".")}
    assert cut.acknowledged and cut.explains(found)
    assert fetch_all(store, disk) == found


def test_a_lost_promise_would_be_noticed() -> None:
    cut = PowerCut({"a": b"1", "b": b"2"}, ("a", b"3"), answered=False)
    assert cut.explains({"a": b"1", "b": b"2"}) and cut.explains({"a": b"3", "b": b"2"})
    assert not cut.explains({"a": b"1"}) and not cut.explains({"a": b"13", "b": b"2"})
    assert not cut.explains({"a": b"1", "b": b"2", "c": b""})
