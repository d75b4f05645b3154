"""Virtqueues as pictures, tables and a widget."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.errors import CourseError, MachineError
from unilab.spaces.virtqueue import NEXT, WRITE, Descriptor, Driver, QueueState, Used
from unilab.views import VirtqueueView
from unilab.views.virtqueue_drawing import svg
from unilab.views.virtqueue_layout import changed, heads, layout

SIZE = 128


def queue(**fields: object) -> QueueState:
    empty = tuple(Descriptor(i, 0, 0, 0, 0) for i in range(SIZE))
    state = QueueState(
        "virtio-blk", "requests", SIZE, 0x1000, empty, 0x2000, 0, 0, (0,) * SIZE, 0x3000, 0, 0, (Used(0, 0),) * SIZE
    )
    return replace(state, **fields)  # type: ignore[arg-type]


_CHAIN = (
    Descriptor(0, 0x8000, 16, NEXT, 1, b"\0" * 16, "header: read, from sector 0"),
    Descriptor(1, 0x9000, 512, NEXT | WRITE, 2, b"<b>bold</b>", "data"),
    Descriptor(2, 0xA000, 1, WRITE, 0, b"\xff", "status: not yet"),
)
BEFORE = queue(device_index=0, driver=Driver(128, 0, 0, 0), caption="Before.")
DESCRIBED = replace(
    BEFORE, descriptors=_CHAIN + BEFORE.descriptors[3:], driver=Driver(125, 1, 1, 0), caption="Described."
)
PUBLISHED = replace(DESCRIBED, available_index=1, caption="Published.")
USED = replace(PUBLISHED, device_index=1, used_index=1, used=(Used(0, 513), *PUBLISHED.used[1:]), caption="Used.")
TAKEN = replace(USED, driver=Driver(128, 0, 1, 1), caption="Taken.")
STEPS = (BEFORE, DESCRIBED, PUBLISHED, USED, TAKEN)


def words(picture: str) -> list[str]:
    return [text for text in ElementTree.fromstring(picture).itertext() if text.strip()]


def test_the_same_entries_are_drawn_at_every_step() -> None:
    plan = layout(STEPS)
    assert plan.descriptors.shown == (0, 1, 2)
    assert plan.available.shown == plan.used.shown == (0, 1, 127)
    assert plan.descriptors.rows == [0, 1, 2, range(3, 128)]
    assert plan.used.rows == [0, 1, range(2, 127), 127]
    drawn = {
        tuple(node.get("data-item") for node in ElementTree.fromstring(svg(step, plan)).iter() if node.get("data-item"))
        for step in STEPS
    }
    assert len(drawn) == 1


def test_what_is_new_is_marked() -> None:
    assert changed(None, BEFORE) == set()
    assert changed(BEFORE, DESCRIBED) == {"d0", "d1", "d2", "a0", "driver"}
    assert changed(DESCRIBED, PUBLISHED) == {"available_index"}
    assert changed(PUBLISHED, USED) == {"u0", "used_index", "device_index"}
    assert changed(USED, TAKEN) == {"driver", "seen"}
    assert changed(BEFORE, replace(DESCRIBED, queue="another")) == set()
    filled = replace(DESCRIBED.descriptors[1], preview=b"read")
    assert changed(DESCRIBED, replace(DESCRIBED, descriptors=(_CHAIN[0], filled, *DESCRIBED.descriptors[2:]))) == {"b1"}
    assert words(svg(USED, layout(STEPS), before=PUBLISHED)).count("new") == 1


def test_which_requests_are_on_their_way() -> None:
    assert [list(heads(step)) for step in STEPS] == [[], [0], [0], [], []]


def test_the_picture_says_whose_index_is_where() -> None:
    plan = layout(STEPS)
    said = words(svg(USED, plan, step=(4, 5)))
    for word in (
        "index 1",
        "device 1",
        "driver 0",
        "step 4 of 5",
        "Used.",
        "0: 513 bytes",
        "descriptor 0",
        "→ 1",
        "⋮ 125 more",
    ):
        assert word in said
    assert any(text.startswith("The driver's own notes: 1 added, 0 taken back") for text in said)


def test_a_queue_full_of_lent_buffers_is_small_in_the_picture() -> None:
    room = tuple(Descriptor(i, 0x8000 + 2048 * i, 1932, WRITE, i + 1, b"", "room for a frame") for i in range(SIZE))
    lent = queue(
        device="virtio-net",
        queue="receive",
        descriptors=room,
        available=tuple(range(SIZE)),
        available_index=SIZE,
        device_index=0,
        driver=Driver(0, 128, 128, 0),
    )
    plan = layout([lent])
    assert 1 <= len(plan.descriptors.shown) <= 12
    assert len(svg(lent, plan)) < 20_000


@given(
    st.lists(st.integers(0, 2**16 - 1), min_size=8, max_size=8),
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)), min_size=8, max_size=8),
    st.tuples(*[st.integers(0, 2**16 - 1)] * 5),
)
def test_whatever_a_queue_holds_can_be_drawn(
    ring: list[int], used: list[tuple[int, int]], indices: tuple[int, int, int, int, int]
) -> None:
    published, back, device, added, seen = indices
    state = queue(
        size=8,
        descriptors=tuple(Descriptor(i, i, 2**32 - 1, 7, 2**16 - 1) for i in range(8)),
        available=tuple(ring),
        used=tuple(Used(*each) for each in used),
        available_index=published,
        used_index=back,
        device_index=device,
        driver=Driver(8, 0, added, seen),
    )
    view = VirtqueueView(BEFORE, state, replace(state, driver=None, device_index=None))
    for i in range(3):
        view.at = i
        ElementTree.fromstring(view.svg())
    assert view.table()


def test_the_view_steps_and_says_every_entry() -> None:
    view = VirtqueueView(*STEPS, task="When?")
    state = view.get_state()
    assert len(state["_pictures"]) == 5
    assert state["_captions"][1] == "2. virtio-blk, requests: Described."
    for picture, details in zip(state["_pictures"], state["_all_details"], strict=True):
        drawn = ElementTree.fromstring(picture)
        assert {node.get("data-item") for node in drawn.iter() if "data-item" in node.attrib} == details.keys()
    assert state["_all_details"][1]["d1"] == {
        "descriptor": "1",
        "address": "0x9000",
        "length": "512 bytes",
        "who writes": "the device",
        "next": "2",
        "what for": "data",
        "begins with": "3c 62 3e 62 6f 6c 64 3c 2f 62 3e",
        "as text": "<b>bold</b>",
    }
    view.at = 3
    assert "Used." in view.svg()
    assert "<b>" not in view.table_html()


def test_what_a_notebook_keeps_shows_every_step_and_is_small() -> None:
    data, _ = VirtqueueView(*STEPS, task="When?")._repr_mimebundle_()
    assert data["text/html"].count("<img") == 5
    assert data["text/html"].count("<details>") == 1
    assert data["text/plain"].splitlines()[0] == "When?"
    assert len(json.dumps(data)) < 200_000


def test_it_is_read_anew_and_what_changed_since_is_marked() -> None:
    answers = iter([(PUBLISHED,), (USED,)])
    view = VirtqueueView(*next(answers), refresh=lambda: next(answers))
    assert "new" not in words(view.svg())
    view.refresh()
    assert view.states == (USED,)
    assert "new" in words(view.svg())


def test_what_goes_wrong_when_it_is_read_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> tuple[QueueState, ...]:
        raise MachineError("the machine has ended", remedy="start it again")

    view = VirtqueueView(PUBLISHED, refresh=gone)
    view.refresh()
    assert view.error == "the machine has ended To mend it: start it again."
    assert view.states == (PUBLISHED,)


def test_without_a_queue_there_is_nothing_to_draw() -> None:
    with pytest.raises(CourseError, match="no virtqueue to draw"):
        VirtqueueView().svg()
    assert "No virtqueue." in VirtqueueView().static_html()
