"""``course bench``: the figures the course promises, measured here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from unilab.measure.bench import Failure
    from unilab.measure.figure import Figure

#: Of the table: figure, value, unit, verdict, goal.
_Row = tuple[str, str, str, str, str]


@click.command()
@click.option("--only", "prefix", metavar="PREFIX", help="Only figures whose names begin so: boot.hello.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help='Print JSON: {"figures": [...]}, and "failures", if any.',
)
def bench(prefix: str | None, as_json: bool) -> None:
    """Measure the course's figures on this host.

    Each is told on standard error as soon as it is measured, and all of them at the end: also after Ctrl-C, and when a
    measurement has failed. A figure that misses its goal is reported, and is no error.
    """
    from unilab.measure import bench as measurements  # noqa: PLC0415

    figures: list[Figure] = []
    failures: list[Failure] = []
    try:
        for made in measurements.measure(prefix, progress=lambda name: click.echo(f"measuring {name} ...", err=True)):
            if isinstance(made, measurements.Failure):
                failures.append(made)
                click.echo(_failed(made), err=True)
            else:
                figures.append(made)
                click.echo(f"  {line(made)}", err=True)
    finally:
        # Whatever ends the loop: what was measured took its time, and is not thrown away.
        if figures or failures:
            click.echo(_as_json(figures, failures) if as_json else table(figures))
        for failure in failures:
            click.echo(_failed(failure), err=True)
    if failures:
        raise click.exceptions.Exit(1)


def _as_json(figures: Sequence[Figure], failures: Sequence[Failure]) -> str:
    report: dict[str, object] = {"figures": [asdict(figure) for figure in figures]}
    if failures:
        report["failures"] = [{"measurement": each.measurement, "error": str(each.error)} for each in failures]
    return json.dumps(report, ensure_ascii=False)


def _failed(failure: Failure) -> str:
    return f"{failure.measurement} failed: {failure.error}"


def line(figure: Figure) -> str:
    """One figure in words: ``boot.linux.q35: 3.8 s (at most 4: met)``."""
    verdict = f" ({figure.goal}: {_verdict(figure)})" if figure.goal is not None else ""
    return f"{figure.name}: {_number(figure.value)} {figure.unit}{verdict}"


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
