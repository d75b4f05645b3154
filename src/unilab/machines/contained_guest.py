"""The program in a container in a Linux guest: for hosts that forbid containers."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from unilab.errors import StartFailed
from unilab.machines import container, container_facts, container_host
from unilab.machines.console import Console
from unilab.machines.container_facts import ContainerFacts
from unilab.machines.devices import Devices
from unilab.machines.keeper import Keeper
from unilab.machines.lifecycle import PATIENCE
from unilab.machines.linux_guest import LinuxGuest
from unilab.machines.network import Forward, HostNetwork, UserNetwork
from unilab.machines.result import Outcome
from unilab.spaces.linux import Task
from unilab.toolchain import Image

#: In the guest's root directory.
_ARCHIVE, _PROGRAM, _REPORT = "container.cpio", "container.program", "container.report"
#: How contain.c ends, and what it says on the console, if it fails itself.
_FAILED_STATUS, _COMPLAINT = 125, "contain: "
#: What contain.c calls the container's process 1.
_INIT = "init"


class ContainedGuest(LinuxGuest):
    """The same container as on the host, built by the same program, on a Linux of its own under QEMU.

    To the guest it is one more program, which is told what to contain by its arguments.

    Args:
        image: Built for ``container``.
        args: Arguments after the program's name.
        env: Its whole environment.
        machine: ``q35`` or ``pc``.
        accelerator: ``tcg`` or ``kvm``.
        memory: MiB of the guest's RAM.
        contained_memory: MiB that the container may use of it.
        deadline: Seconds.
        stop_at: A function's name, ``EXIT`` or None.
        found: Files that are in its root directory, where it starts.
        network: That of the guest around it, if it is to have none of its own: the ports lead there.
        why: Why it is not on the host.
    """

    architecture = "container"
    _place_in_words = "container in a "

    def __init__(
        self,
        image: Image,
        console: Console,
        *,
        args: Sequence[str],
        env: Mapping[str, str],
        machine: str,
        accelerator: str,
        memory: int,
        contained_memory: int,
        deadline: float,
        stop_at: str | None,
        found: Mapping[str, bytes] | None,
        network: HostNetwork | None,
        why: str,
    ) -> None:
        container.check_names(found or {})
        options = container.options(
            archive=f"/{_ARCHIVE}", report=f"/{_REPORT}", memory=contained_memory, network=network
        )
        around = None if network is None else UserNetwork(tuple(Forward(0, port) for port in network.ports))
        files = {_ARCHIVE: container.archive(found or {}), _PROGRAM: image.path.read_bytes(), _REPORT: b""}
        super().__init__(
            image,
            console,
            args=[*options, "--own-system", f"/{_PROGRAM}", image.program.stem, *args],
            env=env,
            machine=machine,
            accelerator=accelerator,
            memory=memory,
            deadline=deadline,
            stop_at=stop_at,
            devices=Devices(files=files, network=around),
        )
        self._starts = container_host.contain()
        self._contained_memory = contained_memory
        self._why = why

    def facts(self) -> ContainerFacts:
        """Its namespaces, limits, files and privileges when its program started. "Outside" is the guest's Linux.

        Raises:
            MachineError: It has ended, is paused, or the container was not built.
        """
        until = time.monotonic() + PATIENCE
        host = f"a Linux guest, because {self._why}"
        while (facts := container_facts.parse(self.file(f"/{_REPORT}").decode(errors="replace"), host=host)) is None:
            if time.monotonic() > until:
                raise self._error("the container does not get built")
        return facts

    def _is_parent(self, task: Task) -> bool:
        return task.name == _INIT and task.pid != 1

    def _outcome(self, keeper: Keeper) -> Outcome:
        outcome = super()._outcome(keeper)
        complaint = self.console.text.rstrip().rpartition("\n")[2]
        if complaint.startswith(f"{_COMPLAINT}out of memory"):
            raise self._error(
                f"the container had used up its {self._contained_memory} MiB, and the kernel ended a process of it",
                remedy="give it more memory",
            )
        if outcome.exit_status == _FAILED_STATUS and complaint.startswith(_COMPLAINT):
            why = complaint.removeprefix(_COMPLAINT)
            raise self._error(f"the container could not be built in the guest: {why}", kind=StartFailed)
        return outcome
