from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.errors import LayoutError
from unilab.machines import observation
from unilab.spaces import recording
from unilab.spaces.model import AddressSpace, Privilege, Region, Source, Translation

_TEXT = st.text(max_size=12)
_REGIONS = st.builds(
    Region,
    start=st.integers(0, 2**63),
    end=st.integers(2**63 + 1, 2**64),
    permissions=st.sampled_from(["r-x", "rw-", "---"]),
    privilege=st.sampled_from(Privilege),
    owner=_TEXT,
    kind=_TEXT,
    label=_TEXT,
    backing=_TEXT,
    page_size=st.sampled_from([4096, 1 << 21]),
)
_SPACES = st.builds(
    AddressSpace,
    name=_TEXT,
    regions=st.lists(_REGIONS, max_size=4).map(tuple),
    translation=st.builds(
        Translation,
        scheme=_TEXT,
        root=st.none() | st.integers(0, 2**52),
        table_pages=st.none() | st.integers(0, 1000),
    ),
    address_bits=st.sampled_from([47, 48, 57]),
)


@given(_SPACES)
def test_what_is_written_is_read_again_and_says_that_it_is_recorded(space: AddressSpace) -> None:
    text = recording.dumps({"space": recording.to_json(space)})
    read = recording.from_json(json.loads(text)["space"], origin="here, once")
    assert read == replace(space, source=Source.RECORDED, origin="here, once")


@pytest.mark.parametrize("data", [None, [], {}, {"name": "x"}, {"regions": [[1]]}])
def test_anything_else_is_refused(data: object) -> None:
    with pytest.raises(LayoutError, match="no recorded address space"):
        recording.from_json(data, origin="")


def test_every_recording_ships_and_names_no_path_of_the_host() -> None:
    files = {path.name: path for path in observation.RECORDINGS.glob("*.json")}
    assert set(files) == {f"{program[:-2]}.{on}.json" for program, on in observation.RECORDED}
    for file in files.values():
        seen = observation.load(file)
        assert seen.source is Source.RECORDED and "recorded 20" in seen.space.origin
        assert seen.result.exit_status == 0 and seen.result.console == "hello, world\n"
        assert "/home/" not in file.read_text() and "cache" not in file.read_text()
