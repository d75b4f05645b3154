"""What POSIX is missing: the calls of Linux that the C library makes, and what the library OS makes of each.

The table in libos/README.md is made by ``python -m unilab.toolchain.calls``, and a test compares.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from unilab.errors import ToolchainError
from unilab.toolchain import libc, libos, zig

_BEGIN = "<!-- Made by python -m unilab.toolchain.calls: from here -->\n"
_END = "<!-- to here -->\n"

#: musl names a call directly, or hands its name to a macro that makes SYS_name of it.
_CALL = re.compile(r"\b(?:SYS_|_*socketcall(?:_cp)?\()(\w+)")
#: In musl's internal/syscall.h: from here on, a call's name stands for another call.
_INSTEAD = re.compile(r"^#undef SYS_(\w+)\n#define SYS_\1 SYS_(\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Subject:
    """Calls that belong together.

    Attributes:
        title: What they are about.
        expected: Calls that the library OS has.
        lacking: Calls that it lacks, by the reason why.
    """

    title: str
    expected: frozenset[str]
    lacking: dict[str, frozenset[str]]

    @property
    def calls(self) -> frozenset[str]:
        """All of them."""
        return self.expected.union(*self.lacking.values())


def _subject(title: str, expected: str, lacking: dict[str, str]) -> Subject:
    return Subject(title, frozenset(expected.split()), {why: frozenset(c.split()) for why, c in lacking.items()})


SUBJECTS = (
    _subject(
        "Files and directories",
        "open openat close read write readv writev pread64 pwrite64 preadv pwritev lseek truncate ftruncate fsync "
        "fdatasync sync syncfs stat lstat fstat newfstatat statfs fstatfs access faccessat faccessat2 chmod fchmod "
        "fchmodat chown fchown lchown fchownat utimensat umask link linkat symlink symlinkat readlink readlinkat "
        "unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir getdents64 chdir fchdir getcwd sendfile "
        "copy_file_range flock fadvise64",
        {
            "extended attributes, which no file system here keeps": "getxattr lgetxattr fgetxattr setxattr lsetxattr "
            "fsetxattr listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr",
            "files that are not regular ones are made by the library OS": "mknod mknodat",
            "advice and hints": "readahead sync_file_range",
            "space is given when it is written": "fallocate",
            "moves pages between pipes and files; read and write copy": "splice tee vmsplice",
            "watching files that others change: nobody else does": "inotify_init inotify_init1 inotify_add_watch "
            "inotify_rm_watch fanotify_init fanotify_mark",
            "names for files that outlive names": "name_to_handle_at open_by_handle_at",
            "older and newer forms of calls that are there": "futimesat utimes fchmodat2 preadv2 pwritev2 statx",
            "file systems are mounted at boot": "mount umount2 pivot_root chroot quotactl",
        },
    ),
    _subject(
        "Descriptors, pipes and waiting for them",
        "dup dup2 dup3 fcntl ioctl pipe pipe2 poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl "
        "epoll_wait epoll_pwait eventfd eventfd2",
        {
            "timers and signals as descriptors; use a deadline of epoll_wait, and a handler": "timerfd_create "
            "timerfd_settime timerfd_gettime signalfd signalfd4",
            "message queues and shared memory by name, between processes: there is one": "memfd_create mq_open "
            "mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr",
        },
    ),
    _subject(
        "Network",
        "socket socketpair bind listen accept accept4 connect shutdown sendto recvfrom sendmsg recvmsg getsockopt "
        "setsockopt getsockname getpeername",
        {"several messages in one call; use sendmsg and recvmsg": "sendmmsg recvmmsg"},
    ),
    _subject(
        "Memory",
        "mmap munmap mprotect mremap madvise brk",
        {
            "nothing is ever swapped out": "mlock mlock2 munlock mlockall munlockall mincore swapon swapoff",
            "files are mapped by copying, so there is nothing to write back": "msync remap_file_pages",
            "memory that processes share: there is one": "shmget shmat shmctl shmdt process_vm_readv process_vm_writev",
        },
    ),
    _subject(
        "Threads and their order",
        "futex set_tid_address set_robust_list get_robust_list gettid arch_prctl membarrier sched_yield "
        "sched_getaffinity sched_getparam sched_setparam sched_getscheduler sched_setscheduler sched_get_priority_max "
        "sched_get_priority_min exit",
        {
            "one processor, and turns of equal length": "sched_setaffinity sched_rr_get_interval getcpu getpriority "
            "setpriority",
            "thread names and other settings of the kernel": "prctl",
        },
    ),
    _subject(
        "Signals and timers",
        "rt_sigaction rt_sigprocmask rt_sigpending rt_sigsuspend rt_sigtimedwait rt_sigqueueinfo sigaltstack kill "
        "tkill pause getitimer setitimer timer_create timer_delete timer_settime timer_gettime timer_getoverrun",
        {},
    ),
    _subject(
        "Time",
        "clock_gettime clock_getres clock_nanosleep nanosleep",
        {
            "the clock is the machine's": "clock_settime settimeofday clock_adjtime adjtimex",
            "the C library asks clock_gettime": "gettimeofday",
            "nothing counts the processor time of others": "times getrusage",
        },
    ),
    _subject(
        "Processes",
        "exit_group getpid getppid prlimit64",
        {
            "one address space, one process": "fork vfork clone execve execveat wait4 waitid",
            "groups of processes, and terminals that control them": "setpgid getpgid setsid getsid vhangup",
            "semaphores and messages between processes: there is one": "semget semop semctl semtimedop msgget msgsnd "
            "msgrcv msgctl",
            "namespaces and other walls between processes": "setns unshare personality",
            "one process can use all there is": "getrlimit setrlimit",
            "a debugger looks in from outside: ./course boot --gdb": "ptrace",
            "accounts of what processes use": "acct",
        },
    ),
    _subject(
        "Users and rights",
        "getuid geteuid getgid getegid",
        {
            "one user, root, who cannot become another": "setuid setgid setreuid setregid setresuid setresgid "
            "getresuid getresgid setfsuid setfsgid getgroups setgroups",
            "nothing is protected from the program": "capget capset ioperm iopl",
        },
    ),
    _subject(
        "The machine",
        "uname sysinfo getrandom",
        {
            "there is no kernel to load parts into, to name or to restart": "init_module delete_module syslog reboot "
            "sethostname setdomainname",
        },
    ),
)


def used_calls() -> set[str]:
    """Every call of Linux on x86-64 that musl's sources name, and ours that stand in for its assembly."""
    internal = zig.musl() / "src" / "internal"
    files = [*libc.sources(replaced=set()), *internal.glob("*.h"), *(libos.tree() / "musl").glob("*.c")]
    named = {name for path in files for name in _CALL.findall(path.read_text(errors="replace"))}
    known = set(libc.call_numbers())
    for name, instead in _INSTEAD.findall((internal / "syscall.h").read_text()):
        if name in named and instead in known:
            named = (named - {name}) | {instead}
    return named & known


def table(tree: Path) -> str:
    """What the library OS has and lacks, in Markdown.

    Args:
        tree: Its sources.

    Raises:
        ToolchainError: SUBJECTS does not cover the calls that there are. The message says which.
    """
    used, there = used_calls(), set(libc.implemented_calls(tree))
    _check(used, there)
    lines = [
        f"The C library, musl 1.2.5, makes {len(used)} of the {len(libc.call_numbers())} calls that Linux has for "
        f"x86-64. The library OS has {len(used & there)} of them. The others fail with `ENOSYS`, and the console "
        "names each once; of those for a second process, one explains them all.",
        "",
        "| Subject | There | Missing |",
        "|---|---:|---:|",
        *(f"| {s.title} | {len(s.calls & there)} | {len(s.calls - there)} |" for s in SUBJECTS),
    ]
    text = _wrap(lines[0]) + "\n" + "\n".join(lines[1:]) + "\n"
    for subject in SUBJECTS:
        text += f"\n**{subject.title}.** There: " + _names(subject.calls & there) + ".\n"
        rows = [(calls - there, why) for why, calls in subject.lacking.items() if calls - there]
        if rows:
            text += "\n| Missing | Why |\n|---|---|\n"
            text += "".join(f"| {_names(calls)} | {why} |\n" for calls, why in rows)
    return "\n".join(_wrap(line) if line.startswith("**") else line for line in text.splitlines()) + "\n"


def _check(used: set[str], there: set[str]) -> None:
    covered = frozenset[str]().union(*(subject.calls for subject in SUBJECTS))
    expected = frozenset[str]().union(*(subject.expected for subject in SUBJECTS))
    problems = {
        "belong to no subject": used - covered,
        "are not made by the C library": covered - used,
        "are missing without a reason": expected - there,
    }
    found = [f"{', '.join(sorted(calls))} {problem}" for problem, calls in problems.items() if calls]
    if found:
        raise ToolchainError("; ".join(found), remedy="correct SUBJECTS in src/unilab/toolchain/calls.py")


def _names(calls: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in sorted(calls))


def _wrap(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def updated(readme: str, tree: Path) -> str:
    """The text of a README with a table that is up to date between its two marks."""
    before, rest = readme.split(_BEGIN)
    after = rest.split(_END)[1]
    return f"{before}{_BEGIN}\n{table(tree)}\n{_END}{after}"


if __name__ == "__main__":
    _readme = libos.tree() / "README.md"
    _readme.write_text(updated(_readme.read_text(), libos.tree()))
