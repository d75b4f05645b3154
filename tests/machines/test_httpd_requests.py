"""Requests that the fuzzing of httpd.c (tests/host/http_fuzz) made, asked of httpd as a process and as a unikernel on
both machines: the answers must be the same, byte for byte. All that may differ is what /status counts.

With UNILAB_SOAK=1 there are 200,000 requests in all.
"""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.building import HERE, build
from tests.machines.test_httpd import LONG, SOAK, WAYS, serving

#: One request in so many of those that were tried, beside those that were kept.
_EVERY = 29 if SOAK else 100
#: Longer ones come in several segments, and what httpd answers may depend on when each comes.
_ONE_SEGMENT = 1400
#: QEMU keeps a connection that this end closes first, and its buffers, for a minute: a new one for each thousand.
_EACH = 1000
_COUNTS = (
    (re.compile(rb"(application/json\r\nContent-Length: )\d+"), rb"\1N"),
    (re.compile(rb'("requests": |"connections": |"uptime_ms": )\d+'), rb"\1N"),
)


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    target = tmp_path_factory.mktemp("http_fuzz")
    program = build(HERE / "http_fuzz", target, target)
    subprocess.run([str(program), "1", "requests", str(_EVERY)], cwd=target, check=True, capture_output=True)
    found = [request for request in _read(target / "requests") if len(request) <= _ONE_SEGMENT]
    return found[: 200_000 // len(WAYS) + 1] if SOAK else found


def _read(path: Path) -> Iterator[bytes]:
    data, at = path.read_bytes(), 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "little")
        yield data[at + 4 : end]
        at = end


def _ask(port: int, request: bytes) -> bytes:
    """All that comes back until the server ends the connection, with what /status counts made even."""
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", port), LONG) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        while data := connection.recv(1 << 16):
            answer += data
    even = bytes(answer)
    for pattern, instead in _COUNTS:
        even = pattern.sub(instead, even)
    return even


def test_a_process_and_unikernels_answer_alike(requests: list[bytes]) -> None:
    assert len(requests) > 100
    seen = set()
    for part in _parts(requests):
        answers = {}
        for way in WAYS:
            with serving(way) as server:
                answers[way] = [_ask(server.port, request) for request in part]
        for request, *different in zip(part, *answers.values(), strict=True):
            assert len(set(different)) == 1, (request, dict(zip(WAYS, different, strict=True)))
            seen.update(re.findall(rb"HTTP/1\.1 (\d+)", different[0]))
    # They are not all wrong in the same way.
    assert seen >= {b"200", b"400", b"404", b"405", b"413", b"505"}


def _parts(requests: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(requests), _EACH):
        yield requests[start : start + _EACH]
