"""A service under load: what is read of the load generator, and how the least memory is found."""

from __future__ import annotations

import pytest

from unilab.errors import MachineError
from unilab.machines.execution_log import Logged
from unilab.measure import request_cost, surface
from unilab.measure.least_memory import search
from unilab.measure.service import Listens, read_load
from unilab.spaces.executed import Place

SAID = "requests 500\nerrors 0\nns 500000000\nown_ns 100000000\np50 40000\np90 60000\np99 90000\nmost 4000000\n"


def test_a_load_is_read() -> None:
    load = read_load(SAID)
    assert (load.rate, load.requests, load.busy) == (1000, 500, 0.2)
    assert (load.p50, load.p99) == pytest.approx((40e-6, 90e-6))


@pytest.mark.parametrize("said", [SAID.replace("errors 0", "errors 3"), SAID.replace("requests 500", "requests 0")])
def test_a_load_with_errors_is_one(said: str) -> None:
    with pytest.raises(MachineError):
        read_load(said)


def test_a_word_that_comes_in_two_pieces_is_heard() -> None:
    listens = Listens("serving")
    listens("httpd: ser")
    assert not listens.wait(0)
    listens("ving www")
    assert listens.wait(0)


@pytest.mark.parametrize("least", [1, 2, 7, 16])
def test_the_least_is_found_in_few_trials(least: int) -> None:
    tried: list[int] = []

    def serves(memory: int) -> bool:
        tried.append(memory)
        return memory >= least * 8

    assert search(serves, 8, 128) == least * 8
    assert len(tried) <= 5 and 128 not in tried


def test_instructions_are_counted_by_whose_they_are() -> None:
    user, kernel = 3, 0
    log = [
        Logged(0x10, user),
        Logged(0x11, user),
        Logged(0x900, kernel),
        Logged(0x900, kernel, device=0xFEB00000),  # once more: it repeats itself, and counts once
        Logged(0x901, kernel),
        Logged(0x12, user),
    ]

    def place(address: int, level: int) -> Place:
        return Place(f"f{address >> 4}", "kernel" if level == kernel else "program")

    cost = request_cost.count(log, place, "linux", 1)
    assert dict(cost.instructions) == {"program": 3, "kernel": 2}
    assert (cost.functions, cost.crossings, cost.accesses) == (2, 2, 1)
    assert cost.each() == 5 and cost.each("kernel") == 2


def test_open_ports_are_those_at_which_somebody_listens() -> None:
    head = "  sl  local_address rem_address   st tx_queue\n"
    lines = "   0: 0100007F:1F90 00000000:0000 0A 0\n   1: 0100007F:C350 0100007F:1F90 01 0\n"
    assert surface._listening([head + lines, head]) == {0x1F90}


def test_programs_on_this_host_are_counted_once_each() -> None:
    assert len(surface._on_path()) > 5
