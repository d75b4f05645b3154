"""``course record``: make anew what views show where a machine cannot run."""

from __future__ import annotations

from pathlib import Path

import click

from unilab.cli.checkout import checkout
from unilab.errors import CourseError, Unavailable


@click.command()
@click.pass_context
def record(ctx: click.Context) -> None:
    """Run everything that is recorded, here and now, and keep what was seen.

    What this host lacks is left out: its older recording stays. Exit status 1: something else went wrong.
    """
    from unilab.machines import boot_timeline, journey, observation, recordings, request_journey  # noqa: PLC0415
    from unilab.measure import comparison  # noqa: PLC0415

    def observe(program: Path, architecture: str) -> Path:
        return observation.record(program, architecture, say=lambda line: click.echo(line, err=True))

    work = [
        *(("", observe, each) for each in recordings.RECORDED),
        *(("printf of ", journey.record, each) for each in journey.RECORDED),
        *(("a request of ", request_journey.record, each) for each in request_journey.RECORDED),
        *(("comparison of ", comparison.record, each) for each in comparison.RECORDED),
        *(("boot of ", boot_timeline.record, each) for each in boot_timeline.RECORDED),
    ]
    failed = False
    for what, make, (program, architecture) in work:
        name = f"{what}{program} as a {architecture}"
        try:
            file = make(checkout() / "notebooks" / "programs" / program, architecture)
        except Unavailable as error:
            click.echo(f"{name}: left out: {error.message}", err=True)
        except CourseError as error:
            failed = True
            click.echo(f"{name}: {error}", err=True)
        else:
            click.echo(f"{name}: {file.relative_to(checkout())}")
    ctx.exit(1 if failed else 0)
