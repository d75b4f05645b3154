"""Letting gdb attach to a machine: a place to meet, and the commands that gdb begins with."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import tempfile
from pathlib import Path

from unilab.errors import Unavailable
from unilab.toolchain import Image, libos

#: What gdb is told about threads of the library OS.
_COMMANDS = Path(__file__).parent / "libos_gdb.py"


class Rendezvous:
    """A folder that only its owner may enter, with the socket where gdb and QEMU meet, and gdb's command file.

    Args:
        image: What gdb will debug.

    Raises:
        Unavailable: There is no gdb.
    """

    def __init__(self, image: Image) -> None:
        self._gdb = find()
        self._folder = Path(tempfile.mkdtemp(prefix="unilab-gdb-"))
        self.socket = self._folder / "socket"
        self._script = self._folder / "attach.gdb"
        self._script.write_text(script(image, self.socket))
        # It was built from these very sources: the cache goes by what is in them. But gdb goes by dates, and those of a
        # fresh checkout are later than that of an image which was there before.
        with contextlib.suppress(OSError):
            image.debug.touch()

    @property
    def command(self) -> tuple[str, ...]:
        """What to type to attach."""
        return (self._gdb, "-q", "-x", str(self._script))

    def __str__(self) -> str:
        """The command as one types it."""
        return shlex.join(("gdb", *self.command[1:]))

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


def find() -> str:
    """The path of gdb.

    Raises:
        Unavailable: It is not installed.
    """
    path = shutil.which("gdb")
    if path is None:
        raise Unavailable(
            "gdb is missing: there is no gdb in PATH",
            remedy="install it: apt-get install gdb, dnf install gdb, brew install gdb, "
            "or conda install -c conda-forge gdb",
        )
    return path


def script(image: Image, socket: Path) -> str:
    """The commands by which gdb knows the image, the library OS and its sources, and attaches."""
    return "\n".join(
        [
            f"file {_quoted(image.debug)}",
            f"directory {_quoted(image.libos or libos.tree())}",
            f"source {_COMMANDS}",
            # Otherwise the end of gdb is the end of the machine.
            "define hook-quit",
            "libos-leave",
            "end",
            f"target remote {socket}",
            "",
        ]
    )


def _quoted(path: Path) -> str:
    """A file name for commands of gdb that split their arguments as a shell does."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
