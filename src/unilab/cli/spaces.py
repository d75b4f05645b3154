"""``course spaces``: the address spaces of one program, as everything it can be."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from unilab.architectures import ARCHITECTURES
from unilab.errors import CourseError

if TYPE_CHECKING:
    from unilab.machines.survey import Survey
    from unilab.spaces.model import AddressSpace, Region

_ALL = "all"


@click.command()
@click.argument("program", metavar="PROGRAM.c")
@click.argument("args", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGS]...")
@click.option(
    "--on",
    default=_ALL,
    show_default=True,
    metavar="NAMES",
    help=f"What it runs as: {_ALL}, or, with commas between them, some of {', '.join(ARCHITECTURES)}.",
)
@click.option("--stop-at", metavar="FUNCTION", help="Where to look; unless given, where the program is about to end.")
@click.option("--files", metavar="FOLDER", help="A folder, or a file, that it finds under its name where it starts.")
@click.option("--every", is_flag=True, help="Not the program's alone, but every address space in the machine.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, not tables.")
@click.pass_context
def spaces(  # noqa: PLR0917 - click calls it by keyword
    ctx: click.Context,
    program: str,
    args: tuple[str, ...],
    on: str,
    stop_at: str | None,
    files: str | None,
    every: bool,
    as_json: bool,
) -> None:
    """Run a program and show its address spaces, region by region.

    What this host cannot run is shown from a recording, if there is one, and marked RECORDED. Exit status 1: something
    could be shown in neither way.
    """
    from unilab.machines import EXIT, observe_all  # noqa: PLC0415

    survey = observe_all(program, _chosen(on), stop_at=stop_at or EXIT, args=args, files=files)
    if as_json:
        click.echo(json.dumps(as_plain(survey, every=every), ensure_ascii=False))
    else:
        from unilab.views.table import as_text  # noqa: PLC0415

        shown = [space for seen in survey.observations.values() for space in (seen.spaces if every else [seen.space])]
        if shown:
            click.echo(as_text(shown))
    for name, seen in survey.observations.items():
        if seen.why_recorded:
            click.echo(f"{name}: a recording, because {seen.why_recorded}", err=True)
    for failure in survey.failures:
        click.echo(f"{failure.architecture}: {failure.error}", err=True)
    ctx.exit(1 if survey.failures else 0)


def as_plain(survey: Survey, *, every: bool = False) -> dict[str, object]:
    """A survey as JSON has values: addresses are hexadecimal text, since a JSON number loses digits above 2^53.

    Args:
        survey: What was seen.
        every: With the address spaces that are not the program's.
    """
    return {
        "program": survey.program,
        "spaces": [
            {"architecture": name, "why_recorded": seen.why_recorded, "console": seen.console, **_space(space)}
            for name, seen in survey.observations.items()
            for space in (seen.spaces if every else [seen.space])
        ],
        "failures": [{"architecture": each.architecture, "message": str(each.error)} for each in survey.failures],
    }


def _space(space: AddressSpace) -> dict[str, object]:
    root = space.translation.root
    return {
        "name": space.name,
        "source": space.source,
        "origin": space.origin,
        "address_bits": space.address_bits,
        "translation": asdict(space.translation) | {"root": None if root is None else hex(root)},
        "regions": [_region(region) for region in space.regions],
    }


def _region(region: Region) -> dict[str, object]:
    return asdict(region) | {"start": hex(region.start), "end": hex(region.end)}


def _chosen(on: str) -> list[str]:
    names = [name.strip() for name in on.split(",")]
    for name in names:
        if name != _ALL and name not in ARCHITECTURES:
            raise CourseError(
                f"a program cannot run on {name!r}", remedy=f"choose from {', '.join((_ALL, *ARCHITECTURES))}"
            )
    return list(ARCHITECTURES) if _ALL in names else names
