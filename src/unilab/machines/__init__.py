"""Programs running: as a process, or as a unikernel under QEMU, behind one interface."""

from unilab.machines.machine import EXIT, Machine
from unilab.machines.observation import Observation, observe
from unilab.machines.result import End, Outcome, Result, State
from unilab.machines.run import run, start

__all__ = ["EXIT", "End", "Machine", "Observation", "Outcome", "Result", "State", "observe", "run", "start"]
