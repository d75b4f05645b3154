"""``course check``: grade a lab."""

from __future__ import annotations

import random

import click


@click.command()
@click.argument("folder", metavar="labs/NN-TITLE")
@click.option("--seed", type=int, help="What it is tried with: the same number, the same trial.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as a JSON object.")
@click.pass_context
def check(ctx: click.Context, folder: str, seed: int | None, as_json: bool) -> None:
    """Try what you wrote in a lab's folder, and say what is right and where to look next.

    Exit status 0 if it got all points, else 1.
    """
    from unilab import labs  # noqa: PLC0415

    if seed is None:
        seed = random.randrange(1 << 16)
    report = labs.check(folder, seed=seed)
    click.echo(report.to_json() if as_json else f"{report}\n(tried with --seed {seed})")
    ctx.exit(0 if report.passed else 1)
