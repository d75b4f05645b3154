"""Checks your tracer. Run it from the top of the course: ./course check labs/01-your-own-strace."""

from __future__ import annotations

import random
import re
import string
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from unilab import build
from unilab.labs import Limits, Part, Ran, Report, contained, part, python
from unilab.machines.system_calls import SystemCall, trace_system_calls

#: A program whose every call is chosen here. It writes to /dev/null, so that what it writes is not among your lines.
PROGRAM = """
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static volatile int rung;

static void ring(int sig)
{
    rung += sig != 0;
}

int main(void)
{
    int fd = open("/dev/null", O_WRONLY);

    for (int i = 0; i < ROUNDS; i++)
        getppid();
    write(fd, TEXT, sizeof TEXT - 1);
    write(fd, TEXT " and more", 4);
    open("/" PLACE "/nowhere", O_RDONLY);
    close(77);
    signal(SIGUSR1, ring);
    raise(SIGUSR1);
    getpgrp();
    END
    return rung ? STATUS : STATUS + 1;
}
"""
_LINE = re.compile(r"(\w+)\((.*)\)\s*=\s*(.+?)\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LIMITS = Limits(seconds=15)
_TEXT_CALLS = ("write", "open")


@dataclass(frozen=True)
class Trial:
    """What one run of your tracer is about.

    Attributes:
        calls: What the program really does.
        lines: What your tracer printed, taken apart: name, arguments, result.
        ran: The run itself.
    """

    calls: tuple[SystemCall, ...]
    lines: list[tuple[str, str, str]]
    ran: Ran


def check(folder: Path, seed: int) -> Report:
    """Grade ``tracer.py`` in a folder."""
    draw = random.Random(seed)
    words = ["".join(draw.choices(string.ascii_lowercase, k=draw.randint(4, 9))) for _ in range(2)]
    rounds, status = draw.randint(2, 9), draw.randint(3, 90)
    ends = _try(folder, words, rounds, status, "")
    killed = _try(folder, words, rounds, status, "kill(getpid(), SIGKILL);")
    return Report(
        folder.name,
        (
            part("every call, by name, once", 3, _with_trouble(names(ends), ends.ran)),
            part("what each call gave back", 2, results(ends)),
            part("what a pointer leads to", 2, texts(ends)),
            part("how it ends", 2, status_line(ends, f"+++ exited with {status} +++"), killed_line(killed)),
            _signals(ends, status),
        ),
    )


def _try(folder: Path, words: list[str], rounds: int, status: int, end: str) -> Trial:
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "traced.c"
        source.write_text(PROGRAM)
        flags = [
            f'-DTEXT="{words[0]}"',
            f'-DPLACE="{words[1]}"',
            f"-DROUNDS={rounds}",
            f"-DSTATUS={status}",
            f"-DEND={end}",
        ]
        image = build(source, "process", cflags=flags)
        calls = trace_system_calls(image).calls
    ran = contained(
        python("tracer.py", "./traced"), folder=folder, files={"traced": image.path.read_bytes()}, limits=_LIMITS
    )
    found = (_LINE.fullmatch(line.strip()) for line in ran.output.splitlines())
    return Trial(calls, [(match[1], match[2], match[3]) for match in found if match], ran)


def _with_trouble(complaint: str | None, ran: Ran) -> str | None:
    """What is wrong, and how your tracer itself ended if that was no good end."""
    trouble = f"tracer.py: {ran.trouble}" if ran.trouble else ""
    return "\n".join(filter(None, (trouble, complaint))) or None


def names(trial: Trial) -> str | None:
    """What is wrong with the names of the calls, or None."""
    wanted, got = [call.name for call in trial.calls], [name for name, _, _ in trial.lines]
    if got == wanted:
        return None
    if not got:
        return (
            "it printed no line that looks like a call, such as: getppid() = 4711\n"
            "Start with ptrace.run_to_border(pid) in a loop that ends when os.WIFSTOPPED(status) is false."
        )
    if len(got) > 2 and got == [name for name in wanted for _ in range(2)][: len(got)]:
        return (
            "each call is printed twice. The program stops on its way into the kernel, and again on its way out.\n"
            "Print a line at every second stop."
        )
    if got == wanted[:-1]:
        return (
            f"{wanted[-1]} is missing: the program never comes back from its last call.\n"
            "Print what you know of a call, with ? for its result, if the program ends inside it."
        )
    if len(got) > 2 and len(set(got)) < 3 and set(got) != set(wanted[: len(got)]):
        return (
            f"most calls are called {Counter(got).most_common(1)[0][0]!r}.\n"
            "At the border rax is the place of the result; the call's number is in orig_rax."
        )
    at = next(
        (i for i, pair in enumerate(zip(wanted, got, strict=False)) if pair[0] != pair[1]), min(map(len, (wanted, got)))
    )
    expected = wanted[at] if at < len(wanted) else "nothing more"
    seen = got[at] if at < len(got) else "nothing more"
    return (
        f"call {at + 1} of {len(wanted)} is {expected}, and you printed {seen}.\n"
        "A stop for a signal is no border: it must not count as a way in or a way out."
    )


def results(trial: Trial) -> str | None:
    """What is wrong with the results, or None. Only calls whose result is the same in every run count."""
    for call, (name, _, result) in _pairs(trial):
        if call.result is None:
            wanted = "?"
        elif call.error:
            wanted = f"-1 {call.error}"
        elif call.name in ("getppid", "getpid", "gettid", "set_tid_address", "getpgrp", "getpgid"):
            if not result.isdecimal():
                return f"{name} gives a process's number, and you printed {result}."
            continue
        else:
            wanted = str(call.result)
        if result == wanted:
            continue
        if call.error and result.isdecimal() and int(result) > 1 << 63:
            return (
                f"{name} failed, and you printed {result}.\nA result is a signed number: from 2**63 on, subtract 2**64."
            )
        if call.error:
            return (
                f"{name} failed with {call.error}, and you printed {result}.\n"
                "errno.errorcode has the names of errors; print -1 and the name."
            )
        return f"{name} gave back {wanted}, and you printed {result}."
    return _unfinished(trial)


def texts(trial: Trial) -> str | None:
    """What is wrong with the strings, or None."""
    for call, (name, arguments, _) in _pairs(trial):
        if call.name not in _TEXT_CALLS:
            continue
        wanted, found = call.text.decode(), _QUOTED.search(arguments)
        if found is None:
            return f'show what the pointer of {name} leads to, in quotes: {name}(... "{wanted}" ...)'
        if found[1] == wanted:
            continue
        if name == "write" and found[1].startswith(wanted):
            return (
                f"{name} is told to write {call.arguments[2]} bytes, {wanted!r}, and you show {found[1]!r}.\n"
                "What write takes has no NUL at its end: its length is the third argument."
            )
        return (
            f"{name} is given {wanted!r}, and you show {found[1]!r}.\n"
            "A path ends at its first NUL; read() may give more."
        )
    return _unfinished(trial)


def status_line(trial: Trial, wanted: str) -> str | None:
    """What is wrong with the last line, or None."""
    last = next(iter(reversed(trial.ran.output.splitlines())), "")
    if last.strip() == wanted:
        return None
    number = re.search(r"exited with (\d+)", last)
    if number and int(number[1]) > 255:
        return (
            f"the last line must be {wanted!r}, and is {last!r}.\n"
            "That is the whole wait status: os.WEXITSTATUS takes it apart."
        )
    return f"the last line must be {wanted!r}, and is {last!r}."


def killed_line(trial: Trial) -> str | None:
    """The same for a program that is killed."""
    if trial.ran.trouble:
        return f"a program is killed, and tracer.py: {trial.ran.trouble}"
    return status_line(trial, "+++ killed by SIGKILL +++")


def _signals(trial: Trial, status: int) -> Part:
    name, points = "signals reach the program", 1
    if f"+++ exited with {status + 1} +++" in trial.ran.output:
        return part(
            name, points,
            "the program got a SIGUSR1, and its handler was not called: you swallowed the signal.\n"
            "Give it to ptrace.run_to_border(pid, sig) as it goes on.",
        )  # fmt: skip
    if "+++ exited with" not in trial.ran.output:
        return part(name, points, "it does not come to the program's end yet")
    return part(
        name, points, None if "--- SIGUSR1 ---" in trial.ran.output else "say so: --- SIGUSR1 ---, a line of its own"
    )


def _unfinished(trial: Trial) -> str | None:
    """That there are calls without a line, or None."""
    if not trial.lines:
        return "there is no line to look at yet"
    done, all_of_them = len(_pairs(trial)), len(trial.calls)
    if done < all_of_them:
        return f"right as far as your lines go: {done} calls of {all_of_them}. First get the names right"
    return None


def _pairs(trial: Trial) -> list[tuple[SystemCall, tuple[str, str, str]]]:
    """Calls, and the lines for them: as long as the names agree."""
    pairs = []
    for call, line in zip(trial.calls, trial.lines, strict=False):
        if call.name != line[0]:
            break
        pairs.append((call, line))
    return pairs
