"""``course boot``: one program, one run."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING

import click

from unilab.architectures import ARCHITECTURES
from unilab.errors import CourseError

if TYPE_CHECKING:
    from unilab.machines import Machine, Result

#: As a shell has it for a command whose reader went away: 128 and the number of SIGPIPE.
_NO_READER = 141

#: Seconds, where nobody says.
_DEADLINE = 30.0

_HOW_TO_DEBUG = """\
It waits at its first instruction. In another terminal, type:
    {command}
There, besides gdb's own commands (break main, continue), "info libos-threads" lists the threads, and
"libos-backtrace all" shows what each of them is doing."""

#: How often to look whether stdout's reader has gone away, in seconds.
_LOOK = 0.2

_CHUNK = 65536
_END_OF_TRANSMISSION = "\x04"


@click.command()
@click.argument("program", metavar="PROGRAM.c")
@click.argument("args", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGS]...")
@click.option("--on", type=click.Choice(ARCHITECTURES), default="unikernel", show_default=True)
@click.option(
    "--machine",
    type=click.Choice(["microvm", "q35", "pc"]),
    help="QEMU's machine type: microvm, q35 for Linux, pc for Xen. A process and a container have none.",
)
@click.option(
    "--accel",
    "accelerator",
    type=click.Choice(["auto", "tcg", "kvm"]),
    default="auto",
    show_default=True,
    help="auto: the fastest that works here.",
)
@click.option("--memory", type=int, metavar="MIB", help="Memory it gets: 64, 256 for Linux.")
@click.option("--files", metavar="FOLDER", help="A folder, or a file, that it finds under its name where it starts.")
@click.option("--initrd", metavar="FILE", help="A file that it finds in its memory.")
@click.option(
    "--disk", "disks", multiple=True, metavar="FILE", help="A raw image as a disk; several are several disks."
)
@click.option("--network", is_flag=True, help="A network card: it can call out.")
@click.option(
    "--forward",
    "forwards",
    multiple=True,
    metavar="HOSTPORT:GUESTPORT[/udp]",
    help="A network card, and a port of this host, on 127.0.0.1, that leads to it; 0: any free one.",
)
@click.option("--entropy", is_flag=True, help="A virtio source of random bytes.")
@click.option("--overlay", metavar="FOLDER", help="Files in front of those of libos/, such as notebooks/scratch/libos.")
@click.option("--trace", is_flag=True, help="Tell of each call of the library OS on the console.")
@click.option("--gdb", is_flag=True, help="Wait at its first instruction for gdb, and say how to attach that.")
@click.option(
    "--deadline",
    type=float,
    metavar="SECONDS",
    help="Then it is ended.  [default: 30; with --gdb or --forward, a day]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the run as a JSON object, not its console.")
@click.pass_context
def boot(  # noqa: PLR0917 - click calls it by keyword
    ctx: click.Context,
    program: str,
    args: tuple[str, ...],
    on: str,
    machine: str | None,
    accelerator: str,
    memory: int | None,
    files: str | None,
    initrd: str | None,
    disks: tuple[str, ...],
    network: bool,
    forwards: tuple[str, ...],
    entropy: bool,
    overlay: str | None,
    trace: bool,
    gdb: bool,
    deadline: float | None,
    as_json: bool,
) -> None:
    """Build a C program and boot it.

    Its console is this command's input and output, and its exit status this command's: 255 if it panicked,
    128 and the number if a signal ended it. Exit status 1 with a message: it could not be built or run.
    """
    from unilab import machines  # noqa: PLC0415

    if gdb and on != "unikernel":
        raise CourseError("--gdb is for unikernels", remedy="build it as a process, and start that under gdb")
    if deadline is None:
        # Who debugs, and who serves, goes on until somebody has had enough.
        deadline = machines.LONGEST if gdb or forwards else _DEADLINE
    output = _Output(quiet=as_json)
    forwarded = tuple(map(machines.Forward.parse, forwards))
    running = machines.start(
        program,
        on,
        args=args,
        machine=machine,
        accelerator=accelerator,
        memory=memory,
        files=files,
        initrd=initrd,
        disks=disks,
        network=machines.UserNetwork(forwarded) if network or forwarded else None,
        entropy=entropy,
        overlay=overlay,
        trace=trace,
        deadline=deadline,
        stop_at=machines.FIRST_INSTRUCTION if gdb else None,
        on_output=output.write,
    )
    with running:
        if gdb:
            click.echo(_HOW_TO_DEBUG.format(command=running.gdb()), err=True)
        # A program may have ended before it is asked.
        with contextlib.suppress(CourseError):
            for forward in forwarded:
                port = running.host_port(forward.guest, forward.protocol)
                click.echo(f"{forward.protocol} port {forward.guest} of the guest is 127.0.0.1:{port}", err=True)
        threading.Thread(target=_type, args=(running,), daemon=True).start()
        if not _wait(running, output):
            ctx.exit(_NO_READER)
        if running.wait(check=False).end == "reset":
            running.wait()  # says so
        result = running.result()
    if as_json:
        click.echo(result.to_json())
    else:
        if result.console and not result.console.endswith("\n") and sys.stdout.isatty():
            click.echo()
        click.echo(summary(result), err=True)
    assert result.exit_status is not None  # only quit() leaves none, and nobody has called it
    ctx.exit(result.exit_status)


def summary(result: Result) -> str:
    """The run in one line."""
    where = f" on {result.machine} with {result.accelerator}" if result.machine else ""
    first = "no output"
    if result.first_output_seconds is not None:
        first = f"first output after {result.first_output_seconds:.3f} s"
    return (
        f"{result.program} as a {result.architecture}{where}: image {result.image_bytes:,} bytes, "
        f"built in {result.build_seconds:.2f} s, {first}, ended after {result.total_seconds:.3f} s "
        f"with status {result.exit_status}"
    )


class _Output:
    """Our stdout, as the program's console.

    Args:
        quiet: Write nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self.reader_gone = threading.Event()

    def write(self, text: str) -> None:
        """Called on the machine's thread, which must not fail."""
        if self._quiet or self.reader_gone.is_set():
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            self.reader_gone.set()
            # What is still buffered must not be tried again when Python exits.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _wait(machine: Machine, output: _Output) -> bool:
    """Wait for the machine's end. False if stdout's reader went away before, and the machine was ended."""
    while True:
        try:
            machine.wait(_LOOK, check=False)
        except TimeoutError:
            if output.reader_gone.is_set():
                return False
        else:
            return True


def _type(machine: Machine) -> None:
    """Pass on what comes from our stdin, as it comes: a pipe's text, or a terminal's lines."""
    try:
        fd = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        fd = None
    # A terminal stops whoever reads from it in the background.
    background = fd is not None and os.isatty(fd) and os.tcgetpgrp(fd) != os.getpgrp()
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    # A program that ends without reading its input is no error.
    with contextlib.suppress(CourseError, OSError):
        while fd is not None and not background:
            data = os.read(fd, _CHUNK)
            text, end, _ = decoder.decode(data, not data).partition(_END_OF_TRANSMISSION)
            if text:
                machine.send(text)
            if end or not data:
                break
        machine.send_eof()
