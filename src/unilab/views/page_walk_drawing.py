"""Draws a page walk: the address cut into its fields, then each table's entry with its bits, down to the page."""

from __future__ import annotations

from html import escape

from unilab.spaces.entry_bits import Field, Flag, Rights, address_fields, flags, frame, maps_page, rights_below
from unilab.spaces.page_walk import TABLES, Entry, PageWalk
from unilab.views import drawing as d
from unilab.views.theme import Theme, permission_class
from unilab.views.words import address_text, size_text

WIDTH = 960.0
_MARGIN, _TOP, _CARD, _GAP = 16.0, 128.0, 92.0, 20.0
_DIGIT = 12 * d.MONOSPACE
_NAME_LETTER = 16 * d.MONOSPACE
_RIGHTS_X = WIDTH - _MARGIN - 196


def svg(walk: PageWalk, *, theme: Theme = "auto") -> str:
    """Draw one walk, all its steps at once; the live view shows them one after another.

    Args:
        walk: What to draw.
        theme: ``auto`` follows the page; ``light`` and ``dark`` fix the colours.
    """
    steps = [_address(walk)]
    y = _TOP
    for number, (entry, rights) in enumerate(zip(walk.entries, rights_below(walk.entries), strict=True), 1):
        before = rights_below(walk.entries)[number - 2] if number > 1 else Rights("rwx", True)
        steps.append(_entry(number, entry, before, rights, y))
        y += _CARD + _GAP
    steps.append(_result(len(walk.entries) + 1, walk, y))
    y += 66
    body = f'<g role="listbox" aria-label="Steps of the walk">{"".join(steps)}</g>'
    label = f"Page walk of {address_text(walk.virtual)} in {walk.space}"
    return d.page(label, WIDTH, y + _MARGIN, body, theme=theme, rules=("cards",))


def step_words(walk: PageWalk) -> list[str]:
    """Each step in a sentence."""
    words = [
        f"{address_text(walk.virtual)} in {walk.space}: CR3 says that the {TABLES[_top(walk)]} is at "
        f"{address_text(walk.root)} in physical memory."
    ]
    for entry, rights in zip(walk.entries, rights_below(walk.entries), strict=True):
        told = ", ".join(flag.meaning for flag in flags(entry) if flag.counts)
        leads = f"It leads to {address_text(frame(entry))}. " if entry.value & 1 else ""
        so_far = f"So far: {rights.permissions}, {who(rights.user)}." if entry.value & 1 else "The walk ends here."
        words.append(
            f"Entry {entry.index} of the {TABLES[entry.level]} at {address_text(entry.table)} is "
            f"{address_text(entry.value)}: {told}. {leads}{so_far}"
        )
    words.append(_outcome(walk))
    return words


def _top(walk: PageWalk) -> int:
    return walk.entries[0].level if walk.entries else 4


def who(user: bool) -> str:
    """Whom a page is for."""
    return "user and kernel" if user else "kernel only"


def _outcome(walk: PageWalk) -> str:
    if walk.physical is None:
        return f"Nothing is mapped at {address_text(walk.virtual)}: the processor raises a page fault."
    return (
        f"The byte is at {address_text(walk.physical)} in physical memory, in a page of {size_text(walk.page_size)}: "
        f"{walk.permissions}, {who(walk.user)}."
    )


def _open(number: int, spoken: str) -> str:
    return (
        f'<g class="uv-block uv-step" data-block="{number}" role="option" tabindex="-1" '
        f'aria-selected="false" aria-label="{d.attribute(spoken)}">'
    )


# ---- the address --------------------------------------------------------------------


def _address(walk: PageWalk) -> str:
    box = (_MARGIN, _MARGIN, WIDTH - 2 * _MARGIN, _TOP - _MARGIN - _GAP)
    fields = address_fields(walk)
    name = address_text(walk.virtual)
    badge, _ = d.badge(str(walk.source), _MARGIN + 26 + len(name) * _NAME_LETTER, _MARGIN + 9)
    gap = 12.0
    length = 64 * _DIGIT + gap * (len(fields) - 1)
    x = _MARGIN + (box[2] - length) / 2
    parts = [
        _open(0, step_words(walk)[0]),
        f'<rect class="uv-card" {d.rect(box)} rx="6"/>',
        d.text(name, _MARGIN + 14, _MARGIN + 21, "uv-name uv-mono-large"),
        badge,
        d.text(
            f"in {walk.space}; CR3 {address_text(walk.root)}",
            box[0] + box[2] - 14,
            _MARGIN + 20,
            "uv-muted",
            anchor="end",
        ),
    ]
    for field in fields:
        width = (field.high - field.low + 1) * _DIGIT
        parts.append(_field(walk, field, x, _MARGIN + 34, width))
        x += width + gap
    return "".join(parts) + d.ring(box) + "</g>"


def _field(walk: PageWalk, field: Field, x: float, y: float, width: float) -> str:
    count = field.high - field.low + 1
    digits = f"{walk.virtual >> field.low & ((1 << count) - 1):0{count}b}"
    number = "" if field.level is None else (str(field.value) if field.level else f"{field.value:#x}")
    name = field.name if field.level != 0 else f"offset, {count} bits"
    at = field.level if field.level is not None else "sign"
    box = (x - 4, y, width + 8, 17.0)
    below = f"{name} {number}".strip() if field.level else name
    lines = [field.name.replace(" index", ""), number] if field.level else [below, number]
    title = escape(f"bits {field.high} to {field.low}: {below}")
    return (
        f'<g class="uv-field" data-field-level="{at}"><title>{title}</title>'
        f'<rect class="uv-field-box" {d.rect(box)} rx="3"/>'
        + d.text(digits, x + width / 2, y + 12.5, "uv-bits", anchor="middle")
        + d.text(d.fit(lines[0], max(width + 10, 40), 11), x + width / 2, y + 31, "uv-muted", anchor="middle")
        + (d.text(lines[1], x + width / 2, y + 45, "uv-mono uv-bold", anchor="middle") if lines[1] else "")
        + "</g>"
    )


# ---- an entry -----------------------------------------------------------------------


def _entry(number: int, entry: Entry, before: Rights, rights: Rights, y: float) -> str:
    box = (_MARGIN, y, WIDTH - 2 * _MARGIN, _CARD)
    present = bool(entry.value & 1)
    title = f"{TABLES[entry.level]} at {address_text(entry.table)}"
    spoken = f"Level {entry.level}: entry {entry.index} of the {title}, {address_text(entry.value)}"
    text_x = _MARGIN + 76
    leads = "a page" if maps_page(entry) else f"the {TABLES[entry.level - 1]}" if entry.level > 1 else "a page"
    where = f"leads to {leads} at {address_text(frame(entry))}" if present else "leads nowhere: not present"
    return (
        _open(number, spoken)
        + _arrow(y)
        + f'<rect class="uv-card" {d.rect(box)} rx="6"/>'
        + _table_glyph(entry, _MARGIN + 16, y + 12)
        + d.text(title, text_x, y + 20, "uv-bold")
        + d.text(f"entry {entry.index} of 512", text_x, y + 37, "uv-muted")
        + d.text(f"{entry.value:#018x}", text_x + 150, y + 37, "uv-mono uv-bold")
        + d.text(where, text_x + 300, y + 37, "uv-muted")
        + "".join(_flag(flag, text_x + slot * 66, y + 50) for slot, flag in enumerate(reversed(flags(entry))))
        + _rights(before, rights, y, present)
        + d.ring(box)
        + "</g>"
    )


def _arrow(y: float) -> str:
    """From the card above to the one whose top is at y."""
    start = f"M{d.number(_MARGIN + 38)} {d.number(y - _GAP)}"
    return f'<path class="uv-arrow" d="{start}v{d.number(_GAP - 3)}m-4 -5l4 5l4 -5"/>'


def _table_glyph(entry: Entry, x: float, y: float) -> str:
    """A table of 512 entries, and where in it this one is."""
    height, width = _CARD - 24, 44.0
    place = y + (height - 4) * entry.index / 511
    lines = "".join(f"M{d.number(x)} {d.number(y + height * n / 8)}h{d.number(width)}" for n in range(1, 8))
    return (
        f'<rect class="uv-table-box" {d.rect((x, y, width, height))} rx="2"/><path class="uv-table-lines" d="{lines}"/>'
        f'<rect class="uv-table-entry" {d.rect((x - 3, place, width + 6, 4))} rx="1.5"/>'
    )


def _flag(flag: Flag, x: float, y: float) -> str:
    state = "set" if flag.is_set else "clear"
    look = f"uv-flag uv-flag-{state}" if flag.counts else "uv-flag uv-flag-ignored"
    title = f"bit {flag.position}, {flag.name} = {int(flag.is_set)}: {flag.meaning if flag.counts else 'ignored here'}"
    return (
        f'<g class="{look}" data-flag="{flag.name}" data-set="{int(flag.is_set)}"><title>{escape(title)}</title>'
        f'<rect class="uv-flag-box" {d.rect((x, y, 58, 28))} rx="4"/>'
        + d.text(f"{flag.name}", x + 8, y + 18, "uv-mono uv-bold")
        + d.text(str(int(flag.is_set)), x + 50, y + 18, "uv-mono uv-bold", anchor="end")
        + "</g>"
    )


def _rights(before: Rights, rights: Rights, y: float, present: bool) -> str:
    x = _RIGHTS_X
    parts = [
        f'<path class="uv-divide" d="M{d.number(x - 14)} {d.number(y + 12)}v{d.number(_CARD - 24)}"/>',
        d.text("rights so far", x, y + 20, "uv-muted"),
    ]
    if not present:
        return "".join(parts) + d.text("page fault", x, y + 46, "uv-bold")
    for slot, (old, new) in enumerate(zip(before.permissions, rights.permissions, strict=True)):
        lost = old != "-" and new == "-"
        left = x + slot * 26
        kind = "r" if new != "-" else "none"
        parts.append(
            f'<g class="uv-right{" uv-lost" if lost else ""}">'
            f'<rect class="uv-body uv-fill-{kind}" {d.rect((left, y + 30, 22, 22))} rx="3"/>'
            + d.text(old if lost else new, left + 11, y + 45.5, "uv-mono uv-bold", anchor="middle")
            + (f'<path class="uv-strike" d="M{d.number(left + 3)} {d.number(y + 49)}l16 -16"/>' if lost else "")
            + "</g>"
        )
    narrowed = before.user and not rights.user
    parts.append(d.text(who(rights.user), x, y + 74, "uv-bold" if narrowed else ""))
    return "".join(parts)


# ---- the end --------------------------------------------------------------------------


def _result(number: int, walk: PageWalk, y: float) -> str:
    box = (_MARGIN, y, WIDTH - 2 * _MARGIN, 62.0)
    kind = permission_class(walk.permissions or "---")
    spine = (_MARGIN + 1, y + 1, 12.0, 60.0)
    lines, page = ("page fault", "nothing is mapped at this address"), ""
    if walk.physical is not None:
        offset = walk.physical % walk.page_size
        page = f"{address_text(walk.physical - offset)} + offset {offset:#x}"
        lines = (
            f"{address_text(walk.physical)} in physical memory",
            f"a page of {size_text(walk.page_size)}, {walk.permissions}, {who(walk.user)}",
        )
    return (
        _open(number, _outcome(walk))
        + _arrow(y)
        + f'<rect class="uv-card" {d.rect(box)} rx="6"/>'
        + d.spine(kind, spine)
        + d.text(lines[0], _MARGIN + 76, y + 26, "uv-name")
        + d.text(lines[1], _MARGIN + 76, y + 46)
        + d.text(page, WIDTH - _MARGIN - 16, y + 26, "uv-mono", anchor="end")
        + d.ring(box)
        + "</g>"
    )
