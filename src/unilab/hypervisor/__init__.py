"""A small hypervisor in Python: a guest of a few instructions, and every exit it makes.

``Hypervisor`` runs it on this host's processor by way of /dev/kvm, or on an emulated one where there is no KVM that
works. What follows is what a notebook needs::

    machine = Hypervisor()
    machine.run("hello64", "long")
"""

from unilab.hypervisor.assembly import GUESTS, assemble, guest, source
from unilab.hypervisor.hypervisor import CONSOLE, Hypervisor
from unilab.hypervisor.probe import probe
from unilab.hypervisor.processor import Processor
from unilab.hypervisor.state import ENTRY, Segment, State, identity_tables, long_mode, real_mode
from unilab.hypervisor.values import Access, Exit, GuestRun, Reason

__all__ = [
    "CONSOLE",
    "ENTRY",
    "GUESTS",
    "Access",
    "Exit",
    "GuestRun",
    "Hypervisor",
    "Processor",
    "Reason",
    "Segment",
    "State",
    "assemble",
    "guest",
    "identity_tables",
    "long_mode",
    "probe",
    "real_mode",
    "source",
]
