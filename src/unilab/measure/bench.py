"""All figures by name. Each subject's measurements are in the module of its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from unilab.errors import CourseError
from unilab.measure import (
    boot,
    call,
    costs,
    edit,
    exits,
    http,
    image,
    journeys,
    memory,
    orphans,
    spaces,
    starts,
    views,
    xen,
)
from unilab.measure.figure import Figure

#: What one measurement is called, and what makes it. Several figures may come of one.
_MEASUREMENTS: dict[str, Callable[[], Iterable[Figure]]] = {
    "image.hello": image.hello,
    "boot.hello": boot.hello,
    "boot.linux": boot.linux,
    "boot.xen": xen.boot,
    "memory.hello": memory.hello,
    "edit_build_boot": edit.build_boot,
    "edit_build_boot.libos": edit.libos_file,
    "call.null": call.null,
    "call.xen": xen.calls,
    "spaces.unikernel": spaces.unikernel,
    "spaces.linux": spaces.linux,
    "spaces.process": spaces.process,
    "spaces.side_by_side": spaces.side_by_side,
    "views.thousands": views.thousands,
    "views.side_by_side": views.side_by_side,
    "cost": costs.table,
    "image.httpd": http.size,
    "http.first_response": http.first_response,
    "memory.httpd": http.memory,
    "http.idle": http.idle,
    "http.kept": http.kept,
    "http.new": http.new,
    "http.endurance": http.endurance,
    "journey.printf": journeys.printf,
    "journey.request": journeys.request,
    "hypervisor.port": exits.ports,
    "orphans": orphans.after_sigkill,
    "starts": starts.in_a_row,
}

NAMES = tuple(_MEASUREMENTS)


@dataclass(frozen=True, slots=True)
class Failure:
    """A measurement that could not be made, or not whole.

    Attributes:
        measurement: Its name, of NAMES.
        error: Why.
    """

    measurement: str
    error: CourseError


def measure(
    prefix: str | None = None, *, progress: Callable[[str], None] = lambda name: None
) -> Iterator[Figure | Failure]:
    """Measure the figures whose names begin with a prefix; each is there as soon as it is measured.

    A measurement that fails is told, and the next is made.

    Args:
        prefix: ``boot`` or ``boot.hello.over_floor.q35``; None for all.
        progress: Told the name of each measurement before it begins.

    Raises:
        CourseError: No figure's name begins so.
    """
    wanted = prefix or ""
    found = False
    for name, make in _MEASUREMENTS.items():
        # A measurement whose name is shorter may still make the figure that is asked for.
        if name.startswith(wanted) or wanted.startswith(name):
            progress(name)
            try:
                for figure in make():
                    if figure.name.startswith(wanted):
                        found = True
                        yield figure
            except CourseError as error:
                found = True
                yield Failure(name, error)
    if not found:
        raise CourseError(f"no figure's name begins with {prefix!r}", remedy="choose from: " + ", ".join(NAMES))
