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
    from unilab.learn.edit import edit
    from unilab.learn.explain import explain
    from unilab.learn.scratch import write_program
    from unilab.machines import EXIT, Machine, Observation, Result, Survey, observe, observe_all, process_space
    from unilab.machines.boot_steps import boot_steps
    from unilab.machines.boot_timeline import boot_timeline
    from unilab.machines.capture import capture
    from unilab.machines.journey import journey
    from unilab.machines.request_journey import request_journey
    from unilab.machines.run import run, start
    from unilab.machines.system_calls import trace_system_calls
    from unilab.machines.thread_timeline import thread_timeline
    from unilab.machines.virtqueue import virtqueue_steps, virtqueues
    from unilab.measure.call import null_call
    from unilab.measure.comparison import compare
    from unilab.toolchain.build import Image, build
    from unilab.toolchain.disassembly import disassemble
    from unilab.toolchain.instructions import system_calls
    from unilab.toolchain.sizes import image_map, sizes
    from unilab.views import (
        BootStepsView,
        BootTimelineView,
        ComparisonView,
        ConsoleView,
        CrossingView,
        ExchangeView,
        ImageMapView,
        MachineControl,
        NestedView,
        PageWalkView,
        ThreadTimelineView,
        VirtqueueView,
        show,
        side_by_side_code,
    )
    from unilab.views.side_by_side import side_by_side

#: Public name -> the module and the name it has there.
_HOME = {
    "BootStepsView": ("unilab.views", "BootStepsView"),
    "BootTimelineView": ("unilab.views", "BootTimelineView"),
    "ComparisonView": ("unilab.views", "ComparisonView"),
    "ConsoleView": ("unilab.views", "ConsoleView"),
    "CrossingView": ("unilab.views", "CrossingView"),
    "EXIT": ("unilab.machines", "EXIT"),
    "ImageMapView": ("unilab.views", "ImageMapView"),
    "ExchangeView": ("unilab.views", "ExchangeView"),
    "Image": ("unilab.toolchain", "Image"),
    "Machine": ("unilab.machines", "Machine"),
    "MachineControl": ("unilab.views", "MachineControl"),
    "NestedView": ("unilab.views", "NestedView"),
    "Observation": ("unilab.machines", "Observation"),
    "PageWalkView": ("unilab.views", "PageWalkView"),
    "Result": ("unilab.machines", "Result"),
    "Span": ("unilab.learn", "Span"),
    "Survey": ("unilab.machines", "Survey"),
    "ThreadTimelineView": ("unilab.views", "ThreadTimelineView"),
    "VirtqueueView": ("unilab.views", "VirtqueueView"),
    "boot_steps": ("unilab.machines.boot_steps", "boot_steps"),
    "boot_timeline": ("unilab.machines.boot_timeline", "boot_timeline"),
    "build": ("unilab.toolchain", "build"),
    "capture": ("unilab.machines.capture", "capture"),
    "card": ("unilab.learn", "card"),
    "check": ("unilab.learn", "check"),
    "disassemble": ("unilab.toolchain.disassembly", "disassemble"),
    "compare": ("unilab.measure.comparison", "compare"),
    "edit": ("unilab.learn.edit", "edit"),
    "explain": ("unilab.learn.explain", "explain"),
    "image_map": ("unilab.toolchain.sizes", "image_map"),
    "journey": ("unilab.machines.journey", "journey"),
    "machine_check": ("unilab.doctor", "report"),
    "my_progress": ("unilab.learn", "progress"),
    "null_call": ("unilab.measure.call", "null_call"),
    "objectives": ("unilab.learn", "objectives"),
    "observe": ("unilab.machines", "observe"),
    "observe_all": ("unilab.machines", "observe_all"),
    "predict": ("unilab.learn", "predict"),
    "process_space": ("unilab.machines", "process_space"),
    "quiz": ("unilab.learn", "quiz"),
    "request_journey": ("unilab.machines.request_journey", "request_journey"),
    "run": ("unilab.machines", "run"),
    "show": ("unilab.views", "show"),
    "side_by_side": ("unilab.views", "side_by_side"),
    "side_by_side_code": ("unilab.views", "side_by_side_code"),
    "sizes": ("unilab.toolchain.sizes", "sizes"),
    "start": ("unilab.machines", "start"),
    "system_calls": ("unilab.toolchain.instructions", "system_calls"),
    "thread_timeline": ("unilab.machines.thread_timeline", "thread_timeline"),
    "trace_system_calls": ("unilab.machines.system_calls", "trace_system_calls"),
    "virtqueue_steps": ("unilab.machines.virtqueue", "virtqueue_steps"),
    "virtqueues": ("unilab.machines.virtqueue", "virtqueues"),
    "write_program": ("unilab.learn.scratch", "write_program"),
}

__all__ = [
    "EXIT",
    "BootStepsView",
    "BootTimelineView",
    "ComparisonView",
    "ConsoleView",
    "CrossingView",
    "ExchangeView",
    "Image",
    "ImageMapView",
    "Machine",
    "MachineControl",
    "NestedView",
    "Observation",
    "PageWalkView",
    "Result",
    "Span",
    "Survey",
    "ThreadTimelineView",
    "VirtqueueView",
    "boot_steps",
    "boot_timeline",
    "build",
    "capture",
    "card",
    "check",
    "compare",
    "disassemble",
    "edit",
    "explain",
    "image_map",
    "journey",
    "machine_check",
    "my_progress",
    "null_call",
    "objectives",
    "observe",
    "observe_all",
    "predict",
    "process_space",
    "quiz",
    "request_journey",
    "run",
    "show",
    "side_by_side",
    "side_by_side_code",
    "sizes",
    "start",
    "system_calls",
    "thread_timeline",
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
