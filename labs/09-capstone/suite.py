"""The protocol's test suite: what a tally must do, as tests that anybody may run and read.

As a program, from the top of the course:

    .venv/bin/python labs/09-capstone/suite.py                    your service as a process of this host
    .venv/bin/python labs/09-capstone/suite.py --on unikernel     and as a unikernel

Each test gets a port of this host that leads to a tally, and a source of random choices. It raises ``Failed`` with what
was seen and where to look. ``PARTS`` has them in the order in which to get them right; ``run`` runs a part.
"""

from __future__ import annotations

import argparse
import random
import socket
import string
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

#: Seconds that an answer may take: far longer than any should.
PATIENCE = 5.0
#: Seconds between two pieces, so that they come one after the other, and not as one.
PAUSE = 0.1
LONGEST_LINE, LONGEST_KEY, LONGEST_VALUE = 80, 32, 4096
CONNECTIONS = 64
KEYS = 100
#: Answers that a client leaves unread: 12 MB, more than a Linux keeps on the way.
UNREAD = 3000
READY = "tally: listening"

Test = Callable[[int, random.Random], None]


class Failed(Exception):
    """A tally did something else than the protocol says."""


class Client:
    """One connection.

    Args:
        port: Of this host.
        room: Bytes that this host keeps of answers which nobody has read yet; as many as it likes unless given.
    """

    def __init__(self, port: int, room: int = 0) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE)
        if room:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        try:
            self.socket.connect(("127.0.0.1", port))
        except OSError as error:
            raise Failed(f"the service takes no connection: {error}") from error
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def send(self, data: bytes) -> None:
        """Send bytes."""
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Failed(f"the service ended the connection while {_shown(data)} was sent: {error}") from error

    def read(self, length: int, after: bytes = b"") -> bytes:
        """Exactly so many bytes of an answer."""
        while len(self._rest) < length:
            self._more(after)
        taken, self._rest = self._rest[:length], self._rest[length:]
        return taken

    def line(self, after: bytes = b"") -> bytes:
        """The next line of an answer, with its end."""
        while b"\n" not in self._rest:
            self._more(after)
        taken, _, self._rest = self._rest.partition(b"\n")
        return taken + b"\n"

    def _more(self, after: bytes) -> None:
        behind = f" to {_shown(after)}" if after else ""
        try:
            data = self.socket.recv(65536)
        except TimeoutError as error:
            got = f"; so far it was {_shown(self._rest)}" if self._rest else ""
            raise Failed(f"no whole answer{behind} came within {PATIENCE:g} s{got}") from error
        except OSError as error:
            raise Failed(f"the connection broke before the answer{behind}: {error}") from error
        if not data:
            raise Failed(f"the service ended the connection before its answer{behind}")
        self._rest += data

    def ask(self, request: bytes, answer: bytes, why: str = "") -> None:
        """Send a request, and see that it gets this answer."""
        self.send(request)
        self.expect(answer, request, why)

    def expect(self, answer: bytes, request: bytes, why: str = "") -> None:
        """See that the next answer is this."""
        try:
            got = self.line(request)
            if answer.startswith(got):
                got += self.read(len(answer) - len(got), request)
        except Failed as failure:
            raise Failed(f"{failure}. {why}" if why else str(failure)) from failure
        if got != answer:
            raise Failed(_differs(request, answer, got, why))

    def refused(self, request: bytes, why: str) -> None:
        """Send a request, and see that the answer begins with ERROR and is one line."""
        self.send(request)
        got = self.line(request)
        if not got.startswith(b"ERROR ") or len(got) < len(b"ERROR x\n"):
            raise Failed(
                f"to {_shown(request)} the answer must be a line that begins with ERROR, and was {_shown(got)}. {why}"
            )

    def ended(self, after: bytes) -> None:
        """See that the service ends the connection, and says nothing more."""
        try:
            data = self._rest or self.socket.recv(1)
        except TimeoutError as error:
            raise Failed(f"after {_shown(after)} the service must end the connection, and it is still open") from error
        except ConnectionResetError:
            return
        if data:
            raise Failed(f"after {_shown(after)} the service must end the connection, and it went on: {_shown(data)}")

    def close(self) -> None:
        """End it."""
        self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _shown(data: bytes) -> str:
    text = repr(data)[1:]
    return text if len(text) <= 60 else f"{text[:50]}... ({len(data)} bytes)"


def _differs(request: bytes, wanted: bytes, got: bytes, why: str) -> str:
    return f"to {_shown(request)} the answer must be {_shown(wanted)}, and was {_shown(got)}. {why}".rstrip()


def key(draw: random.Random, length: int = 0) -> bytes:
    """A key that no other test uses, but by an unlikely chance."""
    letters = string.ascii_lowercase + string.digits
    return "".join(draw.choices(letters, k=length or draw.randint(8, 16))).encode()


def put(name: bytes, value: bytes) -> bytes:
    """The request that sets a value."""
    return b"SET %s %d\n%s" % (name, len(value), value)


def pieces(data: bytes, draw: random.Random, count: int) -> list[bytes]:
    """Bytes, cut into so many pieces anywhere."""
    cuts = [0, *sorted(draw.sample(range(1, len(data)), count - 1)), len(data)]
    return [data[start:end] for start, end in pairwise(cuts)]


def value_of(value: bytes) -> bytes:
    """The answer that carries one."""
    return b"VALUE %d\n%s" % (len(value), value)


# ---- SET, GET and ADD -------------------------------------------------------------


def test_a_value_comes_back(port: int, draw: random.Random) -> None:
    """What was set is what is got, also the second time, and also when it was set anew."""
    name = key(draw)
    with Client(port) as client:
        client.ask(b"GET %s\n" % name, b"NONE\n", "Nobody has set it.")
        for text in (b"first", b"the second", b""):
            client.ask(put(name, text), b"OK\n")
            for _ in range(2):
                client.ask(b"GET %s\n" % name, value_of(text))


def test_counters_count(port: int, draw: random.Random) -> None:
    """A counter begins at 0, goes up and down, and is a value like any other."""
    name, total = key(draw), 0
    with Client(port) as client:
        for _ in range(6):
            step = draw.randint(-999, 999)
            total += step
            client.ask(b"ADD %s %d\n" % (name, step), b"NUMBER %d\n" % total)
        client.ask(b"GET %s\n" % name, value_of(b"%d" % total), "A counter is kept as its digits.")
        client.ask(put(name, b"40"), b"OK\n")
        client.ask(b"ADD %s 2\n" % name, b"NUMBER 42\n", "What was set as digits can be added to.")


def test_everybody_sees_the_same(port: int, draw: random.Random) -> None:
    """What one client sets, another gets, and the next as well."""
    name, text = key(draw), key(draw)
    with Client(port) as one:
        one.ask(put(name, text), b"OK\n")
        with Client(port) as other:
            other.ask(b"GET %s\n" % name, value_of(text), "Another connection has set it: values belong to all.")
    with Client(port) as later:
        later.ask(b"GET %s\n" % name, value_of(text), "The connection that set it has ended; the value stays.")


def test_quit_ends_one_connection(port: int, draw: random.Random) -> None:
    """QUIT is answered, and ends that connection, not the service."""
    with Client(port) as client:
        client.ask(b"QUIT\n", b"BYE\n")
        client.ended(b"QUIT\n")
    with Client(port) as client:
        client.ask(b"GET %s\n" % key(draw), b"NONE\n", "QUIT ends a connection, not the service.")


def test_many_keys(port: int, draw: random.Random) -> None:
    """There is room for a hundred keys of the greatest length."""
    names = [key(draw, LONGEST_KEY) for _ in range(KEYS)]
    with Client(port) as client:
        for number, name in enumerate(names):
            client.ask(put(name, b"%d" % number), b"OK\n", f"It is key {number + 1} of {KEYS}.")
        for number, name in enumerate(names):
            client.ask(b"GET %s\n" % name, value_of(b"%d" % number), f"It is key {number + 1} of {KEYS}.")


# ---- bytes as they come -------------------------------------------------------------


def test_any_bytes(port: int, draw: random.Random) -> None:
    """A value may hold every byte there is, line ends and zeros too, and 4,096 of them."""
    name = key(draw)
    with Client(port) as client:
        for text in (b"a\0b", b"two\nlines\n", draw.randbytes(LONGEST_VALUE)):
            client.ask(put(name, text), b"OK\n", "A value is as many bytes as its length says, whatever they are.")
            client.ask(b"GET %s\n" % name, value_of(text), "A value is bytes, not a C string and not a line.")


def test_in_pieces(port: int, draw: random.Random) -> None:
    """A request may come in pieces, cut anywhere: TCP keeps the order, and nothing else."""
    name, text = key(draw), key(draw)
    with Client(port) as client:
        for request, answer in ((put(name, text), b"OK\n"), (b"GET %s\n" % name, value_of(text))):
            for piece in pieces(request, draw, 3):
                client.send(piece)
                time.sleep(PAUSE)
            client.expect(answer, request, "It came in three pieces: read until a request is whole.")


def test_in_a_row(port: int, draw: random.Random) -> None:
    """Requests may come without waiting for answers; these come in the same order."""
    name = key(draw)
    requests = [put(name, b"0")] + [b"ADD %s 1\n" % name] * 40 + [b"GET %s\n" % name]
    answers = [b"OK\n"] + [b"NUMBER %d\n" % (i + 1) for i in range(40)] + [value_of(b"40")]
    with Client(port) as client:
        client.send(b"".join(requests))
        for number, (request, answer) in enumerate(zip(requests, answers, strict=True)):
            why = f"It is number {number + 1} of {len(requests)} that were sent at once: one read may bring several."
            client.expect(answer, request, why)


def test_across_reads(port: int, draw: random.Random) -> None:
    """Two requests in three pieces, cut anywhere."""
    name, text = key(draw), draw.randbytes(1500)
    both = put(name, text) + b"GET %s\n" % name
    with Client(port) as client:
        for piece in pieces(both, draw, 3):
            client.send(piece)
            time.sleep(PAUSE)
        client.expect(b"OK\n", both, "Two requests came in three pieces.")
        client.expect(value_of(text), both, "Two requests came in three pieces.")


# ---- what is wrong is answered --------------------------------------------------------


def test_wrong_requests(port: int, draw: random.Random) -> None:
    """Each gets an ERROR, and the connection goes on."""
    name = key(draw)
    wrong = [
        (b"\n", "An empty line is no request."),
        (b"FROB %s\n" % name, "There is no such request."),
        (b"GET\n", "There is no key."),
        (b"GET %s twice\n" % name, "There is a word too many."),
        (b"get %s\n" % name, "Requests are in capitals."),
        (b"GET  %s\n" % name, "One space is between words."),
        (b"GET Capital\n", "A key has small letters and digits only."),
        (b"GET %s\n" % key(draw, LONGEST_KEY + 1), f"A key has at most {LONGEST_KEY} characters."),
        (b"ADD %s many\n" % name, "That is no number."),
        (b"ADD %s -\n" % name, "That is no number."),
        (b"ADD %s 1234567890\n" % name, "A number has at most nine digits."),
        (b"SET %s -1\n" % name, "A length is not negative."),
        (b"SET %s x\n" % name, "That is no length."),
    ]
    with Client(port) as client:
        for request, why in wrong:
            client.refused(request, why)
        client.ask(b"GET %s\n" % name, b"NONE\n", "After wrong requests the connection goes on.")


def test_a_word_is_no_number(port: int, draw: random.Random) -> None:
    """What was set to something else than digits cannot be added to, and stays what it was."""
    name = key(draw)
    with Client(port) as client:
        for text in (b"word", b"", b"-", b"12 apples", b" 7", b"7\n", b"0x10", b"5\0", b"1" * 19):
            client.ask(put(name, text), b"OK\n")
            client.refused(b"ADD %s 1\n" % name, f"Its value is {_shown(text)}, which is no number of 1 to 18 digits.")
            client.ask(b"GET %s\n" % name, value_of(text), "A refused ADD changes nothing.")


def test_a_bad_key_with_a_value(port: int, draw: random.Random) -> None:
    """The value behind a bad key is read, and dropped."""
    with Client(port) as client:
        client.refused(put(b"Bad-Key", b"QUIT\n"), "The key is bad.")
        why = "The value behind a bad key is still a value: read it, and drop it."
        client.ask(b"GET %s\n" % key(draw), b"NONE\n", why)


def test_too_much(port: int, draw: random.Random) -> None:
    """A line or a value that is too long gets an ERROR, and the connection's end."""
    for request in (b"GET " + b"x" * LONGEST_LINE, b"SET %s %d\n" % (key(draw), LONGEST_VALUE + 1)):
        with Client(port) as client:
            client.refused(request, "It is longer than may be.")
            client.ended(request)


# ---- nobody waits for anybody ------------------------------------------------------------


def test_a_silent_client(port: int, draw: random.Random) -> None:
    """A client that says nothing, and one that stops in the middle, keep nobody waiting."""
    name = key(draw)
    with Client(port) as silent, Client(port) as half, Client(port) as other:
        half.send(b"SET %s 10\nhal" % name)
        other.ask(b"GET %s\n" % name, b"NONE\n", "Two other clients are silent: that is no reason to wait.")
        half.ask(b"f of it", b"OK\n")
        silent.ask(b"GET %s\n" % name, value_of(b"half of it"))


def test_many_clients(port: int, draw: random.Random) -> None:
    """64 connections at once, each in its turn."""
    name = key(draw)
    clients: list[Client] = []
    try:
        for number in range(CONNECTIONS):
            clients.append(Client(port))
            why = f"{number + 1} connections are open; there must be room for {CONNECTIONS}."
            clients[-1].ask(b"ADD %s 1\n" % name, b"NUMBER %d\n" % (number + 1), why)
        for number, client in enumerate(draw.sample(clients, CONNECTIONS)):
            client.ask(b"ADD %s 1\n" % name, b"NUMBER %d\n" % (CONNECTIONS + number + 1))
    finally:
        for client in clients:
            client.close()


def test_clients_that_go_away(port: int, draw: random.Random) -> None:
    """Clients that leave in the middle, or without waiting for their answers, harm nobody."""
    name = key(draw)
    for _ in range(40):  # whether an answer meets a closed door is a matter of chance
        with Client(port) as client:
            client.send(b"SET %s 100\nonly a part" % name)
        with Client(port) as client:
            client.ask(put(name, b"x" * LONGEST_VALUE), b"OK\n")
            client.send(b"GET %s\n" % name * 50)
    with Client(port) as client:
        client.ask(
            b"GET %s\n" % name, value_of(b"x" * LONGEST_VALUE), "Clients went away before they had their answers."
        )


def test_a_client_that_does_not_read(port: int, draw: random.Random) -> None:
    """A client asks for megabytes and reads nothing. Others are answered meanwhile, and in the end so is it."""
    name, text = key(draw), draw.randbytes(LONGEST_VALUE)
    request = b"GET %s\n" % name
    with Client(port, room=LONGEST_VALUE) as slow, Client(port) as other:
        slow.ask(put(name, text), b"OK\n")
        slow.socket.settimeout(2)
        sent = 0
        try:
            while sent < UNREAD * len(request):
                sent += slow.socket.send((request * UNREAD)[sent : sent + 512])
        except TimeoutError:
            pass  # the service reads no more of it, as it should: somewhere there is an end
        except OSError as error:
            raise Failed(f"a client that did not read its answers yet was cut off: {error}") from error
        slow.socket.settimeout(PATIENCE)
        why = "Another client does not read its answers: nobody else should wait for it."
        for _ in range(8):  # for as long as it takes until nothing more fits on the way
            other.ask(request, value_of(text), why)
            time.sleep(PAUSE * 2)
        for _ in range(sent // len(request)):
            slow.expect(value_of(text), request, "It read late, and should have all of its answers.")


PARTS: dict[str, Sequence[Test]] = {
    "SET, GET and ADD": (
        test_a_value_comes_back,
        test_counters_count,
        test_everybody_sees_the_same,
        test_quit_ends_one_connection,
        test_many_keys,
    ),
    "bytes as they come": (test_any_bytes, test_in_pieces, test_in_a_row, test_across_reads),
    "what is wrong is answered": (
        test_wrong_requests,
        test_a_word_is_no_number,
        test_a_bad_key_with_a_value,
        test_too_much,
    ),
    "nobody waits for anybody": (
        test_a_silent_client,
        test_many_clients,
        test_clients_that_go_away,
        test_a_client_that_does_not_read,
    ),
}


def run(port: int, tests: Sequence[Test], seed: int) -> str:
    """Run tests one after another.

    Args:
        port: Of this host, that leads to a tally.
        tests: Which.
        seed: Chooses keys and values.

    Returns:
        What the first that failed has seen; empty if none did.
    """
    for test in tests:
        try:
            test(port, random.Random(f"{seed} {test.__name__}"))
        except Failed as failure:
            return str(failure)
    return ""


def main() -> int:
    """Run everything against the service of this folder."""
    # Imported here: the suite itself needs nothing but Python.
    from unilab.errors import CourseError  # noqa: PLC0415
    from unilab.measure.service import serve  # noqa: PLC0415

    sys.path.insert(0, str(Path(__file__).parent))
    from measure import tally  # noqa: PLC0415

    parser = argparse.ArgumentParser(description="Run the protocol's test suite against your service.")
    parser.add_argument("--on", default="process", choices=["process", "container", "linux", "unikernel"])
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 16))
    options = parser.parse_args()
    failed = 0
    try:
        with serve(tally(Path(__file__).parent / "service.c"), options.on) as server:
            for name, tests in PARTS.items():
                complaint = run(server.port, tests, options.seed)
                print(f"{'✗' if complaint else '✓'} {name}" + (f"\n    {complaint}" if complaint else ""))
                failed += bool(complaint)
    except CourseError as error:
        print(error)
        return 1
    print(f"as a {options.on}, with --seed {options.seed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
