"""Recordings: what was seen of the course's programs on a host that could run them all, for those that cannot."""

from __future__ import annotations

import contextlib
import gzip
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from unilab.architectures import ARCHITECTURES
from unilab.errors import LayoutError, QemuMissing, Unavailable
from unilab.machines import qemu
from unilab.machines.recorded_extras import EXTRAS
from unilab.machines.result import Result
from unilab.spaces import recording
from unilab.spaces.model import AddressSpace
from unilab.toolchain import linux

T = TypeVar("T")

FOLDER = Path(__file__).resolve().parent.parent / "recordings"
#: What ships as a recording: programs of ``notebooks/programs``, and what each ran as.
RECORDED = tuple(("hello.c", architecture) for architecture in ARCHITECTURES)
#: Bytes of text above which a file is compressed: smaller ones are worth reading, and comparing with the one before.
_LARGE = 256 << 10


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording, read.

    Attributes:
        result: What the program did.
        spaces: The address spaces there were, the program's first; all RECORDED.
        extras: The rest, by the names of EXTRAS; empty where nothing was.
        origin: Where and when.
    """

    result: Result
    spaces: tuple[AddressSpace, ...]
    extras: Mapping[str, tuple[Any, ...]]
    origin: str


def file_of(stem: str, on: str) -> Path | None:
    """The recording of a program by its file's name without ``.c``; None if there is none."""
    return _file(f"{stem}.{on}")


def load(file: Path) -> Recording:
    """Read a recording.

    Raises:
        LayoutError: The file is none.
    """
    with _reading(file):
        data, origin = _read(file)
        fields = data["fields"]
        spaces = tuple(recording.decode(AddressSpace, each, fields, origin=origin) for each in data["spaces"])
        if not spaces:
            raise ValueError("no address space")
        extras = {
            name: tuple(recording.decode(extra.kind, each, fields, origin=origin) for each in data["extras"][name])
            for name, extra in EXTRAS.items()
            if name in data["extras"]
        }
        return Recording(Result(**data["result"]), spaces, extras, origin)


def recorded(what: str, stem: str, on: str) -> tuple[Any, ...]:
    """Recorded values beside the address spaces.

    Args:
        what: One of EXTRAS.
        stem: The program's name without ``.c``.
        on: What it ran as.

    Raises:
        Unavailable: There is no recording of that.
    """
    file = file_of(stem, on)
    found = load(file).extras.get(what, ()) if file is not None else ()
    if not found:
        raise Unavailable(f"there is no recording of {what} of {stem} on {on}")
    return found


def save(stem: str, on: str, result: Result, spaces: Sequence[AddressSpace], extras: Mapping[str, object]) -> Path:
    """Keep what was seen as the recording of its name, in place of an older one.

    Args:
        stem: The program's name without ``.c``.
        on: What it ran as.
        result: What it did.
        spaces: The address spaces, the program's first.
        extras: Lists of values by the names of EXTRAS.
    """
    fields: recording.Fields = {}
    values = {
        "spaces": [recording.encode(space, fields) for space in spaces],
        "extras": {name: recording.encode(value, fields) for name, value in extras.items()},
    }
    # Paths say where this host keeps things, and nothing about the program.
    run = asdict(result) | {"program": f"{stem}.c", "image": Path(result.image).name}
    return _write(f"{stem}.{on}", {"host": _host(on), "result": run, "fields": fields, **values})


def save_value(stem: str, on: str, what: str, value: object) -> Path:
    """Keep a value of its own as a recording, in place of an older one.

    Args:
        stem: The program's name without ``.c``.
        on: What it ran as.
        what: Part of the file's name: ``journey``.
        value: A frozen dataclass.
    """
    fields: recording.Fields = {}
    encoded = recording.encode(value, fields)
    return _write(f"{stem}.{on}.{what}", {"host": _host(on), "fields": fields, "value": encoded})


def load_value(kind: type[T], stem: str, on: str, what: str) -> T | None:
    """A recorded value; None if there is none.

    Args:
        kind: The dataclass.
        stem: The program's name without ``.c``.
        on: What it ran as.
        what: As for ``save_value``.

    Raises:
        LayoutError: The file is no recording of that kind.
    """
    file = _file(f"{stem}.{on}.{what}")
    if file is None:
        return None
    with _reading(file):
        data, origin = _read(file)
        return recording.decode(kind, data["value"], data["fields"], origin=origin)


def _file(name: str) -> Path | None:
    files = [FOLDER / f"{name}.json", FOLDER / f"{name}.json.gz"]
    return next((file for file in files if file.exists()), None)


def _read(file: Path) -> tuple[dict[str, Any], str]:
    """What is in a file, and where and when it was recorded."""
    text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    data = json.loads(text)
    return data, f"recorded {data['recorded']} on {data['host']}"


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LayoutError(f"{file.name} is no recording: {error!r}") from error


def _write(name: str, data: Mapping[str, object]) -> Path:
    text = recording.dumps({"recorded": datetime.now(UTC).date().isoformat(), **data})
    FOLDER.mkdir(exist_ok=True)
    for old in (FOLDER / f"{name}.json", FOLDER / f"{name}.json.gz"):
        old.unlink(missing_ok=True)
    file = FOLDER / f"{name}.json"
    if len(text) <= _LARGE:
        file.write_text(text, encoding="utf-8")
        return file
    compressed = file.with_suffix(".json.gz")
    compressed.write_bytes(gzip.compress(text.encode(), mtime=0))
    return compressed


def _host(on: str) -> str:
    kernel = ".".join(platform.release().split(".")[:2])
    words = [f"{platform.system()} {kernel} {platform.machine()}"]
    try:
        words.append("QEMU " + ".".join(map(str, qemu.find().version)))
    except QemuMissing:
        words.append("no QEMU")
    if on == "linux":
        words.append(f"a guest of Linux {linux.kernel().version}")
    return ", ".join(words)
