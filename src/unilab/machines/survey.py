"""``observe_all(program)``: one program as everything it can be, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from unilab import toolchain
from unilab.architectures import ARCHITECTURES
from unilab.errors import CourseError
from unilab.machines.files import Files
from unilab.machines.machine import EXIT
from unilab.machines.observation import Observation, observe


@dataclass(frozen=True, slots=True)
class Failure:
    """What kept a program from being seen as one of the architectures."""

    architecture: str
    error: CourseError


@dataclass(frozen=True, slots=True)
class Survey:
    """One program, as several architectures.

    Attributes:
        program: Path of the C file.
        observations: By architecture, in the order asked for; without those that failed.
        failures: Those.
    """

    program: str
    observations: Mapping[str, Observation]
    failures: tuple[Failure, ...]

    def __repr__(self) -> str:
        """A line for each architecture."""
        lines = [repr(seen) for seen in self.observations.values()]
        lines += [f"<{failure.architecture}: {failure.error.message}>" for failure in self.failures]
        return "\n".join(lines)


def observe_all(
    program: str | Path,
    on: Sequence[str] = ARCHITECTURES,
    *,
    stop_at: str = EXIT,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    files: Files | None = None,
) -> Survey:
    """Observe a program as several architectures at once. What fails for one of them does not keep the others.

    Args:
        program: A C file.
        on: The architectures.
        stop_at: As for ``observe``.
        args: Arguments after the program's own name.
        env: Its environment; empty unless given.
        files: A folder or files that it finds where it starts.

    Raises:
        ProgramNotFound, CompileError: It is no program, whatever it runs as.
        CourseError: There is no such architecture.
    """
    for name in on:
        if name not in ARCHITECTURES:
            raise CourseError(f"there is no architecture {name!r}", remedy=f"choose from {', '.join(ARCHITECTURES)}")
    toolchain.build(program, "process")

    def look(architecture: str) -> Observation | Failure:
        try:
            return observe(program, architecture, stop_at=stop_at, args=args, env=env, files=files)
        except CourseError as error:
            return Failure(architecture, error)

    wanted = list(dict.fromkeys(on))
    with ThreadPoolExecutor(len(wanted) or 1) as pool:
        found = dict(zip(wanted, pool.map(look, wanted), strict=True))
    return Survey(
        str(program),
        {name: seen for name, seen in found.items() if isinstance(seen, Observation)},
        tuple(failure for failure in found.values() if isinstance(failure, Failure)),
    )
