"""``course sizes``: what programs pay for, service by service."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from unilab.toolchain.sizes import Part


@click.command()
@click.argument("programs", nargs=-1, required=True, metavar="PROGRAM.c...")
@click.option("--memory", is_flag=True, help="Bytes in memory, not in the file: with what begins as zeroes.")
@click.option("--disk", is_flag=True, help="As for a machine with a disk: with the file system for that.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: for each program, its parts.")
def sizes(programs: tuple[str, ...], memory: bool, disk: bool, as_json: bool) -> None:
    """Show the bytes of unikernels, by service of the library OS.

    A service that a program does not use is not in its image.
    """
    from unilab.toolchain import build  # noqa: PLC0415
    from unilab.toolchain.sizes import sizes as parts_of  # noqa: PLC0415

    images = [build(program, services=["disk"] if disk else []) for program in programs]
    parts = {program: parts_of(image) for program, image in zip(programs, images, strict=True)}
    if as_json:
        click.echo(json.dumps({program: [asdict(part) for part in found] for program, found in parts.items()}))
    else:
        names = [image.program.stem for image in images]
        click.echo(table(names, list(parts.values()), memory=memory))


def table(names: Sequence[str], programs: Sequence[Sequence[Part]], *, memory: bool = False) -> str:
    """The parts as text: a row for each part, a column for each program."""
    columns = [
        {(part.owner, part.service): part.memory if memory else part.file for part in program} for program in programs
    ]
    rows = [("bytes in memory" if memory else "bytes in the file", *names)]
    for owner, service in _in_order(columns):
        of_owner = [sum(size for (of, _), size in column.items() if of == owner) for column in columns]
        if service == "":
            rows.append((owner, *map(_number, of_owner)))
            continue
        rows.append((f"  {service}", *(_number(column.get((owner, service), 0)) for column in columns)))
    rows.append(("all", *(_number(sum(column.values())) for column in columns)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([f"{row[0]:<{widths[0]}}", *(f"{cell:>{w}}" for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    )


def _in_order(columns: Sequence[dict[tuple[str, str], int]]) -> list[tuple[str, str]]:
    """Every part that a program has, services after a row for their owner."""
    from unilab.toolchain.sizes import OWNERS  # noqa: PLC0415

    parts = {part for column in columns for part in column}
    parts |= {(owner, "") for owner, _ in parts}
    return sorted(parts, key=lambda part: (OWNERS.index(part[0]), part[1]))


def _number(size: int) -> str:
    """Nothing for nothing, so that what is absent can be seen from afar."""
    return f"{size:,}" if size else ""
