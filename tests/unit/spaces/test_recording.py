from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.errors import LayoutError
from unilab.machines import boot_timeline, journey, recordings, request_journey
from unilab.machines.recordings import RECORDED
from unilab.machines.result import Result
from unilab.measure import comparison
from unilab.spaces import recording
from unilab.spaces.journey import Journey, Ring, Step
from unilab.spaces.model import AddressSpace, Mark, Privilege, Region, Source, Translation
from unilab.spaces.nested import Nested, Stage
from unilab.spaces.page_walk import Entry, PageWalk

#: What else is recorded, by the end of the files' names.
OF_VALUES = {
    "journey": journey.RECORDED,
    "boot": boot_timeline.RECORDED,
    "request": request_journey.RECORDED,
    "comparison": comparison.RECORDED,
}

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
    marks=st.lists(st.builds(Mark, _TEXT, st.integers(0, 2**64), _TEXT), max_size=2).map(tuple),
)


_STEPS = st.builds(
    Step, function=_TEXT, owner=_TEXT, ring=st.sampled_from(Ring), depth=st.integers(0, 99), instructions=st.integers(0)
)
_STAGES = st.builds(
    Stage,
    space=_TEXT,
    address=st.none() | st.integers(0, 2**64),
    region=_TEXT,
    translated_by=_TEXT,
    content=st.binary(max_size=8),
    read_by=_TEXT,
)
_ENTRIES = st.builds(Entry, *(st.integers(0, 2**64) for _ in range(4)))
_DATED = (
    _SPACES
    | st.builds(Journey, name=_TEXT, architecture=_TEXT, steps=st.lists(_STEPS).map(tuple), method=_TEXT)
    | st.builds(Nested, name=_TEXT, stages=st.lists(_STAGES).map(tuple))
)
_WALKS = st.builds(
    PageWalk,
    space=_TEXT,
    virtual=st.integers(0, 2**64),
    root=st.integers(0, 2**52),
    entries=st.lists(_ENTRIES).map(tuple),
    physical=st.none() | st.integers(0, 2**52),
    page_size=st.sampled_from([0, 4096]),
    permissions=_TEXT,
    user=st.booleans(),
)


def _through_a_file(value: object) -> object:
    fields: recording.Fields = {}
    text = recording.dumps({"value": recording.encode(value, fields), "fields": fields})
    data = json.loads(text)
    return recording.decode(type(value), data["value"], data["fields"], origin="here, once")


@given(_DATED)
def test_what_is_written_is_read_again_and_says_that_it_is_recorded(value: AddressSpace | Journey | Nested) -> None:
    if isinstance(value, Journey):
        value = replace(value, steps=tuple(replace(step, source=Source.RECORDED) for step in value.steps))
    assert _through_a_file(value) == replace(value, source=Source.RECORDED, origin="here, once")


@given(_WALKS)
def test_what_has_a_source_and_no_origin_is_recorded_too(walk: PageWalk) -> None:
    assert _through_a_file(walk) == replace(walk, source=Source.RECORDED)


@given(_ENTRIES)
def test_what_has_no_source_is_read_again_as_it_was(entry: Entry) -> None:
    assert _through_a_file(entry) == entry


@pytest.mark.parametrize("data", [None, [], {}, {"name": "x"}, 7, ["name", [[1]], ["none", None, None], 48, []]])
def test_anything_else_is_refused(data: object) -> None:
    fields: recording.Fields = {}
    recording.encode(AddressSpace("x", (Region(0, 1, "r--"),)), fields)
    with pytest.raises(LayoutError, match="no recorded AddressSpace"):
        recording.decode(AddressSpace, data, fields, origin="")
    with pytest.raises(LayoutError, match="no recorded AddressSpace"):
        recording.decode(AddressSpace, data, {}, origin="")


def test_what_no_file_can_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="object cannot be recorded"):
        recording.encode((object(),), {})


def test_a_field_that_came_later_has_its_default_and_one_that_has_gone_is_passed_over() -> None:
    fields = {"Region": ["start", "end", "permissions", "colour"]}
    read = recording.decode(Region, ["0x1000", "0x2000", "r--", "green"], fields, origin="")
    assert read == Region(0x1000, 0x2000, "r--")


def test_rows_are_lines() -> None:
    assert recording.dumps({"rows": [[1, "ä"], []], "none": {}}) == (
        '{\n "rows": [\n  [1, "ä"],\n  []\n ],\n "none": {}\n}\n'
    )


def test_every_recording_ships_and_names_no_path_of_the_host() -> None:
    files = sorted(recordings.FOLDER.iterdir())
    of_programs = {(Path(program).stem, on): recordings.file_of(Path(program).stem, on) for program, on in RECORDED}
    missing = [name for name, file in of_programs.items() if file is None]
    assert not missing, "make the recordings: ./course record"
    values = {f"{Path(p).stem}.{on}.{what}" for what, made in OF_VALUES.items() for p, on in made}
    assert {file.name.partition(".json")[0] for file in files} == values | {".".join(name) for name in of_programs}
    assert sum(file.stat().st_size for file in files) < 1 << 20
    for file in files:
        text = gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text()
        assert not re.search(r"/(home|root|work|tmp)/\w|[.]cache", text), file.name
    for name, file in of_programs.items():
        assert file is not None
        seen = recordings.load(file)
        assert {space.source for space in seen.spaces} == {Source.RECORDED} and "recorded 20" in seen.spaces[0].origin
        assert seen.result.exit_status == 0 and seen.result.console == "hello, world\n"
        assert seen.result.architecture == name[1]


def test_a_value_of_its_own_is_kept_and_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "FOLDER", tmp_path)
    assert recordings.load_value(Nested, "x", "process", "nested") is None
    file = recordings.save_value("x", "process", "nested", Nested("a byte", ()))
    assert file == tmp_path / "x.process.nested.json"
    found = recordings.load_value(Nested, "x", "process", "nested")
    assert found is not None and (found.name, found.source) == ("a byte", Source.RECORDED)
    assert found.origin.startswith("recorded 20")
    with pytest.raises(LayoutError, match="no recorded Journey"):
        recordings.load_value(Journey, "x", "process", "nested")


def test_a_large_recording_is_compressed_and_takes_the_place_of_the_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "FOLDER", tmp_path)
    result = Result("x.c", "process", None, None, "x.elf", 1, 0.0, None, 0.0, 0, "")
    for size, name in ((1, "x.process.json"), (4000, "x.process.json.gz"), (2, "x.process.json")):
        regions = tuple(Region(i << 12, (i + 1) << 12, "r--", label="much to be said" * 3) for i in range(size))
        file = recordings.save("x", "process", result, [AddressSpace("x", regions)], {})
        assert [file] == list(tmp_path.iterdir()) and file.name == name
        assert recordings.load(file).spaces[0].regions == regions
    file.write_text("{}")
    with pytest.raises(LayoutError, match="is no recording"):
        recordings.load(file)
