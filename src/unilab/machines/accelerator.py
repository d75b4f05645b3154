"""Which accelerator is worth using here: found out by trying, not by looking.

/dev/kvm may exist and still be useless: some hosts' nested virtualisation
aborts QEMU or runs guests hundreds of times slower than emulation does.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path

from unilab.errors import CourseError
from unilab.machines import qemu
from unilab.machines.host_boot import boot_id
from unilab.machines.limits import bounded
from unilab.toolchain import cache, zig

CHOICES = ("auto", "tcg", "kvm")

_KVM = "/dev/kvm"
_DEADLINE = 2.0
_QEMU_ADDRESSES = 4 << 30
#: Loop turns: some 50 ms under emulation, next to nothing on a real processor.
_WORK = 20_000_000
#: The guest's value 0x55 at the debug-exit port, as QEMU's exit code.
_DONE = 0x55 << 1 | 1


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found out about accelerators.

    Attributes:
        name: The accelerator to use: ``tcg`` or ``kvm``.
        reason: Why, in a few words.
    """

    name: str
    reason: str


def choose(asked: str = "auto") -> str:
    """The accelerator for a machine.

    Args:
        asked: ``auto``, ``tcg`` or ``kvm``; ``$UNILAB_ACCEL`` stands for ``auto`` where it is set.

    Raises:
        CourseError: There is no such accelerator, or no /dev/kvm to use.
    """
    if asked == "auto":
        asked = os.environ.get("UNILAB_ACCEL", "auto")
    if asked not in CHOICES:
        raise CourseError(f"there is no accelerator {asked!r}", remedy=f"choose one of {', '.join(CHOICES)}")
    if asked == "kvm" and not os.access(_KVM, os.R_OK | os.W_OK):
        raise CourseError("this host has no /dev/kvm that you may use", remedy="choose tcg, which any host has")
    return probe().name if asked == "auto" else asked


def probe() -> Probe:
    """Find the faster accelerator that works. Done once per boot of the host and remembered in the cache.

    Raises:
        QemuMissing: There is no QEMU to try.
    """
    if not os.access(_KVM, os.R_OK | os.W_OK):
        return Probe("tcg", "this host has no /dev/kvm that you may use")
    found = qemu.find()

    def build(folder: Path) -> None:
        (folder / "probe.json").write_text(json.dumps(asdict(_try_both(found))))

    key = cache.digest([boot_id(), found.path, repr(found.version)])
    return Probe(**json.loads((cache.entry("accelerator", key, build) / "probe.json").read_text()))


def bare_kernel(work: int = 1) -> Path:
    """The image of bare.S.

    Args:
        work: Loop turns before it leaves, at least 1.
    """
    source = resources.files(__package__).joinpath("bare.S").read_text()

    def build(folder: Path) -> None:
        (folder / "bare.S").write_text(source)
        flags = [f"--target={zig.TARGET}", f"-DWORK={work}"]
        zig.must(["clang", *flags, "-c", "bare.S", "-o", "bare.o"], doing="assembling bare.S", cwd=folder)
        link = ["ld.lld", "-m", "elf_x86_64", "-static", "-n", "-e", "entry", "-Ttext=0x100000", "-z", "norelro"]
        zig.must([*link, "bare.o", "-o", "bare.elf"], doing="linking bare.S", cwd=folder)

    return cache.entry("bare", cache.digest([zig.version(), source, str(work)]), build) / "bare.elf"


def _try_both(found: qemu.Qemu) -> Probe:
    kernel = bare_kernel(_WORK)
    tcg, _ = _time(found, kernel, "tcg", _DEADLINE * 10)
    kvm, complaint = _time(found, kernel, "kvm", _DEADLINE)
    if kvm is None:
        return Probe("tcg", f"KVM is present but does not work: {complaint}")
    if tcg is not None and kvm > tcg:
        return Probe("tcg", f"KVM works but is slower here: {kvm:.2f} s against {tcg:.2f} s")
    return Probe("kvm", "KVM works")


def _time(found: qemu.Qemu, kernel: Path, accelerator: str, deadline: float) -> tuple[float | None, str]:
    """Seconds the bare kernel takes; None and the reason if it does not end as it should."""
    cpu = "host" if accelerator == "kvm" else "max"
    command = [found.path, "-machine", qemu.MACHINES["microvm"], "-accel", accelerator, "-cpu", cpu, "-m", "16M"]
    command += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "null"]
    command += ["-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", str(kernel)]
    begin = time.monotonic()
    try:
        ended = subprocess.run(
            bounded(command, memory=_QEMU_ADDRESSES, seconds=deadline),
            capture_output=True,
            text=True,
            timeout=deadline,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return None, f"a kernel that takes milliseconds had not ended after {deadline:g} s"
    except OSError as error:
        return None, str(error)
    if ended.returncode != _DONE:
        lines = ended.stderr.strip().splitlines()
        return None, lines[0] if lines else f"QEMU ended with code {ended.returncode}"
    return time.monotonic() - begin, ""
