"""``run(program, on=architecture)``: the one idea that carries the software."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from unilab import toolchain
from unilab.errors import CourseError
from unilab.machines import accelerator as accelerators
from unilab.machines import container_host
from unilab.machines.backtrace import Symboliser
from unilab.machines.console import Console
from unilab.machines.contained_guest import ContainedGuest
from unilab.machines.container import Container
from unilab.machines.devices import Devices, Disk
from unilab.machines.files import Files
from unilab.machines.files import read as read_files
from unilab.machines.linux_guest import LinuxGuest
from unilab.machines.machine import Machine
from unilab.machines.network import HostNetwork, Network
from unilab.machines.process import Process
from unilab.machines.qemu import MACHINES
from unilab.machines.result import Result
from unilab.machines.unikernel import Unikernel
from unilab.machines.xen_guest import XenGuest
from unilab.toolchain import Image

#: MiB. All of it then lies below the hole for devices, on every machine: physical addresses count from its beginning.
MOST_MEMORY = 2048
#: MiB, where nobody says.
_MEMORY, _LINUX_MEMORY = 64, 256
#: What has no devices of its own.
_OF_THE_HOST = {"process", "container"}
#: QEMU's machine type, where nobody says and microvm cannot be or is not usual.
_MACHINE = {"linux": "q35", "container": "q35", "xen": "pc"}
#: Seconds: a day.
LONGEST = 86_400


def start(
    program: str | Path | Image,
    on: str = "unikernel",
    *,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    machine: str | None = None,
    accelerator: str = "auto",
    memory: int | None = None,
    files: Files | None = None,
    initrd: str | Path | None = None,
    disks: Sequence[str | Path | Disk] = (),
    network: Network | None = None,
    entropy: bool = False,
    second_console: bool = False,
    cpu_without: Sequence[str] = (),
    cpu_with: Sequence[str] = (),
    kernel_options: Sequence[str] = (),
    trace: bool = False,
    overlay: str | Path | None = None,
    deadline: float = 300.0,
    stop_at: str | None = None,
    on_output: Callable[[str], None] | None = None,
) -> Machine:
    """Build a program if need be, and start it.

    Args:
        program: A C file, or an image from ``build``, whose architecture then counts.
        on: ``unikernel``; ``process``; ``container``: a process in namespaces of its own, on this host or, where that
            forbids it, in a Linux guest; ``linux``: a process of a whole Linux on a virtual machine; or ``xen``: a
            unikernel that is the first domain of Xen on one.
        args: Arguments after the program's own name.
        env: Its environment; empty unless given.
        machine: QEMU's machine type: ``microvm``, ``q35`` or ``pc``; ``microvm`` unless given, ``q35`` for Linux and
            ``pc`` for Xen. A process has none.
        accelerator: ``auto``, ``tcg`` or ``kvm``. A process has none.
        memory: MiB: a guest's RAM, or the address space a process may fill; 64 unless given, and 256 for Linux.
        files: A folder, which it finds under its name where it starts; or paths, and the text or bytes of each file.
        initrd: A file that a unikernel finds in its memory: a unikernel's only. Processes have none of the next five.
        disks: Files that are a guest's disks, first to last, to read and to write; ``Disk`` for more choice.
        network: What its network card is connected to: a ``UserNetwork`` or a ``RawNetwork``. None: it has no card. A
            Linux guest may have one, too; and a container that is to have no network of its own, ``HostNetwork()``.
        entropy: It has a virtio device that makes random bytes.
        second_console: It has a virtio console too, /dev/hvc0, whose other end is the machine's ``second_console``.
        cpu_without: Features that its processor lacks, by QEMU's names, such as ``rdrand``.
        cpu_with: Features that it has beside the usual ones: ``la57`` gives Linux page tables of five levels.
        kernel_options: Words for a Linux guest's kernel, such as ``pti=on``.
        trace: A unikernel tells of each call of its library OS on its console. As in ``build``.
        overlay: A folder whose files stand in front of those of ``libos/``. As in ``build``.
        deadline: Seconds after which it is ended, come what may.
        stop_at: Pause it when it is about to enter this function; ``"exit"``: when it is about to end.
        on_output: Gets each piece of console text as it comes, on another thread.

    Returns:
        The running machine, or the paused one with ``stop_at``. Use it in a ``with`` statement, or ``quit`` it. One to
        which nothing refers any more is ended.

    Raises:
        ProgramNotFound, CompileError: As in ``build``.
        QemuMissing: A unikernel needs QEMU.
        StartFailed, DeadlineExceeded, MachineError: It did not start, or did not reach ``stop_at``.
        CourseError: An option makes no sense. The message says which do.
    """
    architecture = program.architecture if isinstance(program, Image) else on
    machine = machine or _MACHINE.get(architecture, "microvm")
    memory = (_LINUX_MEMORY if architecture == "linux" else _MEMORY) if memory is None else memory
    if not 1 <= memory <= MOST_MEMORY:
        raise CourseError(
            f"{memory} MiB is no amount of memory for a machine", remedy=f"give it 1 to {MOST_MEMORY} MiB"
        )
    if not 0 < deadline <= LONGEST:
        raise CourseError(
            f"a machine cannot run for {deadline} seconds", remedy=f"give it more than 0 and at most {LONGEST}"
        )
    if machine not in MACHINES:
        raise CourseError(f"there is no machine {machine!r}", remedy=f"choose one of {', '.join(MACHINES)}")
    _check_words(args, env or {})
    found = None if files is None else read_files(files)
    devices = Devices(
        initrd, tuple(disks), network, entropy, second_console, {} if architecture in _OF_THE_HOST else found or {}
    )
    if isinstance(program, Image):
        if trace or overlay is not None:
            how = "trace=True" if trace else "the overlay"
            raise CourseError("this image was built before", remedy=f"build it with {how}, or give the C file")
        image = program
    else:
        services = [*(["disk"] if disks else []), *(["second_console"] if second_console else [])]
        image = toolchain.build(program, on, trace=trace, services=services, overlay=overlay)
    _check_kernel_options(kernel_options, image)
    console = Console(translate=Symboliser(image.debug), listener=on_output)
    make: Callable[..., Machine]
    if image.architecture in _OF_THE_HOST:
        host_network = network if isinstance(network, HostNetwork) else None
        if (replace(devices, network=None) if host_network else devices) or cpu_without or cpu_with:
            raise _no_devices(image.architecture)
        make = _on_host(
            image.architecture,
            machine=machine,
            accelerator=accelerator,
            memory=memory,
            found=found,
            network=host_network,
        )
    else:
        guest: Callable[..., Machine] = XenGuest if image.architecture == "xen" else Unikernel
        if image.architecture == "linux":
            guest = partial(LinuxGuest, kernel_options=kernel_options)
        make = partial(
            guest,
            machine=machine,
            accelerator=accelerators.choose(accelerator),
            memory=memory,
            devices=devices,
            cpu_without=cpu_without,
            cpu_with=cpu_with,
        )
    try:
        made = make(image, console, args=args, env=env or {}, deadline=deadline, stop_at=stop_at)
    except KeyError as error:
        raise CourseError(
            f"{image.program.name} has no function {stop_at!r} to stop at",
            remedy='name a function that is linked into it, or "exit"',
        ) from error
    try:
        return made.start()
    except BaseException:
        made.quit()  # an interrupt may have come on the way out of start()
        raise


def _on_host(
    architecture: str,
    *,
    machine: str,
    accelerator: str,
    memory: int,
    found: Mapping[str, bytes] | None,
    network: HostNetwork | None,
) -> Callable[..., Machine]:
    """What runs a program without devices: a process, or a container, which may have to be in a guest."""
    if architecture == "process":
        return partial(Process, memory=memory, found=found)
    why = container_host.forbidden()
    if not why:
        return partial(Container, memory=memory, found=found, network=network)
    return partial(
        ContainedGuest,
        machine=machine,
        accelerator=accelerators.choose(accelerator),
        memory=min(memory + _LINUX_MEMORY, MOST_MEMORY),
        contained_memory=memory,
        found=found,
        network=network,
        why=why,
    )


def _no_devices(architecture: str) -> CourseError:
    has = "the files, the network and the processor" if architecture == "process" else "the processor"
    return CourseError(
        f"a {architecture} has {has} of this host, and no devices of its own",
        remedy='leave out initrd, disks, network, entropy, second_console and cpu_without, or run it on="unikernel"',
    )


def run(
    program: str | Path | Image,
    on: str = "unikernel",
    *,
    input: str = "",
    check: bool = True,
    args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    machine: str | None = None,
    accelerator: str = "auto",
    memory: int | None = None,
    files: Files | None = None,
    initrd: str | Path | None = None,
    disks: Sequence[str | Path | Disk] = (),
    network: Network | None = None,
    entropy: bool = False,
    second_console: bool = False,
    cpu_without: Sequence[str] = (),
    cpu_with: Sequence[str] = (),
    kernel_options: Sequence[str] = (),
    trace: bool = False,
    overlay: str | Path | None = None,
    deadline: float = 30.0,
    on_output: Callable[[str], None] | None = None,
) -> Result:
    """Build a program if need be, run it to its end, and give back what it did.

    The arguments are those of ``start``, and two more: ``input`` is typed on its console, followed by the end of the
    file; ``check`` raises if it crashed. A program that ends with a status other than 0 has not crashed.

    Raises:
        GuestPanic, MachineError: With ``check``: it crashed, or a signal ended it.
        DeadlineExceeded: It did not end in time.
        CourseError: As for ``start``.
    """
    running = start(
        program,
        on,
        args=args,
        env=env,
        machine=machine,
        accelerator=accelerator,
        memory=memory,
        files=files,
        initrd=initrd,
        disks=disks,
        network=network,
        entropy=entropy,
        second_console=second_console,
        cpu_without=cpu_without,
        cpu_with=cpu_with,
        kernel_options=kernel_options,
        trace=trace,
        overlay=overlay,
        deadline=deadline,
        on_output=on_output,
    )
    try:
        with running:
            if input:
                # On a thread of its own: the program may print much before it reads, and we must not wait for it.
                threading.Thread(target=_type, args=(running, input), daemon=True).start()
            else:
                _type(running, input)
            running.wait(check=check)
            return running.result()
    finally:
        running.quit()  # an interrupt may have come on the way into the with statement, or out of it


def _type(machine: Machine, text: str) -> None:
    # A program that ends without reading its input is no error.
    with contextlib.suppress(CourseError, OSError):
        if text:
            machine.send(text)
        machine.send_eof()


def _check_kernel_options(kernel_options: Sequence[str], image: Image) -> None:
    if kernel_options and image.architecture != "linux":
        raise CourseError("kernel options are for a Linux guest's kernel", remedy='run it on="linux"')


def _check_words(args: Sequence[str], env: Mapping[str, str]) -> None:
    if any("\0" in word for word in (*args, *env, *env.values())):
        raise CourseError("an argument has a NUL in it, which would be its end", remedy="leave it out")
    for name in env:
        if not name or "=" in name:
            raise CourseError(f"{name!r} cannot be the name of a variable", remedy="give it a name without =")
