"""One Address Space: build, boot and look inside a real unikernel.

What a notebook needs is here; the rest is in the packages it comes from. Names
are imported when they are first used, so that the command line starts quickly.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unilab.doctor import report as machine_check
    from unilab.learn import Span, card, check, objectives, predict, quiz
    from unilab.learn import progress as my_progress
    from unilab.learn.scratch import write_program
    from unilab.machines import EXIT, Machine, Observation, Result, Survey, observe, observe_all, process_space
    from unilab.machines.boot_timeline import boot_timeline
    from unilab.machines.journey import journey
    from unilab.machines.run import run, start
    from unilab.machines.system_calls import trace_system_calls
    from unilab.machines.virtqueue import virtqueue_steps, virtqueues
    from unilab.toolchain.build import Image, build
    from unilab.toolchain.instructions import system_calls
    from unilab.toolchain.sizes import sizes
    from unilab.views import (
        BootTimelineView,
        ConsoleView,
        CrossingView,
        MachineControl,
        NestedView,
        PageWalkView,
        VirtqueueView,
        show,
        side_by_side,
    )

#: Public name -> the module and the name it has there.
_HOME = {
    "BootTimelineView": ("unilab.views", "BootTimelineView"),
    "ConsoleView": ("unilab.views", "ConsoleView"),
    "CrossingView": ("unilab.views", "CrossingView"),
    "EXIT": ("unilab.machines", "EXIT"),
    "Image": ("unilab.toolchain", "Image"),
    "Machine": ("unilab.machines", "Machine"),
    "MachineControl": ("unilab.views", "MachineControl"),
    "NestedView": ("unilab.views", "NestedView"),
    "Observation": ("unilab.machines", "Observation"),
    "PageWalkView": ("unilab.views", "PageWalkView"),
    "Result": ("unilab.machines", "Result"),
    "Span": ("unilab.learn", "Span"),
    "Survey": ("unilab.machines", "Survey"),
    "VirtqueueView": ("unilab.views", "VirtqueueView"),
    "boot_timeline": ("unilab.machines.boot_timeline", "boot_timeline"),
    "build": ("unilab.toolchain", "build"),
    "card": ("unilab.learn", "card"),
    "check": ("unilab.learn", "check"),
    "journey": ("unilab.machines.journey", "journey"),
    "machine_check": ("unilab.doctor", "report"),
    "my_progress": ("unilab.learn", "progress"),
    "objectives": ("unilab.learn", "objectives"),
    "observe": ("unilab.machines", "observe"),
    "observe_all": ("unilab.machines", "observe_all"),
    "predict": ("unilab.learn", "predict"),
    "process_space": ("unilab.machines", "process_space"),
    "quiz": ("unilab.learn", "quiz"),
    "run": ("unilab.machines", "run"),
    "show": ("unilab.views", "show"),
    "side_by_side": ("unilab.views", "side_by_side"),
    "sizes": ("unilab.toolchain.sizes", "sizes"),
    "start": ("unilab.machines", "start"),
    "system_calls": ("unilab.toolchain.instructions", "system_calls"),
    "trace_system_calls": ("unilab.machines.system_calls", "trace_system_calls"),
    "virtqueue_steps": ("unilab.machines.virtqueue", "virtqueue_steps"),
    "virtqueues": ("unilab.machines.virtqueue", "virtqueues"),
    "write_program": ("unilab.learn.scratch", "write_program"),
}

__all__ = [
    "EXIT",
    "BootTimelineView",
    "ConsoleView",
    "CrossingView",
    "Image",
    "Machine",
    "MachineControl",
    "NestedView",
    "Observation",
    "PageWalkView",
    "Result",
    "Span",
    "Survey",
    "VirtqueueView",
    "boot_timeline",
    "build",
    "card",
    "check",
    "journey",
    "machine_check",
    "my_progress",
    "objectives",
    "observe",
    "observe_all",
    "predict",
    "process_space",
    "quiz",
    "run",
    "show",
    "side_by_side",
    "sizes",
    "start",
    "system_calls",
    "trace_system_calls",
    "virtqueue_steps",
    "virtqueues",
    "write_program",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'unilab' has no attribute {name!r}")
    module, its_name = _HOME[name]
    value = getattr(importlib.import_module(module), its_name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """For completion."""
    return __all__
