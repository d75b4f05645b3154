"""``course test``: all that keeps the course working, in suites."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from unilab.cli.checkout import checkout

#: pytest's exit code for a run that found no test.
_NO_TESTS = 5

#: Shell scripts of the checkout.
_SCRIPTS = ("course", "postBuild", ".ci/run")

_C_FILES = (
    *("libos/**/*.[ch]", "notebooks/programs/*.c", "labs/**/*.[ch]"),
    *("src/unilab/measure/programs/*.c", "tests/**/*.[ch]"),
)

#: It cannot be imported elsewhere.
_RUNS_IN_GDB = "--ignore=src/unilab/machines/libos_gdb.py"

#: Two at a time, and what is in one file one after the other: its tests share what is costly to make.
_BY_FILE = ("-n", "2", "--dist", "loadfile")

NBVAL = (
    "--nbval",
    # Fails a notebook that leaves a process, a port or a file behind.
    *("-p", "tests.notebooks.leftovers"),
    "--nbval-sanitize-with=tests/notebooks/sanitize.cfg",
    "--nbval-current-env",
    "--nbval-cell-timeout=240",
    "--nbval-kernel-startup-timeout=120",
    *_BY_FILE,  # the cells of a notebook share a kernel
)


@dataclass(frozen=True, slots=True)
class Count:
    """How many tests ended how."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The notebooks and labs asked for, by number, both ends included."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> Numbers:
        """Read ``3``, ``1-4`` or ``01-05``.

        Raises:
            ValueError: It is none of these.

        >>> Numbers.parse("01-05")
        Numbers(first=1, last=5)
        """
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
        if match is None:
            raise ValueError(text)
        return cls(int(match[1]), int(match[2] or match[1]))

    def holds(self, path: Path) -> bool:
        """Whether a file or folder named ``NN-title`` is meant."""
        number = re.match(r"(\d+)-", path.name)
        return number is not None and self.first <= int(number[1]) <= self.last


_EVERY = Numbers(0, sys.maxsize)


@dataclass(frozen=True, slots=True)
class Run:
    """What a suite needs to know.

    Attributes:
        root: The checkout.
        numbers: Which notebooks and labs.
        extra: More words for pytest.
    """

    root: Path
    numbers: Numbers
    extra: tuple[str, ...]

    @property
    def artefacts(self) -> Path:
        """Where reports and screenshots go; not committed."""
        return self.root / "test-artefacts"

    def pytest(self, name: str, words: Iterable[str]) -> Count:
        """Run pytest, and count from its report.

        Args:
            name: The report's file name, without its ending.
            words: What to run, and how.
        """
        report = self.artefacts / f"{name}.xml"
        report.parent.mkdir(exist_ok=True)
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *words, *self.extra]
        code = execute(command, self.root)
        count = _from_report(report)
        # A run that broke down without naming a test has failed all the same.
        return count if code in (0, _NO_TESTS) or count.failed else count + Count(failed=1)


def execute(command: Sequence[str], cwd: Path) -> int:
    """Run a command that shares our terminal; its exit code. Lets it clean up after Ctrl-C."""
    with subprocess.Popen(command, cwd=cwd) as child:
        try:
            return child.wait()
        except KeyboardInterrupt:
            child.wait()
            raise


def _from_report(report: Path) -> Count:
    try:
        suites = list(ET.parse(report).getroot().iter("testsuite"))
    except (OSError, ET.ParseError):
        return Count()

    def total(attribute: str) -> int:
        return sum(int(suite.get(attribute, "0")) for suite in suites)

    failed, skipped = total("failures") + total("errors"), total("skipped")
    return Count(total("tests") - failed - skipped, failed, skipped)


# ---- the suites ------------------------------------------------------------------


def _style(run: Run) -> Count:
    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    clang_format = shutil.which("clang-format", path=tools)
    c_files = sorted(str(path.relative_to(run.root)) for pattern in _C_FILES for path in run.root.glob(pattern))
    checks = {
        "ruff check": [sys.executable, "-m", "ruff", "check", "."],
        "ruff format": [sys.executable, "-m", "ruff", "format", "--check", "--quiet", "."],
        "mypy --strict": [sys.executable, "-m", "mypy"],
        "clang-format": [clang_format or "clang-format", "--dry-run", "-Werror", *c_files],
        **{f"sh -n {name}": ["sh", "-n", name] for name in _SCRIPTS},
    }
    count = Count()
    for name, command in checks.items():
        failed = execute(command, run.root) != 0
        click.echo(f"{name}: {'failed' if failed else 'passed'}")
        count += Count(failed=1) if failed else Count(passed=1)
    return count


def _unit(run: Run) -> Count:
    return run.pytest("unit", ["--doctest-modules", _RUNS_IN_GDB, "src/unilab", "tests/unit", *_BY_FILE])


def _folder(name: str, *words: str) -> Callable[[Run], Count]:
    """A suite that is a folder of tests and nothing else; more words for pytest."""
    return lambda run: run.pytest(name, [f"tests/{name}", *words])


def _notebooks(run: Run) -> Count:
    count = Count()
    files = sorted(path for path in (run.root / "notebooks").glob("*.ipynb") if run.numbers.holds(path))
    if files:
        count += run.pytest("notebooks-run", [*NBVAL, *map(str, files)])
    if (run.root / "tests/notebooks").is_dir() and (files or run.numbers == _EVERY):
        count += run.pytest("notebooks", ["tests/notebooks", "-n", "2", *_only(run, [file.stem for file in files])])
    return count


def _labs(run: Run) -> Count:
    labs = [path.name for path in sorted((run.root / "labs").glob("*")) if run.numbers.holds(path)]
    if not labs and run.numbers != _EVERY:
        return Count()
    return run.pytest("labs", ["tests/labs", "-n", "2", *_only(run, labs)])


def _only(run: Run, names: Iterable[str]) -> list[str]:
    """Words for pytest that choose the tests whose parameter is the name of such a notebook or of a lab's folder."""
    return [] if run.numbers == _EVERY else ["-k", " or ".join(names)]


#: Every suite, in the order they run: what fails fast comes first.
SUITES: dict[str, Callable[[Run], Count]] = {
    "style": _style,
    "unit": _unit,
    # Two at a time: each is a process or a machine of its own, and has one processor.
    "host": _folder("host", "-n", "2"),
    # By group: programs that share a Linux guest share a worker.
    "guest": _folder("guest", "-n", "2", "--dist", "loadgroup"),
    "machines": _folder("machines", *_BY_FILE),
    "notebooks": _notebooks,
    # By file: the tests of a notebook share a page. Each of the two has a JupyterLab and a browser of its own.
    "browser": _folder("browser", *_BY_FILE),
    "labs": _labs,
}


def _present(root: Path, suite: str) -> bool:
    if suite == "style":
        return True
    if suite == "notebooks" and any((root / "notebooks").glob("*.ipynb")):
        return True
    return (root / "tests" / suite).is_dir()


# ---- the command -----------------------------------------------------------------


class _NumbersType(click.ParamType[Numbers]):
    name = "range"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Numbers:
        try:
            return value if isinstance(value, Numbers) else Numbers.parse(str(value))
        except ValueError:
            self.fail(f"{value!r} is neither a number nor a range such as 01-05", param, ctx)


class _Command(click.Command):
    """Keeps what follows ``--`` apart: click itself would take it for suites."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[__name__] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])


@click.command(cls=_Command, options_metavar="[--only RANGE] [--soak]", epilog="Suites: " + ", ".join(SUITES) + ".")
@click.argument("suites", nargs=-1, type=click.Choice(list(SUITES)), metavar="[SUITE]... [-- PYTEST ARGS]")
@click.option(
    "--only",
    "numbers",
    type=_NumbersType(),
    default=_EVERY,
    metavar="RANGE",
    help="Only the notebooks and labs of these numbers, such as 3 or 01-05.",
)
@click.option("--soak", is_flag=True, help="Run the long tests at full length: hours, not minutes.")
@click.pass_context
def test(ctx: click.Context, suites: tuple[str, ...], numbers: Numbers, soak: bool) -> None:
    """Run the course's tests: all suites, or those named.

    The last line is "N passed, M failed". Exit status 1 if something failed, or if nothing ran.
    """
    root = checkout()
    # Tests run notebooks, and what those reach is not what this user has learnt.
    os.environ["UNILAB_PROGRESS"] = "off"
    if soak:
        # Tests that count something take their count from this.
        os.environ["UNILAB_SOAK"] = "1"
    run = Run(root, numbers, ctx.meta[__name__])
    total = Count()
    lines = [f"{'suite':<10}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}"]
    for name, suite in SUITES.items():
        if (suites and name not in suites) or not _present(root, name):
            continue
        click.echo(f"\n==== {name} ====", err=False)
        begin = time.monotonic()
        count = suite(run)
        total += count
        seconds = time.monotonic() - begin
        lines.append(f"{name:<10}{count.passed:>8}{count.failed:>8}{count.skipped:>9}{seconds:>9.0f}")
    click.echo("\n" + "\n".join(lines))
    click.echo(f"{total.passed} passed, {total.failed} failed")
    ctx.exit(0 if total.passed and not total.failed else 1)
