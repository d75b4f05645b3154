"""Guests whose time is made of instructions: however slowly they are watched, no more timers interrupt them for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from unilab.machines.backtrace import Symboliser
from unilab.machines.console import Console
from unilab.machines.devices import Devices
from unilab.machines.linux_guest import LinuxGuest
from unilab.machines.unikernel import Unikernel
from unilab.machines.xen_guest import XenGuest
from unilab.toolchain import Image

#: Each instruction takes 2^4 nanoseconds of the guest's time: about what emulation takes, so that boots last as long
#: as ever. Source: QEMU, docs/devel/tcg-icount.rst.
_INSTRUCTIONS_COUNT = ("-icount", "shift=4")
#: Thousand ticks a second of the time-stamp counter, which then counts nanoseconds.
_COUNTER_RATE = 1_000_000
_LINUX_MEMORY, _DOMAIN_MEMORY, _UNIKERNEL_MEMORY = 256, 64, 64


class SteadyLinux(LinuxGuest):
    """A Linux guest whose clock counts instructions."""

    _qemu_words = _INSTRUCTIONS_COUNT


class SteadyUnikernel(Unikernel):
    """A unikernel whose clock counts instructions."""

    _qemu_words = _INSTRUCTIONS_COUNT


class SteadyXen(XenGuest):
    """A machine under Xen whose clock counts instructions."""

    _qemu_words = _INSTRUCTIONS_COUNT


def linux(
    image: Image,
    *,
    args: Sequence[str],
    env: Mapping[str, str],
    machine: str,
    stop_at: str | None,
    deadline: float,
    devices: Devices | None = None,
    on_output: Callable[[str], None] | None = None,
) -> SteadyLinux:
    """A Linux guest that stops where its program is about to enter a function; not yet started.

    Arguments are those of ``start``.
    """
    made = SteadyLinux(
        image,
        Console(listener=on_output),
        args=args,
        env=env,
        machine=machine,
        accelerator="tcg",
        memory=_LINUX_MEMORY,
        deadline=deadline,
        stop_at=stop_at,
        devices=devices or Devices(),
    )
    if made._counter_rate is not None:
        made._counter_rate = _COUNTER_RATE
    return made


def unikernel(
    image: Image,
    *,
    args: Sequence[str],
    env: Mapping[str, str],
    machine: str,
    deadline: float,
    devices: Devices,
    on_output: Callable[[str], None] | None = None,
) -> SteadyUnikernel:
    """A unikernel with devices; not yet started. Arguments are those of ``start``."""
    return SteadyUnikernel(
        image,
        Console(translate=Symboliser(image.debug), listener=on_output),
        args=args,
        env=env,
        machine=machine,
        accelerator="tcg",
        memory=_UNIKERNEL_MEMORY,
        deadline=deadline,
        stop_at=None,
        devices=devices,
    )


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
