"""Disks, initrds, networks and entropy: what QEMU is told of them, and what people get wrong."""

from __future__ import annotations

import os
import re
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from unilab import machines
from unilab.errors import CourseError, MachineError, StartFailed
from unilab.machines import Disk, Forward, Machine, RawNetwork, UserNetwork
from unilab.machines.unikernel import least_memory
from unilab.toolchain import Image

Program = Callable[..., Image]
LONG = 120.0
each_machine = pytest.mark.parametrize("machine", ["microvm", "q35", "pc"])
#: Virtio 1.2, section "PCI Device Discovery"; the device numbers are those of section "Device Types".
_VENDOR, _FIRST_DEVICE = 0x1AF4, 0x1040
_NETWORK, _BLOCK, _ENTROPY = 1, 2, 4


def _image(folder: Path, size: int = 65536, name: str = "disk.img") -> Path:
    path = folder / name
    path.write_bytes(b"DISK".ljust(size, b"\0"))
    return path


def _ask(machine: Machine, command: str) -> str:
    return str(machine._monitor.hmp(command))  # type: ignore[attr-defined]


@each_machine
def test_devices_are_there_and_modern(machine: str, program: Program, tmp_path: Path) -> None:
    disks = [_image(tmp_path), Disk(_image(tmp_path, name="other.img"), read_only=True)]
    network = UserNetwork()
    with machines.start(program("endless"), machine=machine, disks=disks, network=network, entropy=True) as running:
        assert running.console.wait_for("running\n", LONG)
        if machine == "microvm":
            kinds = re.findall(r"dev: virtio-(\w+)-device", _ask(running, "info qtree"))
            assert kinds == ["blk", "blk", "net", "rng"]
            assert "force-legacy = false" in _ask(running, "info qtree")
            assert "force-legacy = true" not in _ask(running, "info qtree")
        else:
            found = re.findall(r"PCI device 1af4:10(\w\w)", _ask(running, "info pci"))
            assert [int(number, 16) + 0x1000 - _FIRST_DEVICE for number in found] == [
                _BLOCK,
                _BLOCK,
                _NETWORK,
                _ENTROPY,
            ]


@each_machine
def test_second_console_is_there(machine: str, program: Program) -> None:
    with machines.start(program("endless"), machine=machine, second_console=True) as running:
        assert running.console.wait_for("running\n", LONG)
        assert re.search(r"dev: virtconsole", _ask(running, "info qtree"))
    with machines.start(program("endless"), machine=machine) as other, pytest.raises(CourseError, match="one console"):
        _ = other.second_console


@each_machine
def test_a_machine_has_no_device_unless_asked(machine: str, program: Program) -> None:
    with machines.start(program("endless"), machine=machine) as running:
        assert running.console.wait_for("running\n", LONG)
        assert "virtio" not in " ".join(running.command)
        assert not re.search(r"dev: virtio-(?!mmio)", _ask(running, "info qtree"))


@each_machine
def test_disks_go_by_any_name(machine: str, program: Program, tmp_path: Path) -> None:
    folder = tmp_path / 'a folder, "so called", file=x'
    folder.mkdir()
    path = _image(folder, name="json:{a b,,c=d}\u00e9.img")
    twice = machines.start(program("endless"), machine=machine, disks=[path, Disk(path, True)])
    with twice, pytest.raises(StartFailed, match="lock"):  # QEMU lets nobody else at a disk that is written to
        twice.wait()
    with machines.start(program("endless"), machine=machine, disks=[path]) as running:
        assert running.console.wait_for("running\n", LONG)
        assert f"disk0: {path} (raw)" in _ask(running, "info block")


@each_machine
@pytest.mark.parametrize("size", [1, 4096, 700_001])
def test_an_initrd_is_in_memory_and_stays_there(machine: str, size: int, program: Program, tmp_path: Path) -> None:
    image = program("endless")
    path = tmp_path / "in, it=rd"
    path.write_bytes(os.urandom(size))
    least = least_memory(image, size)
    with pytest.raises(CourseError, match=r"too little for endless\.elf with its initrd"):
        machines.start(image, initrd=path, memory=least - 1)
    with machines.start(image, machine=machine, initrd=path, memory=least) as running:
        assert running.console.wait_for("running\n", LONG)
        assert path.read_bytes() in running.memory(0, least << 20)  # type: ignore[attr-defined]


@each_machine
def test_ports_are_forwarded_on_loopback_alone(machine: str, program: Program) -> None:
    network = UserNetwork((Forward(0, 80), Forward(0, 53, "udp")))
    with machines.start(program("endless"), machine=machine, network=network) as running:
        http, names = running.host_port(80), running.host_port(53, "udp")
        assert http > 0
        assert names > 0
        assert running.host_port(80) == http
        socket.create_connection(("127.0.0.1", http), LONG).close()
        listening = _ask(running, "info usernet")
        assert re.search(rf"TCP\[HOST_FORWARD\] +\d+ +127\.0\.0\.1 +{http} ", listening)
        assert re.search(rf"UDP\[HOST_FORWARD\] +\d+ +127\.0\.0\.1 +{names} ", listening)
        with pytest.raises(CourseError, match="no port of this host leads to tcp port 53 of the guest"):
            running.host_port(53)


def test_a_port_of_ones_choice(program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(CourseError, match=f"tcp port {port} of this host cannot be forwarded: .*in use") as caught:
            machines.start(program("endless"), network=UserNetwork((Forward(port, 80),)))
        assert caught.value.remedy is not None
    with machines.start(program("endless"), network=UserNetwork((Forward(port, 80),))) as running:
        assert running.host_port(80) == port
        assert running.console.wait_for("running\n", LONG)
        socket.create_connection(("127.0.0.1", port), LONG).close()


@each_machine
def test_a_cable_in_our_hand(machine: str, program: Program) -> None:
    with machines.start(program("endless"), machine=machine, network=RawNetwork()) as running:
        wire = running.wire
        wire.send(b"a frame" * 10)  # which nobody takes yet, nor has to
        with pytest.raises(TimeoutError, match="no frame has come"):
            wire.receive(0)
        running.quit()
        with pytest.raises(EOFError):
            wire.receive()
        with pytest.raises(MachineError, match="the wire is cut"):
            wire.send(b"a frame")
    ends = machines.start(program("hello"), machine=machine, network=RawNetwork())
    with ends, pytest.raises(EOFError, match="the machine has ended"):
        ends.wire.receive()


def test_frames_come_off_the_wire_one_by_one() -> None:
    ours, theirs = socket.socketpair()
    wire = machines.Wire(ours)
    frames = [bytes([n]) * length for n, length in enumerate((60, 1514, 0, 1, 70_000))]
    stream = b"".join(struct.pack(">I", len(frame)) + frame for frame in frames)
    for part in (stream[:2], stream[2:7], stream[7:]):
        theirs.sendall(part)
    assert [wire.receive(LONG) for _ in frames] == frames
    with pytest.raises(TimeoutError):
        wire.receive(0)
    wire.send(b"answer")
    assert theirs.recv(100) == b"\0\0\0\6answer"
    theirs.close()
    with pytest.raises(EOFError, match="the machine has ended"):
        wire.receive()
    wire.close()


def test_a_wire_that_is_closed_is_waited_on_no_longer() -> None:
    for _ in range(200):
        ours, theirs = socket.socketpair()
        wire, waits = machines.Wire(ours), threading.Event()
        ended: list[BaseException] = []

        def receive(wire: machines.Wire = wire, waits: threading.Event = waits) -> None:
            waits.set()
            try:
                wire.receive()
            except EOFError as error:
                ended.append(error)  # noqa: B023 - joined below, in the same round

        receiver = threading.Thread(target=receive, daemon=True)
        receiver.start()
        waits.wait(LONG)
        wire.close()
        receiver.join(LONG)
        theirs.close()
        assert ended, "it waits still, or has ended in another way"


def test_what_a_machine_without_a_network_is_asked(program: Program) -> None:
    for on in ("unikernel", "process"):
        with machines.start(program("endless", on)) as running:
            if on == "process":
                assert running.host_port(80) == 80, "it has the network of this host"
            else:
                with pytest.raises(CourseError, match="no port of this host leads to tcp port 80"):
                    running.host_port(80)
            with pytest.raises(CourseError, match="nobody holds this machine's cable"):
                _ = running.wire


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (Forward(-1, 80), "-1 is no port of this host"),
        (Forward(65536, 80), "65536 is no port of this host"),
        (Forward(0, 0), "0 is no port of a guest"),
        (Forward(0, 65536), "65536 is no port of a guest"),
        (Forward(0, 80, "sctp"), "'sctp' cannot be forwarded"),
    ],
)
def test_a_port_that_is_none(forward: Forward, message: str, program: Program) -> None:
    with pytest.raises(CourseError, match=re.escape(message)) as caught:
        machines.start(program("hello"), network=UserNetwork((forward,)))
    assert caught.value.remedy is not None


def test_one_port_of_the_host_for_two_of_the_guest(program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(CourseError, match="cannot lead to two ports of the guest"):
        machines.start(program("hello"), network=UserNetwork((Forward(port, 80), Forward(port, 81))))


@pytest.mark.parametrize("text", ["80", "80:", ":80", "a:b", "80:80:80", "80:80/sctp", "-1:80", "8080:80/TCP", ""])
def test_a_forward_that_does_not_parse(text: str) -> None:
    with pytest.raises(CourseError, match="forwards no port"):
        Forward.parse(text)


def test_a_forward_that_parses() -> None:
    assert Forward.parse("8080:80") == Forward(8080, 80, "tcp")
    assert Forward.parse("0:53/udp") == Forward(0, 53, "udp")


def test_a_file_that_cannot_be_a_disk(program: Program, tmp_path: Path) -> None:
    for size in (0, 1, 511, 513):
        with pytest.raises(CourseError, match=f"has {size} bytes, and a disk has one or more sectors of 512") as caught:
            machines.start(program("hello"), disks=[_image(tmp_path, 512), _cut(tmp_path, size)])
        assert caught.value.remedy is not None
    for what in ("disk", "initrd"):
        with pytest.raises(CourseError, match=rf"the {what} .*missing cannot be read: No such file"):
            _start_with(program, what, tmp_path / "missing")
        with pytest.raises(CourseError, match=rf"the {what} .* cannot be read: Is a directory"):
            _start_with(program, what, tmp_path)
        with pytest.raises(CourseError, match=rf"the {what} /dev/null is no file"):
            _start_with(program, what, Path("/dev/null"))
    with pytest.raises(CourseError, match=r"the initrd .* is empty"):
        _start_with(program, "initrd", _cut(tmp_path, 0))


def _cut(folder: Path, size: int) -> Path:
    path = folder / "cut"
    path.write_bytes(bytes(size))
    return path


def _start_with(program: Program, what: str, path: Path) -> None:
    if what == "disk":
        machines.start(program("hello"), disks=[path])
    else:
        machines.start(program("hello"), initrd=path)


def test_a_disk_that_may_only_be_read(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _image(tmp_path)
    allowed = os.access
    # Said, not done: root may write to every file.
    monkeypatch.setattr(os, "access", lambda at, mode: allowed(at, mode) and not (at == path and mode == os.W_OK))
    with pytest.raises(CourseError, match="may not be written to") as caught:
        machines.start(program("hello"), disks=[path])
    assert caught.value.remedy is not None
    assert machines.run(program("hello"), disks=[Disk(path, read_only=True)]).exit_status == 0


def test_more_devices_than_places(program: Program, tmp_path: Path) -> None:
    disks = [_image(tmp_path, 512, f"disk{i}") for i in range(8)]
    with pytest.raises(CourseError, match="has places for 8 devices, and this one would have 9"):
        machines.start(program("hello"), disks=disks, entropy=True)
    assert machines.run(program("hello"), disks=disks).exit_status == 0


@pytest.mark.parametrize(
    "option", [{"disks": ["x"]}, {"initrd": "x"}, {"network": UserNetwork()}, {"entropy": True}, {"cpu_without": ["x"]}]
)
def test_a_process_has_no_devices(option: dict[str, object], program: Program) -> None:
    with pytest.raises(CourseError, match="a process has the files, the network and the processor of this host"):
        machines.start(program("hello", "process"), **option)  # type: ignore[arg-type]


def test_a_processor_that_lacks_a_feature(program: Program) -> None:
    with machines.start(program("endless"), cpu_without=["rdrand", "rdseed"]) as running:
        assert running.console.wait_for("running\n", LONG)
        assert "max,la57=off,rdrand=off,rdseed=off" in running.command
    lacking = machines.start(program("endless"), cpu_without=["warp"])
    with lacking, pytest.raises(StartFailed, match="warp"):
        lacking.wait()


def test_observing_a_machine_with_devices(program: Program, tmp_path: Path) -> None:
    seen = machines.observe(program("hello"), disks=[_image(tmp_path)], network=UserNetwork(), entropy=True)
    assert seen.space.regions
