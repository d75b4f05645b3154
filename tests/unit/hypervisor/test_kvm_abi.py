"""Layouts against the numbers that the kernel's headers give: an ioctl's number holds the size of what it carries."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import pytest

from unilab.hypervisor import kvm_abi as abi


def test_ioctl_numbers_are_those_of_the_kernel() -> None:
    # As strace shows them for a virtual machine manager: sizes 32, 144, 312.
    assert abi.CREATE_VM == 0xAE01
    assert abi.RUN == 0xAE80
    assert abi.SET_USER_MEMORY_REGION == 0x4020AE46
    assert abi.SET_REGS == 0x4090AE82
    assert abi.GET_SREGS == 0x8138AE83
    assert abi.SET_SREGS == 0x4138AE84
    assert abi.SET_SIGNAL_MASK == 0x4004AE8B
    assert abi.SET_CPUID2 == 0x4008AE90


def test_an_exit_is_where_the_kernel_writes_it() -> None:
    assert abi.Run.exit_reason.offset == 8
    assert abi.Run.why.offset == 32
    assert abi.Io.data_offset.offset == 8
    assert abi.Mmio.len.offset == 16
    assert abi.SignalMask.sigset.offset == 4
    assert ctypes.sizeof(abi.Segment) == 24


def test_exit_reasons_are_those_of_the_headers() -> None:
    header = Path("/usr/include/linux/kvm.h")
    if not header.exists():
        pytest.skip("needs the kernel's headers, which compilers bring along")
    numbers = dict(re.findall(r"#define KVM_EXIT_(\w+)\s+(\d+)", header.read_text()))
    for name in ("IO", "HLT", "MMIO", "SHUTDOWN", "FAIL_ENTRY", "INTERNAL_ERROR"):
        assert getattr(abi, f"EXIT_{name}") == int(numbers[name])
