"""The command line. One module per command; each imports what is slow to import only when it runs."""

from __future__ import annotations

import click

from unilab.cli.bench import bench
from unilab.cli.boot import boot
from unilab.cli.check import check
from unilab.cli.doctor import doctor
from unilab.cli.journey import journey
from unilab.cli.lab import lab
from unilab.cli.record import record
from unilab.cli.sizes import sizes
from unilab.cli.spaces import spaces
from unilab.cli.test import test
from unilab.errors import CourseError

__all__ = ["cli", "main"]

#: As a shell has it for a command that ended by Ctrl-C: 128 and the number of SIGINT.
_INTERRUPTED = 130


class _Course(click.Group):
    """Shows our own errors as what they say, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except CourseError as error:
            click.echo(str(error), err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            ctx.exit(_INTERRUPTED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # as added: the order in which people need them


@click.group(cls=_Course, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="unilab", prog_name="course")
def cli() -> None:
    """One Address Space: a course on unikernels in notebooks."""


for _command in (lab, boot, spaces, journey, check, sizes, doctor, test, bench, record):
    cli.add_command(_command)


def main() -> None:
    """Run the command that the process's arguments name, and exit with its status."""
    cli(prog_name="course")
