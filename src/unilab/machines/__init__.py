"""Programs running, each architecture of the course behind one interface."""

from unilab.machines.container import Container
from unilab.machines.container_facts import ContainerFacts
from unilab.machines.devices import Disk
from unilab.machines.host import process_space
from unilab.machines.machine import EXIT, Machine
from unilab.machines.network import Forward, HostNetwork, RawNetwork, UserNetwork, Wire
from unilab.machines.observation import Observation, observe
from unilab.machines.recordings import recorded
from unilab.machines.result import End, Outcome, Result, State
from unilab.machines.run import LONGEST, run, start
from unilab.machines.survey import Survey, observe_all
from unilab.machines.unikernel import FIRST_INSTRUCTION

__all__ = [
    "EXIT",
    "FIRST_INSTRUCTION",
    "LONGEST",
    "Container",
    "ContainerFacts",
    "Disk",
    "End",
    "Forward",
    "HostNetwork",
    "Machine",
    "Observation",
    "Outcome",
    "RawNetwork",
    "Result",
    "State",
    "Survey",
    "UserNetwork",
    "Wire",
    "observe",
    "observe_all",
    "process_space",
    "recorded",
    "run",
    "start",
]
