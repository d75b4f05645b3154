"""The processor. Given: you need not change it.

It is executed by the host's processor, by way of /dev/kvm, or by an emulator (Unicorn); you cannot tell which.

    processor = Processor(memory, state)
    left = processor.run()

``run`` lets the guest execute until its next VM exit, and ``left.reason`` says why it left:

- ``Reason.IO``: an ``in`` or ``out`` instruction. ``left.address`` is the port.
- ``Reason.MMIO``: a load or store where there is no RAM. ``left.address`` is the physical address.
  Both have ``left.size`` (bytes), ``left.write`` (does the guest give a value, or want one?) and ``left.value``.
  For a read, set ``processor.reply`` before you call ``run`` again.
- ``Reason.HLT``: the guest has halted. ``Reason.SHUTDOWN``: it has made a triple fault. Do not call ``run`` again.

``memory`` is a ``mmap`` of the guest's RAM, from physical address 0 on. ``State`` and ``Segment`` are described where
they are defined: ``help(State)``.
"""

from unilab.hypervisor import Processor, Reason, Segment, State

__all__ = ["Processor", "Reason", "Segment", "State"]
