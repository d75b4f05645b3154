"""What a container asks of the kernel, as functions. Given: you need not change it.

Each raises OSError, with the call's name in it, if the kernel refuses. Sources: namespaces(7), user_namespaces(7),
pivot_root(2), capabilities(7).
"""

from __future__ import annotations

import ctypes
import os
import resource

#: What unshare takes: linux/sched.h.
FLAGS = {
    "user": 0x10000000,
    "pid": 0x20000000,
    "mnt": 0x00020000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "net": 0x40000000,
    "cgroup": 0x02000000,
}
_BIND, _RECURSIVE, _NOSUID, _NODEV, _NOEXEC, _DETACH = 0x1000, 0x4000, 2, 4, 8, 2
_PIVOT_ROOT, _CAPSET = 155, 126  # numbers of system calls that the C library has no functions for
_CAPBSET_READ, _CAPBSET_DROP = 23, 24
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _must(what: str, result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(*kinds: str) -> None:
    """Get new namespaces, by their names in FLAGS. Give all of them in one call: they then belong to the new "user".

    A new "pid" namespace is not for the caller, but for the children that it has from now on.
    """
    _must(f"unshare {' '.join(kinds)}", _libc.unshare(sum(FLAGS[kind] for kind in kinds)))


def map_ids(user: int, group: int) -> None:
    """Make user 0 and group 0 inside the new user namespace these two outside, which must be your own.

    You cannot ask who you were once you are inside: keep os.getuid() and os.getgid() from before.
    """
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
            file.write(text)


def set_hostname(name: str) -> None:
    """Rename the host, as the caller's "uts" namespace has it."""
    _must("sethostname", _libc.sethostname(name.encode(), len(name.encode())))


def bind(source: str, target: str) -> None:
    """Mount a folder, and what is mounted in it, over another; over itself, to make a mount of it."""
    _must(f"bind {source}", _libc.mount(source.encode(), target.encode(), None, _BIND | _RECURSIVE, None))


def mount_proc(target: str) -> None:
    """Mount a /proc that shows the caller's "pid" namespace."""
    flags = _NOSUID | _NODEV | _NOEXEC
    _must("mount proc", _libc.mount(b"proc", target.encode(), b"proc", flags, None))


def pivot_root(new: str, old: str) -> None:
    """Make the mount at ``new`` the root of all paths, and move the old root to ``old``, which is below ``new``.

    Both may be ".": the old root then lies on top of the new one, until it is unmounted. The working directory stays.
    """
    _must("pivot_root", _libc.syscall(_PIVOT_ROOT, new.encode(), old.encode()))


def unmount(path: str) -> None:
    """Let go of a mount, and of all that is mounted in it."""
    _must(f"unmount {path}", _libc.umount2(path.encode(), _DETACH))


def limit_processes(count: int) -> None:
    """How many processes the caller's user may have, in the caller's user namespace."""
    resource.setrlimit(resource.RLIMIT_NPROC, (count, count))


def empty_bounding_set() -> None:
    """Give up what executing a file as user 0 gives. The kernel hands user 0 all that is in this set, at every execve.

    Takes a capability itself.
    """
    for capability in range(_last_capability() + 1):
        one, zero = ctypes.c_ulong(capability), ctypes.c_ulong(0)
        _must("bounding set", _libc.prctl(_CAPBSET_DROP, one, zero, zero, zero))


def drop_capabilities() -> None:
    """Give up every capability that the caller holds now."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    _must("capset", _libc.syscall(_CAPSET, header, none))


def _last_capability() -> int:
    """The highest number that this kernel knows."""
    number = 0
    while _libc.prctl(_CAPBSET_READ, ctypes.c_ulong(number + 1)) >= 0:
        number += 1
    return number
