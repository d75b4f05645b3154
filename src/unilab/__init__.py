"""One Address Space: build, boot and look inside a real unikernel.

What a notebook needs is here; the rest is in the packages it comes from. Names
are imported when they are first used, so that the command line starts quickly.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unilab.doctor import report as machine_check
    from unilab.learn import card, check, predict, quiz
    from unilab.learn.scratch import write_program
    from unilab.machines import EXIT, Machine, Observation, Result, observe
    from unilab.machines.run import run, start
    from unilab.toolchain.build import Image, build
    from unilab.toolchain.instructions import system_calls
    from unilab.toolchain.sizes import sizes
    from unilab.views import show

#: Public name -> the module and the name it has there.
_HOME = {
    "EXIT": ("unilab.machines", "EXIT"),
    "Image": ("unilab.toolchain", "Image"),
    "Machine": ("unilab.machines", "Machine"),
    "Observation": ("unilab.machines", "Observation"),
    "Result": ("unilab.machines", "Result"),
    "build": ("unilab.toolchain", "build"),
    "card": ("unilab.learn", "card"),
    "check": ("unilab.learn", "check"),
    "machine_check": ("unilab.doctor", "report"),
    "observe": ("unilab.machines", "observe"),
    "predict": ("unilab.learn", "predict"),
    "quiz": ("unilab.learn", "quiz"),
    "run": ("unilab.machines", "run"),
    "show": ("unilab.views", "show"),
    "sizes": ("unilab.toolchain.sizes", "sizes"),
    "start": ("unilab.machines", "start"),
    "system_calls": ("unilab.toolchain.instructions", "system_calls"),
    "write_program": ("unilab.learn.scratch", "write_program"),
}

__all__ = [
    "EXIT",
    "Image",
    "Machine",
    "Observation",
    "Result",
    "build",
    "card",
    "check",
    "machine_check",
    "observe",
    "predict",
    "quiz",
    "run",
    "show",
    "sizes",
    "start",
    "system_calls",
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
