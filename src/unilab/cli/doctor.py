"""``course doctor``: what is missing, and how to get it."""

from __future__ import annotations

import click


@click.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Say what this host has and lacks, and what to type for each thing that is missing.

    Exit status 1 if something that is needed is missing.
    """
    from unilab.doctor import report  # noqa: PLC0415

    found = report()
    click.echo(str(found))
    ctx.exit(0 if found.ok else 1)
