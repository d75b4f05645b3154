"""The address spaces of a domain and of Xen, against what QEMU's processor says and against the image."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tests.machines.conftest import LONG
from tests.machines.marks import OF_PROGRAM, OF_SYSTEM, check
from unilab import machines
from unilab.machines.xen_guest import XenGuest
from unilab.spaces.model import AddressSpace, Privilege, Region, Source
from unilab.spaces.xen import XEN

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="Xen comes through apt-get")

_HELLO = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "hello.c"
_XEN_START, _XEN_END = 0xFFFF_8000_0000_0000, 0xFFFF_8800_0000_0000


@pytest.fixture(scope="module")
def stopped() -> Iterator[XenGuest]:
    """A domain about to end."""
    with machines.start(_HELLO, "xen", stop_at="exit", deadline=LONG) as running:
        assert isinstance(running, XenGuest)
        yield running


@pytest.fixture(scope="module")
def spaces(stopped: XenGuest) -> tuple[AddressSpace, ...]:
    return stopped.address_spaces()


def _physical(region: Region) -> int:
    found = re.match(r"physical 0x([0-9a-f]+)", region.backing)
    assert found is not None
    return int(found[1], 16)


def test_there_are_two_the_domains_first(spaces: tuple[AddressSpace, ...]) -> None:
    domain, xen = spaces
    assert [domain.name, xen.name] == ["hello as a domain of Xen", "Xen"]
    assert {space.source for space in spaces} == {Source.LIVE}
    assert domain.translation.root != xen.translation.root


def test_xens_part_is_out_of_the_domains_reach(spaces: tuple[AddressSpace, ...]) -> None:
    domain, xen = spaces
    theirs = [r for r in domain.regions if _XEN_START <= r.start < _XEN_END]
    assert {r.owner for r in theirs} == {XEN}
    assert {r.label for r in theirs if r.privilege is Privilege.USER} == {"machine-to-physical table"}
    assert not any("w" in r.permissions for r in theirs if r.privilege is Privilege.USER)
    labels = {r.label for r in theirs}
    assert {"Xen's text", "Xen's data", "direct map of all memory", "frame table"} <= labels
    # Xen is mapped alike in both.
    for label in ("Xen's text", "direct map of all memory"):
        assert [r for r in xen.regions if r.label == label] == [r for r in theirs if r.label == label]
    assert {r.privilege for r in xen.regions if r.label != "machine-to-physical table"} == {Privilege.KERNEL}
    assert {r.label for r in xen.regions if r.start < _XEN_START} <= {"trampoline for processors that start"}


def test_the_domain_has_the_rights_that_the_image_asks_for(spaces: tuple[AddressSpace, ...]) -> None:
    ours = [r for r in spaces[0].regions if r.owner != XEN and r.start < _XEN_START]
    assert not any("w" in r.permissions and "x" in r.permissions for r in ours)
    assert {r.permissions for r in ours if r.kind == "text"} == {"r-x"}
    assert {r.label for r in ours if r.permissions == "---"} >= {"null page", "boot stack guard", "trap stack guard"}
    assert {r.privilege for r in ours if r.permissions != "---"} == {Privilege.USER}
    tables = [r for r in spaces[0].regions if r.kind == "page tables" and r.owner == "library OS"]
    assert {r.permissions for r in tables} == {"r--"}


def test_addresses_are_the_machines(stopped: XenGuest, spaces: tuple[AddressSpace, ...]) -> None:
    """The text's bytes are where the page tables say, in the machine's memory."""
    with stopped.image.debug.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".text")
        start, data = section["sh_addr"], section.data()
    region = spaces[0].at(start)
    assert region is not None
    length = min(region.end, start + len(data)) - start
    assert stopped.memory(_physical(region) + start - region.start, length) == data[:length]


def test_the_walk_agrees_with_the_processor(stopped: XenGuest, spaces: tuple[AddressSpace, ...]) -> None:
    def translated(address: int) -> int | None:
        answer = stopped._tell("human-monitor-command", **{"command-line": f"gva2gpa {address:#x}"})
        found = re.search(r"gpa: (?:0x)?([0-9a-f]+)", answer)
        return int(found[1], 16) if found else None

    mapped = [r for r in spaces[0].regions if r.permissions != "---"]
    assert len(mapped) > 50
    assert [r for r in mapped if translated(r.start) != _physical(r)] == []
    assert [r for r in spaces[0].regions if r.permissions == "---" and translated(r.start) is not None] == []


def test_it_runs_on(stopped: XenGuest) -> None:
    stopped.resume()
    assert stopped.wait().exit_status == 0
    assert stopped.console.text == "hello, world\n"


def test_what_is_followed_through_all_architectures_is_code_without_privilege(spaces: tuple[AddressSpace, ...]) -> None:
    check(spaces[0], [*OF_PROGRAM, *OF_SYSTEM], in_kernel=[])
