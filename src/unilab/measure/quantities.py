"""What is compared of services, and how each of it is measured."""

from __future__ import annotations

from unilab.spaces.comparison import Quantity

#: Connections: enough to keep a server busy; few enough that requests seldom wait for one another.
BUSY, UNHURRIED = 8, 2

#: In the order in which they are shown.
QUANTITIES = (
    Quantity(
        "image",
        "image",
        "bytes",
        "less",
        False,
        "What one has to have to run it: the program's file; for the Linux "
        "guest, the kernel and the archive with first process, drivers and program.",
    ),
    Quantity(
        "boot",
        "start to first response",
        "s",
        "less",
        True,
        "From the start of the host's command to the end of the first answer.",
    ),
    Quantity(
        "memory",
        "least memory",
        "MiB",
        "less",
        False,
        "The least with which it answers, found by trying: RAM of a "
        "guest, address space of a process. What the host's kernel needs for a process is not in it.",
    ),
    Quantity(
        "held",
        "memory held",
        "MiB",
        "less",
        False,
        "What the host has given to it after the load: the resident set of the process, or of the whole QEMU.",
    ),
    Quantity(
        "rate",
        "requests a second",
        "requests/s",
        "more",
        True,
        f"load.c, {BUSY} connections that stay open, each asking again as soon as it is answered.",
    ),
    Quantity(
        "p50",
        "latency, median",
        "s",
        "less",
        True,
        f"load.c, {UNHURRIED} connections: from a request's first byte to "
        "its answer's last. Half of the requests took longer.",
    ),
    Quantity("p99", "latency, 99th percentile", "s", "less", True, "The same. One request in a hundred took longer."),
    Quantity(
        "instructions",
        "instructions a request",
        "instructions",
        "less",
        False,
        "Every instruction that the guest executes, by QEMU's log, over 8 requests on an open connection.",
    ),
    Quantity("functions", "functions a request", "functions", "less", False, "Different functions in that log."),
    Quantity(
        "crossings",
        "privilege changes a request",
        "crossings",
        "less",
        False,
        "Changes of the privilege level in that log: system calls and interrupts, and the ways back.",
    ),
    Quantity(
        "reach",
        "host's system calls in reach",
        "calls",
        "less",
        False,
        "How many of the host's system calls the program could make, each tried from inside.",
    ),
    Quantity(
        "code",
        "privileged code inside",
        "bytes",
        "less",
        False,
        "Bytes that may be executed at the guest's highest privilege level, by its own page tables.",
    ),
    Quantity(
        "programs", "programs on board", "programs", "less", False, "Programs that whoever is inside could start."
    ),
    Quantity("ports", "open TCP ports", "ports", "less", False, "Ports at which somebody listens in the same network."),
)
