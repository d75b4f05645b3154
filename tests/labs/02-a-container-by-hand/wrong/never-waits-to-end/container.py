"""A container by hand. Usage: python container.py ROOT HOSTNAME PROCESSES PROGRAM [ARGUMENT]..."""

from __future__ import annotations

import os
import sys

import namespaces


def contain(root: str, hostname: str, processes: int, command: list[str]) -> int:
    """Run a program in a container, and wait for its end."""
    user, group = os.getuid(), os.getgid()
    namespaces.unshare("user", "pid", "mnt", "uts", "ipc", "net")
    namespaces.map_ids(user, group)
    child = os.fork()
    if child:
        while True:
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return status if status >= 0 else 128 - status
    namespaces.set_hostname(hostname)
    namespaces.bind(root, root)
    namespaces.mount_proc(f"{root}/proc")
    os.chdir(root)
    namespaces.pivot_root(".", ".")
    namespaces.unmount(".")
    os.chdir("/")
    namespaces.limit_processes(processes)
    namespaces.empty_bounding_set()
    namespaces.drop_capabilities()
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(contain(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]))
