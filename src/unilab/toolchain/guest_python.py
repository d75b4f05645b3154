"""This host's Python as files for a Linux guest: the interpreter, what it loads, and its library as bytecode.

Nothing is downloaded: what a Python of this host has mapped is what a guest needs of it.
"""

from __future__ import annotations

import importlib.util
import json
import marshal
import os
import platform
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from unilab.errors import ToolchainError, Unavailable
from unilab.toolchain import cache

#: Where in the guest the loader finds shared libraries.
LIBRARIES = "python-libraries"
#: Parts of the library that need what a guest has not (screens, networks, databases), or that only developers want.
_LEFT_OUT = {
    "__pycache__", "curses", "dbm", "distutils", "ensurepip", "idlelib", "lib-dynload", "lib2to3", "pydoc_data",
    "site-packages", "sqlite3", "test", "tkinter", "turtledemo", "unittest", "venv", "wsgiref", "xmlrpc",
}  # fmt: skip
_MODULES_LEFT_OUT = (
    "_bz2", "_codecs", "_crypt", "_curses", "_dbm", "_decimal", "_elementtree", "_gdbm", "_hashlib", "_lzma",
    "_sqlite3", "_ssl", "_test", "_tkinter", "_xx", "audioop", "nis", "ossaudiodev", "pyexpat", "readline", "spwd",
    "unicodedata", "xx",
)  # fmt: skip
#: Imports extension modules, and none of those left out; then tells which files have been mapped.
_LOADED = """
import importlib, json, sys
wanted, left_out = map(json.loads, sys.argv[1:])
sys.modules |= dict.fromkeys(left_out)
for name in wanted:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
lines = [line.split(maxsplit=5) for line in open("/proc/self/maps")]
print(json.dumps(sorted({words[5].strip() for words in lines if len(words) == 6 and words[5][0] == "/"})))
"""


@dataclass(frozen=True, slots=True)
class GuestPython:
    """A Python for guests.

    Attributes:
        executable: Its path in the guest, the same as on this host.
        files: Everything that it needs, by path in the guest, without the slash in front.
        environment: Variables without which it does not start.
    """

    executable: str
    files: dict[str, bytes]
    environment: dict[str, str]


def find() -> GuestPython:
    """The Python that runs this, for a guest. Its library is compiled first, once, where this host has not done so.

    Raises:
        Unavailable: It is none for the guest's processor or system.
        ToolchainError: It does not tell what it is made of.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise Unavailable("this host's Python does not run in a Linux guest", remedy="use a Linux on x86-64")
    executable = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    library = Path(sysconfig.get_path("stdlib", vars={"base": sys.base_prefix}))
    dynamic = Path(sysconfig.get_path("platstdlib", vars={"platbase": sys.base_exec_prefix}), "lib-dynload")
    modules = {path: path.name.partition(".")[0] for path in sorted(dynamic.glob("*.so"))}
    wanted = {path: name for path, name in modules.items() if not name.startswith(_MODULES_LEFT_OUT)}
    compiled = cache.entry(
        "guest-python", cache.digest([sys.version, str(library)]), lambda folder: _compile(library, folder)
    )
    files = {f"{str(library)[1:]}/{path.relative_to(compiled)}": path.read_bytes() for path in compiled.rglob("*.pyc")}
    # That folder tells Python where it lives, whether it has files in it or not.
    files[f"{str(dynamic)[1:]}/README"] = b"extension modules\n"
    files |= {str(path)[1:]: path.read_bytes() for path in wanted}
    files[str(executable)[1:]] = executable.read_bytes()
    own = {str(path) for path in (executable, *modules)}
    left_out = [name for path, name in modules.items() if path not in wanted]
    for mapped in _mapped(executable, list(wanted.values()), left_out):
        if mapped not in own:
            files |= _library(Path(mapped))
    interpreter = _interpreter(executable)
    files[interpreter[1:]] = Path(interpreter).read_bytes()
    return GuestPython(str(executable), files, {"LD_LIBRARY_PATH": f"/{LIBRARIES}"})


def _compile(library: Path, folder: Path) -> None:
    """Each module of the library as bytecode alone, which needs no source beside it."""
    for directory, names, files in os.walk(library):
        names[:] = [name for name in names if name not in _LEFT_OUT and not name.startswith("config-")]
        for name in files:
            source = Path(directory, name)
            if source.suffix == ".py" and not name.startswith("_sysconfigdata"):
                try:
                    code = compile(source.read_bytes(), str(source), "exec", dont_inherit=True)
                except (SyntaxError, ValueError):
                    continue  # there are files that are meant for other versions
                compiled = (folder / source.relative_to(library)).with_suffix(".pyc")
                compiled.parent.mkdir(parents=True, exist_ok=True)
                # PEP 552: magic number, flags (1: go by a hash, unchecked), the hash.
                head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)
                compiled.write_bytes(head + marshal.dumps(code))


def _mapped(executable: Path, wanted: list[str], left_out: list[str]) -> list[str]:
    words = [json.dumps(names) for names in (wanted, left_out)]
    ran = subprocess.run(
        [str(executable), "-I", "-c", _LOADED, *words], capture_output=True, text=True, timeout=60, check=False
    )
    try:
        return list(json.loads(ran.stdout))
    except ValueError:
        raise ToolchainError(f"this host's Python does not tell what it has loaded: {ran.stderr.strip()}") from None


def _library(path: Path) -> dict[str, bytes]:
    """A shared library under the name that programs ask for it by; nothing for any other file."""
    try:
        with path.open("rb") as file:
            dynamic: Any = ELFFile(file).get_section_by_name(".dynamic")
            names = [tag.soname for tag in dynamic.iter_tags("DT_SONAME")] if dynamic else []
    except (OSError, ELFError):
        return {}
    return {f"{LIBRARIES}/{names[0] if names else path.name}": path.read_bytes()}


def _interpreter(executable: Path) -> str:
    """The loader that an executable names."""
    with executable.open("rb") as file:
        segment: Any = next(ELFFile(file).iter_segments("PT_INTERP"), None)
        if segment is not None:
            return str(segment.get_interp_name())
    raise Unavailable("this host's Python is linked statically, and cannot load modules in a guest")
