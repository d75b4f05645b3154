"""``course record``: make anew what views show where a machine cannot run."""

from __future__ import annotations

import click

from unilab.cli.checkout import checkout


@click.command()
def record() -> None:
    """Run everything that is recorded, here and now, and keep what was seen."""
    from unilab.machines import observation  # noqa: PLC0415

    for program, architecture in observation.RECORDED:
        file = observation.record(checkout() / "notebooks" / "programs" / program, architecture)
        click.echo(f"{program} as a {architecture}: {file.relative_to(checkout())}")
