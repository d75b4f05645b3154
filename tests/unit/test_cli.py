from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from unilab import doctor, toolchain
from unilab.cli import cli
from unilab.cli.bench import table
from unilab.cli.sizes import table as size_table
from unilab.cli.test import SUITES, Count, Numbers, Run
from unilab.errors import CourseError
from unilab.machines import accelerator, qemu
from unilab.measure import bench
from unilab.measure.figure import Figure, at_most, reported
from unilab.toolchain.sizes import Part

_HELLO = Path(__file__).resolve().parents[2] / "notebooks" / "programs" / "hello.c"

# The package's attribute of that name is the command; its module is what these tests look into.
suites = sys.modules["unilab.cli.test"]
lab = sys.modules["unilab.cli.lab"]


def _course(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


# ---- sizes -----------------------------------------------------------------------


def test_sizes_has_a_row_for_each_service_and_a_column_for_each_program() -> None:
    hello = [Part("program", "", 10, 10), Part("library OS", "core/vm.c", 2000, 3000)]
    other = [Part("program", "", 30, 40), Part("library OS", "core/vm.c", 1, 2), Part("library OS", "posix/x.c", 4, 4)]
    assert size_table(["hello", "other"], [hello, other]).splitlines() == [
        "bytes in the file  hello  other",
        "program               10     30",
        "library OS         2,000      5",
        "  core/vm.c        2,000      1",
        "  posix/x.c                   4",
        "all                2,010     35",
    ]
    assert size_table(["hello"], [hello], memory=True).splitlines()[-1].split() == ["all", "3,010"]


def test_sizes_adds_up_to_the_image() -> None:
    image = toolchain.build(_HELLO)
    said = _course("sizes", str(_HELLO)).stdout.splitlines()
    assert said[-1].split() == ["all", f"{image.size:,}"]
    (parts,) = json.loads(_course("sizes", str(_HELLO), "--json").stdout).values()
    assert sum(part["file"] for part in parts) == image.size


# ---- all commands ----------------------------------------------------------------


def test_help_names_every_command_and_imports_nothing_slow() -> None:
    code = (
        "import sys; from unilab.cli import cli; cli(['--help'], standalone_mode=False); "
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    listed = ended.stdout.split("Commands:")[1]
    assert [line.split()[0] for line in listed.splitlines() if line] == [
        "lab",
        "boot",
        "spaces",
        "journey",
        "check",
        "sizes",
        "doctor",
        "test",
        "bench",
        "record",
    ]
    slow = {"IPython", "anywidget", "ipywidgets", "jupyterlab", "qemu.qmp", "capstone", "unilab.machines"}
    assert not slow & set(ended.stderr.split())


def test_our_errors_are_shown_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise CourseError("it is broken", remedy="mend it")

    monkeypatch.setattr(doctor, "report", fails)
    result = _course("doctor")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "it is broken\nTo mend it: mend it\n"


def test_ctrl_c_has_the_status_that_shells_expect(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "report", interrupted)
    assert _course("doctor").exit_code == 130


@pytest.mark.parametrize("words", [["nothing"], ["boot"], ["boot", "x.c", "--on", "mars"], ["test", "nothing"]])
def test_wrong_usage_is_status_2(words: list[str]) -> None:
    assert _course(*words).exit_code == 2


@pytest.mark.parametrize(("ok", "status"), [(True, 0), (False, 1)])
def test_doctor_fails_if_something_needed_is_missing(monkeypatch: pytest.MonkeyPatch, ok: bool, status: int) -> None:
    found = doctor.Report((doctor.Check("QEMU", ok, "7.2"),))
    monkeypatch.setattr(doctor, "report", lambda: found)
    result = _course("doctor")
    assert (result.exit_code, result.stdout) == (status, f"{found}\n")


# ---- boot ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "choices"),
    [("on", toolchain.ARCHITECTURES), ("machine", qemu.MACHINES), ("accelerator", accelerator.CHOICES)],
)
def test_boot_offers_what_there_is(option: str, choices: Iterable[str]) -> None:
    (parameter,) = (each for each in cli.commands["boot"].params if each.name == option)
    assert isinstance(parameter.type, click.Choice)
    assert list(parameter.type.choices) == list(choices)


@pytest.mark.parametrize("words", [["there-is-none.c"], [__file__]])
def test_boot_json_that_fails_prints_no_json(words: list[str]) -> None:
    result = _course("boot", "--json", *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words[0] in result.stderr


# ---- bench -----------------------------------------------------------------------

_FIGURES = [
    at_most("image.hello.bytes", 24576, "bytes", [24312]),
    at_most("call.null.over_function_cycles", 20, "cycles", [31.25]),
    reported("boot.hello.seconds", "s", [0.051, 0.052, 0.053]),
]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(prefix: str | None, **_: object) -> list[Figure]:
        return [figure for figure in _FIGURES if figure.name.startswith(prefix or "")]

    monkeypatch.setattr(bench, "measure", measure)


def test_bench_as_json(measured: None) -> None:
    result = _course("bench", "--json", "--only", "image")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "figures": [
            {
                "name": "image.hello.bytes",
                "value": 24312,
                "unit": "bytes",
                "goal": "at most 24576",
                "met": True,
                "samples": [24312],
            }
        ]
    }


def test_a_missed_goal_is_no_error(measured: None) -> None:
    result = _course("bench")
    assert result.exit_code == 0
    assert "missed" in result.stdout


def test_bench_as_a_table() -> None:
    assert table(_FIGURES).splitlines() == [
        "figure                           value  unit            goal",
        "image.hello.bytes               24,312  bytes   met     at most 24576",
        "call.null.over_function_cycles   31.25  cycles  missed  at most 20",
        "boot.hello.seconds               0.052  s",
    ]


def test_an_unknown_figure_lists_those_there_are() -> None:
    result = _course("bench", "--only", "nothing")
    assert (result.exit_code, result.stdout) == (1, "")
    assert all(name in result.stderr for name in bench.NAMES)


# ---- lab -------------------------------------------------------------------------


def test_lab_listens_on_this_host_only_and_opens_the_notebook(tmp_path: Path) -> None:
    notebook = tmp_path / "notebooks" / "00-a first look.ipynb"
    words = lab.command(tmp_path, notebook, no_browser=True, port=None)
    assert "--ServerApp.ip=127.0.0.1" in words
    assert "--ServerApp.open_browser=False" in words
    assert "--LabApp.default_url=/lab/tree/notebooks/00-a%20first%20look.ipynb" in words
    assert not any("port" in word for word in words)


def test_lab_takes_the_port_it_is_given_or_none(tmp_path: Path) -> None:
    words = lab.command(tmp_path, tmp_path / "00.ipynb", no_browser=False, port=9999)
    assert {"--ServerApp.port=9999", "--ServerApp.port_retries=0", "--ServerApp.open_browser=True"} <= set(words)


def test_lab_switches_announcements_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/the/users/own")
    ours, users = lab.environment()["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert users == "/the/users/own"
    settings = json.loads((Path(ours) / "labconfig" / "page_config.json").read_text())
    assert settings == {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


# ---- test ------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "numbers"), [("3", Numbers(3, 3)), ("01-05", Numbers(1, 5)), ("1-4", Numbers(1, 4))])
def test_range_of_numbers(text: str, numbers: Numbers) -> None:
    assert Numbers.parse(text) == numbers


@pytest.mark.parametrize("text", ["", "x", "1-", "-4", "1..4"])
def test_no_range_of_numbers(text: str) -> None:
    assert _course("test", "--only", text).exit_code == 2


def test_range_holds_what_is_numbered_so() -> None:
    names = ["00-first.ipynb", "01-second.ipynb", "05-sixth", "programs", "1x"]
    assert [name for name in names if Numbers(1, 5).holds(Path("notebooks") / name)] == names[1:3]


class _Suites:
    """Suites that record how they were run, and end as told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **counts: Count) -> None:
        self.ran: list[tuple[str, Run]] = []
        monkeypatch.setattr(suites, "SUITES", {name: self._suite(name, count) for name, count in counts.items()})
        monkeypatch.setattr(suites, "_present", lambda root, name: name != "absent")

    def _suite(self, name: str, count: Count) -> Callable[[Run], Count]:
        def suite(run: Run) -> Count:
            self.ran.append((name, run))
            return count

        return suite


def test_all_suites_run_in_order_and_the_last_line_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _Suites(monkeypatch, style=Count(3), absent=Count(9), unit=Count(4, 0, 2))
    result = _course("test")
    assert [name for name, _ in made.ran] == ["style", "unit"]
    assert result.stdout.splitlines()[-1] == "7 passed, 0 failed"
    assert result.exit_code == 0


def test_a_failure_is_counted_and_the_rest_still_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _Suites(monkeypatch, style=Count(2, 1), unit=Count(4))
    result = _course("test")
    assert len(made.ran) == 2
    assert result.stdout.splitlines()[-1] == "6 passed, 1 failed"
    assert result.exit_code == 1


def test_a_run_of_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    _Suites(monkeypatch, unit=Count(skipped=3))
    result = _course("test")
    assert result.stdout.splitlines()[-1] == "0 passed, 0 failed"
    assert result.exit_code == 1


def test_suites_numbers_and_words_for_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _Suites(monkeypatch, style=Count(1), unit=Count(1), labs=Count(1))
    _course("test", "labs", "--only", "1-4", "unit", "--", "-k", "style", "--only")
    assert [name for name, _ in made.ran] == ["unit", "labs"]
    assert made.ran[0][1].numbers == Numbers(1, 4)
    assert made.ran[0][1].extra == ("-k", "style", "--only")


def test_only_some_notebooks_and_labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("labs/01-one", "labs/02-two", "labs/03-three", "tests/notebooks", "notebooks"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "notebooks/02-two.ipynb").touch()
    asked: dict[str, list[str]] = {}
    monkeypatch.setattr(Run, "pytest", lambda run, name, words: asked.update({name: list(words)}) or Count(1))
    for numbers, labs, notebooks in ((Numbers(2, 3), "02-two or 03-three", "02-two"), (Numbers(7, 9), None, None)):
        asked.clear()
        for suite in ("labs", "notebooks"):
            SUITES[suite](Run(tmp_path, numbers, ()))
        chosen = {name: words[-1] for name, words in asked.items() if "-k" in words}
        assert (chosen.get("labs"), chosen.get("notebooks")) == (labs, notebooks)
        assert bool(asked) is (labs is not None)


_PASSES, _FAILS, _SKIPS = (
    "def test_passes(): pass\n",
    "def test_fails(): assert False\n",
    "import pytest\ndef test_skips(): pytest.skip('so')\n",
)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (_PASSES + _FAILS + _SKIPS, Count(1, 1, 1)),
        ("import there_is_no_such_module\n", Count(0, 1)),
        ("", Count()),
        ("import os; os._exit(3)\n", Count(0, 1)),  # pytest itself broke down
    ],
    ids=["each kind", "import fails", "empty", "breaks down"],
)
def test_pytest_is_counted_from_its_report(tmp_path: Path, text: str, count: Count) -> None:
    (tmp_path / "test_it.py").write_text(text)
    run = Run(tmp_path, Numbers(0, 9), ("-q", "-p", "no:cacheprovider"))
    assert run.pytest("it", ["test_it.py"]) == count
