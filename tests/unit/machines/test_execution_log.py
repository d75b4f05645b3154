"""Lines as QEMU 7.2 and 10 write them."""

from __future__ import annotations

from unilab.machines.execution_log import Logged, parse

_LOG = """\
Trace 0: 0x7fef3cc00100 [0000000000000000/0000000000201646/18c0c2b3/ff000201]
Trace 0: 0x7fef3d37b5c0 [00000000/ffffffff816c2276/18c0c2b0/ff000201] io_serial_out
memory_region_ops_write cpu 0 mr 0x55e6157d9e40 addr 0x3f9 value 0x7 size 1 name 'serial'
memory_region_ops_write cpu 0 mr 0x55e61555b5e0 addr 0xfee01004 value 0x26 size 4 name 'apic-msi'
Trace 0: 0x7fef3cc26380 [0000000000000000/ffffffff812c800c/18c0c2b0/ff000201]
Stopped execution of TB chain before 0x7fef3cc26380 [ffffffff812c800c] handle_mm_fault
Trace 0: 0x7fef3cc26999 [0000000000000000/ffffffff81c00eb0/18c0c2b0/ff000201]
memory_region_ops_read cpu 0 mr 0x55e615e11660 addr 0xfed000f0 value 0x151a53c2 size 4 name 'hpet'
"""


def test_each_block_is_an_instruction_with_its_level_and_its_device() -> None:
    assert list(parse(_LOG.splitlines(keepends=True))) == [
        Logged(0x201646, 3),
        Logged(0xFFFFFFFF816C2276, 0, 0x3F9, 7),  # not what the device did in turn
        Logged(0xFFFFFFFF81C00EB0, 0, 0xFED000F0),  # an interrupt came before the one in between
    ]


def test_an_empty_log_has_none() -> None:
    assert list(parse([])) == []
