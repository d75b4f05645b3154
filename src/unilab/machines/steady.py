"""Guests whose time is made of instructions: however slowly they are watched, no more timers interrupt them for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from unilab.machines.backtrace import Symboliser
from unilab.machines.console import Console
from unilab.machines.devices import Devices
from unilab.machines.linux_guest import LinuxGuest
from unilab.machines.xen_guest import XenGuest
from unilab.toolchain import Image

#: Each instruction takes 2^4 nanoseconds of the guest's time: about what emulation takes, so that boots last as long
#: as ever. Source: QEMU, docs/devel/tcg-icount.rst.
_INSTRUCTIONS_COUNT = ("-icount", "shift=4")
#: Thousand ticks a second of the time-stamp counter, which then counts nanoseconds.
_COUNTER_RATE = 1_000_000
_LINUX_MEMORY, _DOMAIN_MEMORY = 256, 64


class SteadyLinux(LinuxGuest):
    """A Linux guest whose clock counts instructions."""

    _qemu_words = _INSTRUCTIONS_COUNT


class SteadyXen(XenGuest):
    """A machine under Xen whose clock counts instructions."""

    _qemu_words = _INSTRUCTIONS_COUNT


def linux(
    image: Image, *, args: Sequence[str], env: Mapping[str, str], machine: str, stop_at: str, deadline: float
) -> SteadyLinux:
    """A Linux guest that stops where its program is about to enter a function; not yet started.

    Arguments are those of ``start``.
    """
    made = SteadyLinux(
        image,
        Console(),
        args=args,
        env=env,
        machine=machine,
        accelerator="tcg",
        memory=_LINUX_MEMORY,
        deadline=deadline,
        stop_at=stop_at,
        devices=Devices(),
    )
    if made._counter_rate is not None:
        made._counter_rate = _COUNTER_RATE
    return made


def xen(
    image: Image, *, args: Sequence[str], env: Mapping[str, str], machine: str, stop_at: str, deadline: float
) -> SteadyXen:
    """The same for a domain of Xen."""
    return SteadyXen(
        image,
        Console(translate=Symboliser(image.debug)),
        args=args,
        env=env,
        machine=machine,
        accelerator="tcg",
        memory=_DOMAIN_MEMORY,
        deadline=deadline,
        stop_at=stop_at,
        devices=Devices(),
    )
