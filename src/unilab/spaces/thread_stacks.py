"""Which mappings of a unikernel are the stacks of which threads, and where their guard pages are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from unilab.spaces.labels import GUARD
from unilab.spaces.model import Region

#: Bytes below a thread's stack that the C library leaves without pages. Source: musl, src/internal/pthread_impl.h,
#: DEFAULT_GUARD_SIZE.
GUARD_BYTES = 8192


def named(regions: Iterable[Region], threads: Mapping[int, int]) -> tuple[Region, ...]:
    """The same regions, with stacks called after their threads, and a region for each guard.

    Args:
        regions: In address order.
        threads: Number of each thread, and its thread pointer: the C library puts what it knows of a thread at the
            upper end of that thread's stack.
    """
    found: list[Region] = []
    for region in regions:
        owner = next((tid for tid, pointer in threads.items() if region.start <= pointer < region.end), None)
        if region.kind != "mapping" or owner is None:
            found.append(region)
            continue
        below = found[-1].end if found else 0
        if region.start - below >= GUARD_BYTES:
            found.append(
                replace(
                    region,
                    start=region.start - GUARD_BYTES,
                    end=region.start,
                    permissions="---",
                    kind=GUARD,
                    label=f"stack guard of thread {owner}",
                    backing="",
                )
            )
        found.append(replace(region, kind="stack", label=f"stack of thread {owner}"))
    return tuple(found)
