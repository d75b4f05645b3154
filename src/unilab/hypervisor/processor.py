"""``Processor``: a virtual processor whose ``run`` comes back at each VM exit, as KVM_RUN does, whatever executes it.

Backends call a function at each exit. Here one runs on a thread of its own, which waits inside that function while its
owner decides what to answer; so a hypervisor can be written as the loop that it is.
"""

from __future__ import annotations

import contextlib
import mmap
import queue
import threading
from types import TracebackType

from unilab.errors import CourseError, DeadlineExceeded
from unilab.hypervisor.emulated import Emulated
from unilab.hypervisor.kvm import Kvm
from unilab.hypervisor.ledger import Ledger
from unilab.hypervisor.probe import probe
from unilab.hypervisor.state import State
from unilab.hypervisor.values import Access, Stop

#: Seconds that a backend has, beyond its guest's deadline, to say that it is over.
_PATIENCE = 10.0


class _Abandoned(Exception):
    """Its owner wants no more of a guest."""


class Processor:
    """One virtual processor, in a ``with`` statement.

    Args:
        memory: The guest's RAM from physical address 0 on. All other physical addresses are devices'.
        state: What it holds at first.
        backend: ``kvm``, ``emulated``, or ``auto``: KVM where it works.
        deadline: Seconds from the first ``run`` on, after which the guest is ended.

    Attributes:
        reply: What the guest gets for the read that ``run`` came back with last; 0 unless set.
    """

    def __init__(self, memory: mmap.mmap, state: State, *, backend: str = "auto", deadline: float = 5.0) -> None:
        if backend not in ("auto", "kvm", "emulated"):
            raise CourseError(f"there is no backend {backend!r}", remedy="choose one of auto, kvm, emulated")
        self._backend = Kvm() if (probe().name if backend == "auto" else backend) == "kvm" else Emulated()
        self._arguments = (memory, state, Ledger(self._leave))
        self._deadline = deadline
        self._exits: queue.Queue[Access | Stop | BaseException] = queue.Queue()
        self._replies: queue.Queue[int | None] = queue.Queue()
        self._thread = threading.Thread(target=self._execute, name="a guest", daemon=True)
        self._ended = False
        self.reply = 0

    def run(self) -> Access | Stop:
        """Let the guest execute until its next exit.

        Returns:
            An ``Access`` to a port or to memory that is not there, after which it can run on; or the ``Stop`` that was
            its last exit. Both have a ``reason``.

        Raises:
            DeadlineExceeded: Its time was up.
            CourseError: It has ended before.
            Unavailable: This host's KVM refuses.
        """
        if self._ended:
            raise CourseError("the guest has ended", remedy="make a new Processor to run another")
        if self._thread.ident is None:
            self._thread.start()
        else:
            self._replies.put(self.reply)
        self.reply = 0
        try:
            left = self._exits.get(timeout=self._deadline + _PATIENCE)
        except queue.Empty:
            left = Stop(None, {})
        if isinstance(left, Access):
            return left
        self._ended = True
        if isinstance(left, BaseException):
            raise left
        if left.reason is None:
            raise DeadlineExceeded(
                f"the guest was still running after {self._deadline:g} seconds and was ended",
                remedy="if it never exits, look for a loop; if it waits for its hypervisor, answer sooner",
            )
        return left

    def close(self) -> None:
        """End the guest, wherever it is."""
        if self._thread.ident is not None and self._thread.is_alive():
            self._replies.put(None)
            self._thread.join()
        self._ended = True

    def _execute(self) -> None:
        with contextlib.suppress(_Abandoned):
            try:
                self._exits.put(self._backend.run(*self._arguments, self._deadline))
            except _Abandoned:
                raise
            except BaseException as error:  # raised to whoever runs the guest
                self._exits.put(error)

    def _leave(self, access: Access) -> int:
        self._exits.put(access)
        try:
            reply = self._replies.get(timeout=self._deadline)
        except queue.Empty:
            reply = None  # nobody comes back to it
        if reply is None:
            raise _Abandoned
        return reply

    def __enter__(self) -> Processor:
        """Nothing runs yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """As ``close``."""
        self.close()
