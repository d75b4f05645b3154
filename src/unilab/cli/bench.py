"""``course bench``: the figures the course promises, measured here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from unilab.measure.figure import Figure

#: Of the table: figure, value, unit, verdict, goal.
_Row = tuple[str, str, str, str, str]


@click.command()
@click.option("--only", "prefix", metavar="PREFIX", help="Only figures whose names begin so: boot.hello.")
@click.option("--json", "as_json", is_flag=True, help='Print one JSON object, {"figures": [...]}.')
def bench(prefix: str | None, as_json: bool) -> None:
    """Measure the course's figures on this host.

    A figure that misses its goal is reported, and is no error.
    """
    from unilab.measure import bench as measurements  # noqa: PLC0415

    figures = measurements.measure(prefix, progress=lambda name: click.echo(f"measuring {name} ...", err=True))
    if as_json:
        click.echo(json.dumps({"figures": [asdict(figure) for figure in figures]}, ensure_ascii=False))
    else:
        click.echo(table(figures))


def table(figures: Sequence[Figure]) -> str:
    """The figures as text, one a line, in columns."""
    rows: list[_Row] = [("figure", "value", "unit", "", "goal")]
    rows += [(each.name, _number(each.value), each.unit, _verdict(each), each.goal or "") for each in figures]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: _Row, widths: Sequence[int]) -> str:
    name, value, unit, verdict, goal = row
    w = widths
    return f"{name:<{w[0]}}  {value:>{w[1]}}  {unit:<{w[2]}}  {verdict:<{w[3]}}  {goal}".rstrip()


def _verdict(figure: Figure) -> str:
    return {True: "met", False: "missed", None: ""}[figure.met]


def _number(value: float) -> str:
    """Four digits or the whole number, without an exponent."""
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.4g}"
