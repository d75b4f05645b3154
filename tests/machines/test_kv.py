"""The key-value store of the course, as a process and as a unikernel with a disk."""

from __future__ import annotations

import os
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from unilab.machines import Disk, Machine, UserNetwork, start
from unilab.machines.disk_image import make_disk, read_disk
from unilab.machines.network import Forward
from unilab.machines.power_cut import store_until_power_cut
from unilab.toolchain import Image, build

_KV = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "kv.c"
_PORT = 8080
_SOAK = "UNILAB_SOAK" in os.environ
#: A value that lies in its directory's block, one that takes a block, one that takes several, and the largest.
_SIZES = (0, 200, 4000, 20_000, 65_536)


class Client:
    """One connection. A request goes out in one piece."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._answers = self._socket.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._socket.close()

    def send(self, method: str, key: str, body: bytes = b"") -> None:
        head = f"{method} /{key} HTTP/1.1\r\nHost: kv\r\nContent-Length: {len(body)}\r\n\r\n"
        self._socket.sendall(head.encode() + body)

    def answer(self) -> tuple[int, bytes]:
        """The status and the body; ConnectionError if there is no whole answer."""
        status, length = self._answers.readline(), 0
        while (line := self._answers.readline()) not in {b"\r\n", b""}:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = self._answers.read(length)
        if line != b"\r\n" or len(body) != length:
            raise ConnectionError
        return int(status.split()[1]), body

    def ask(self, method: str, key: str, body: bytes = b"") -> tuple[int, bytes]:
        self.send(method, key, body)
        return self.answer()


@pytest.fixture(scope="module")
def kv() -> Image:
    return build(_KV, services=["disk"])


@contextmanager
def _listening(program: Path | Image, on: str = "unikernel", **options: object) -> Iterator[Machine]:
    """The store, once it has said that it listens."""
    said = threading.Event()
    machine = start(program, on, on_output=lambda text: said.set() if "\n" in text else None, **options)  # type: ignore[arg-type]
    with machine:
        assert said.wait(30), machine.console.text
        yield machine


@contextmanager
def _on_disk(image: Image, disk: Path | Disk, machine: str = "microvm") -> Iterator[tuple[Machine, int]]:
    network = UserNetwork((Forward(0, _PORT),))
    with _listening(image, disks=[disk], network=network, machine=machine) as running:
        yield running, running.host_port(_PORT)


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def _conversation(client: Client) -> list[tuple[int, bytes]]:
    """Everything that the store can be asked, some of it wrongly."""
    answers = [client.ask("GET", "nothing"), client.ask("GET", ""), client.ask("DELETE", "nothing")]
    for size in _SIZES:
        answers.append(client.ask("PUT", f"of-{size}", bytes(i * 7 % 251 for i in range(size))))
    answers += [client.ask("GET", f"of-{size}") for size in _SIZES]
    answers += [client.ask("PUT", "of-200", b"another"), client.ask("GET", "of-200"), client.ask("GET", "")]
    answers += [client.ask("DELETE", "of-4000"), client.ask("GET", "of-4000"), client.ask("GET", "")]
    return [*answers, client.ask("POST", "key"), client.ask("PUT", ".hidden", b"x")]


@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_it_answers_as_a_process_does(kv: Image, tmp_path: Path, machine: str) -> None:
    (tmp_path / "folder").mkdir()
    port = _free_port()
    with _listening(_KV, "process", args=[str(port), str(tmp_path / "folder")]), Client(port) as client:
        expected = _conversation(client)
    disk = make_disk(tmp_path / "disk", 1 << 20)
    with _on_disk(kv, disk, machine) as (_, port), Client(port) as client:
        answers = _conversation(client)
    assert answers == expected
    assert [status for status, _ in answers] == [404, 200, 404, *[200] * 13, 200, 404, 200, 405, 400]
    assert read_disk(disk) == {path.name: path.read_bytes() for path in (tmp_path / "folder").iterdir()}


def test_what_a_disk_brings_is_found_and_kept(kv: Image, tmp_path: Path) -> None:
    disk = make_disk(tmp_path / "disk", 1 << 20, {"made": b"on the host"})
    with _on_disk(kv, disk) as (_, port), Client(port) as client:
        assert client.ask("GET", "made") == (200, b"on the host")
        assert client.ask("PUT", "stored", b"in the guest")[0] == 200
    with _on_disk(kv, disk) as (_, port), Client(port) as client:
        assert client.ask("GET", "stored") == (200, b"in the guest")
        assert client.ask("GET", "") == (200, b"made\nstored\n")


def test_a_full_disk_is_an_answer_and_no_loss(kv: Image, tmp_path: Path) -> None:
    disk = make_disk(tmp_path / "disk", 1 << 18)
    value = bytes(range(256)) * 64
    with _on_disk(kv, disk) as (_, port), Client(port) as client:
        stored = 0
        while client.ask("PUT", f"{stored}", value)[0] == 200:
            stored += 1
        assert stored >= 10
        assert client.ask("PUT", "full", value) == (507, b"No space left on device\n")
        assert all(client.ask("GET", f"{i}") == (200, value) for i in range(stored))
        assert client.ask("DELETE", "0")[0] == 200
        assert client.ask("DELETE", "1")[0] == 200
        assert client.ask("PUT", "again", value)[0] == 200
    files = read_disk(disk)
    assert files["again"] == value
    assert all(files[f"{i}"] == value for i in range(2, stored))


def test_a_read_only_disk_is_read(kv: Image, tmp_path: Path) -> None:
    disk = make_disk(tmp_path / "disk", 1 << 18, {"key": b"value"})
    before = disk.read_bytes()
    with _on_disk(kv, Disk(disk, read_only=True)) as (_, port), Client(port) as client:
        assert client.ask("GET", "key") == (200, b"value")
        assert client.ask("PUT", "key", b"other") == (507, b"Read-only file system\n")
        assert client.ask("DELETE", "key")[0] == 404
        assert client.ask("GET", "key") == (200, b"value")
    assert disk.read_bytes() == before


def test_power_cuts_lose_nothing_that_was_acknowledged(kv: Image, tmp_path: Path) -> None:
    cuts = 300 if _SOAK else 15
    chance = random.Random(20)
    disk = make_disk(tmp_path / "disk", 1 << 20)
    stored: dict[str, bytes] = {}
    for number in range(cuts):
        cut = store_until_power_cut(
            kv, disk, puts=chance.randrange(1, 25), seed=chance.randrange(1 << 30), sizes=(0, 1, 300, 600, 5000, 30_000)
        )
        found = {name: data for name, data in read_disk(disk).items() if not name.startswith(".")}
        assert cut.explains(found, stored), f"cut {number}: {cut}"
        stored = found
    assert len(stored) >= 6
