"""Programs running: as a process, or as a unikernel under QEMU, behind one interface."""

from unilab.machines.devices import Disk
from unilab.machines.machine import EXIT, Machine
from unilab.machines.network import Forward, RawNetwork, UserNetwork, Wire
from unilab.machines.observation import Observation, observe
from unilab.machines.result import End, Outcome, Result, State
from unilab.machines.run import LONGEST, run, start
from unilab.machines.unikernel import FIRST_INSTRUCTION

__all__ = [
    "EXIT",
    "FIRST_INSTRUCTION",
    "LONGEST",
    "Disk",
    "End",
    "Forward",
    "Machine",
    "Observation",
    "Outcome",
    "RawNetwork",
    "Result",
    "State",
    "UserNetwork",
    "Wire",
    "observe",
    "run",
    "start",
]
