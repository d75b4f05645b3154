"""``course journey``: what happens between a program's call and the device."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from unilab.spaces.journey import Journey


@click.command()
@click.argument("program", metavar="PROGRAM.c")
@click.argument("args", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGS]...")
@click.option(
    "--on",
    type=click.Choice(["process", "container", "linux", "xen", "unikernel"]),
    default="unikernel",
    show_default=True,
)
@click.option("--call", default="printf", show_default=True, help="The function whose first call is followed.")
@click.option(
    "--until",
    type=click.Choice(["device", "return"]),
    default="device",
    show_default=True,
    help="To the first byte at the serial line, or to the call's end.",
)
@click.option("--vm-exits", is_flag=True, help="Count each access of a guest to a port as a crossing.")
@click.option("--machine", type=click.Choice(["microvm", "q35", "pc"]), help="QEMU's machine type.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def journey(  # noqa: PLR0917 - click calls it by keyword
    program: str,
    args: tuple[str, ...],
    on: str,
    call: str,
    until: str,
    vm_exits: bool,
    machine: str | None,
    as_json: bool,
) -> None:
    """Follow a call function by function, and count its instructions and its changes of privilege."""
    from unilab.machines.journey import journey as follow  # noqa: PLC0415

    seen = follow(program, on, call=call, until=until, vm_exits=vm_exits, args=args, machine=machine)
    if as_json:
        click.echo(json.dumps(as_plain(seen), ensure_ascii=False))
    else:
        click.echo(str(seen))


def as_plain(journey: Journey) -> dict[str, object]:
    """A journey as JSON has values: the steps as lists of their fields' values, and the counts of them all."""
    return {
        "name": journey.name,
        "architecture": journey.architecture,
        "method": journey.method,
        "source": journey.source,
        "origin": journey.origin,
        "functions": journey.functions,
        "crossings": journey.crossings,
        "instructions": journey.instructions,
        "steps": [list(astuple(step)) for step in journey.steps],
    }
