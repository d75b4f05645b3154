"""./course itself, on a tree with a Python that only writes down what it is asked to do."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]

#: What the script needs of a system, and all that its PATH has in these tests.
_TOOLS = "sh cat cksum dirname readlink mkdir rm mv cp find tail sed env sleep touch".split()

#: Stands for Python. Environments it makes hold itself; pip and the course are lines in a log.
_PYTHON = f"""\
#!/bin/sh
case "$*" in
    "-c "*) exec "{sys.executable}" "$@" ;;
    "-m venv "*) echo venv >>"$LOG"; mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
    "-m pip "*) echo "pip $*" >>"$LOG"; sh -c "$PIP" ;;
    "-P -m unilab"*) shift 3; printf '%s\\n' "$PWD" "$VIRTUAL_ENV" "${{PYTHONHOME-unset}}" "$@" ;;
    *) exit 99 ;;
esac
"""

_OLD_PYTHON = "#!/bin/sh\nexit 1\n"


@dataclass
class Tree:
    """A checkout with only what the script reads, and a PATH of its own."""

    folder: Path
    tools: Path
    log: Path

    def program(self, name: str, text: str) -> None:
        """Put a program in PATH."""
        path = self.tools / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def environment(self, pip: str, settings: dict[str, str]) -> dict[str, str]:
        return {"PATH": str(self.tools), "LOG": str(self.log), "PIP": pip, **settings}

    def start(self, *words: str, script: Path | None = None, pip: str = "true", **settings: str) -> Running:
        return subprocess.Popen(
            [str(script or self.folder / "course"), *words],
            env=self.environment(pip, settings),
            cwd=self.tools,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str, script: Path | None = None, pip: str = "true", **settings: str) -> Ended:
        """Run ./course."""
        with self.start(*words, script=script, pip=pip, **settings) as running:
            out, err = running.communicate(timeout=60)
        return Ended(running.returncode, out, err)

    def logged(self) -> list[str]:
        """What was done since the last call, a word each: venv, packages, own."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return ["packages" if "--require-hashes" in line else "own" if "pip" in line else line for line in lines]


Running = subprocess.Popen[str]


@dataclass
class Ended:
    status: int
    out: str
    err: str


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path / "a tree, with 'blanks'", tmp_path / "tools", tmp_path / "log")
    tree.folder.mkdir()
    tree.tools.mkdir()
    shutil.copy(_ROOT / "course", tree.folder)
    (tree.folder / "requirements.lock").write_text("one\n")
    (tree.folder / "pyproject.toml").write_text("two\n")
    for name in _TOOLS:
        found = shutil.which(name)
        assert found is not None
        (tree.tools / name).symlink_to(found)
    tree.program("id", "#!/bin/sh\necho 1000\n")
    tree.program("python3.12", _PYTHON)
    for name in ("qemu-system-x86_64", "dot"):
        tree.program(name, "#!/bin/sh\n")
    return tree


WHOLE = ["venv", "packages", "own"]


def test_sets_up_and_hands_over(tree: Tree) -> None:
    ended = tree.run("boot", "a file.c", "--json")
    assert tree.logged() == WHOLE
    assert ended.status == 0
    # Stdout is the command's alone; it runs where it was typed.
    venv = str(tree.folder / ".venv")
    assert ended.out.splitlines() == [str(tree.tools), venv, "unset", "boot", "a file.c", "--json"]
    assert "making the Python environment" in ended.err


def test_second_start_does_nothing_but_hand_over(tree: Tree) -> None:
    tree.run("lab")
    tree.logged()
    tree.program("python3.12", _OLD_PYTHON)
    ended = tree.run("lab")
    assert (ended.status, ended.err, tree.logged()) == (0, "", [])


def test_called_by_symbolic_links(tree: Tree, tmp_path: Path) -> None:
    links = tmp_path / "links"
    links.mkdir()
    (links / "direct").symlink_to(tree.folder / "course")
    (links / "relative").symlink_to("direct")
    ended = tree.run("lab", script=links / "relative")
    assert ended.out.splitlines()[1] == str(tree.folder / ".venv")


def test_other_environments_do_not_reach_ours(tree: Tree) -> None:
    ended = tree.run("lab", PYTHONHOME="/no", PYTHONPATH="/no", VIRTUAL_ENV="/no", CONDA_PREFIX="/no", PIP_TARGET="/no")
    assert ended.out.splitlines()[1:3] == [str(tree.folder / ".venv"), "unset"]


def test_a_new_lock_makes_the_environment_anew(tree: Tree) -> None:
    tree.run("lab")
    stale = tree.folder / ".venv" / "stale"
    stale.touch()
    (tree.folder / "requirements.lock").write_text("changed\n")
    tree.logged()
    tree.run("lab")
    assert tree.logged() == WHOLE
    assert not stale.exists()


def test_a_new_pyproject_installs_the_courses_own_package_again(tree: Tree) -> None:
    tree.run("lab")
    (tree.folder / "pyproject.toml").write_text("changed\n")
    tree.logged()
    tree.run("lab")
    assert tree.logged() == ["own"]


def test_a_moved_checkout_is_set_up_anew(tree: Tree) -> None:
    tree.run("lab")
    tree.logged()
    tree.folder = tree.folder.rename(tree.folder.with_name("moved"))
    ended = tree.run("lab")
    assert tree.logged() == WHOLE
    assert ended.out.splitlines()[1] == str(tree.folder / ".venv")


def test_an_environment_whose_python_is_gone_is_made_anew(tree: Tree) -> None:
    tree.run("lab")
    tree.logged()
    (tree.folder / ".venv/bin/python").unlink()
    assert tree.run("lab").status == 0
    assert tree.logged() == WHOLE


def test_failing_pip_says_what_to_do_and_shows_its_last_lines(tree: Tree) -> None:
    ended = tree.run("lab", pip="echo the index is down; exit 1")
    assert (ended.status, ended.out) == (1, "")
    assert "    the index is down\n" in ended.err
    assert "run ./course again" in ended.err.splitlines()[-1]
    assert tree.logged() == ["venv", "packages"]
    assert tree.run("lab").status == 0
    assert tree.logged() == WHOLE


@pytest.mark.parametrize("everything", [True, False], ids=["all killed", "only the script killed"])
def test_set_up_killed_in_the_middle_is_not_taken_for_whole(tree: Tree, everything: bool) -> None:
    running = tree.start("lab", pip="touch begun; sleep 2")
    _wait_for(tree.tools / "begun")
    if everything:
        os.killpg(running.pid, signal.SIGKILL)
    else:
        running.kill()  # its pip lives on, and keeps the lock
    running.communicate()
    ended = tree.run("lab")
    assert ended.status == 0
    assert ("waiting for it" in ended.err) is not everything
    assert tree.logged() == ["venv", "packages", *WHOLE]


def test_two_at_once_set_up_once(tree: Tree) -> None:
    first = tree.start("lab", pip="touch begun; sleep 1")
    _wait_for(tree.tools / "begun")
    second = tree.run("doctor")
    first.communicate()
    assert (first.returncode, second.status) == (0, 0)
    assert "waiting for it" in second.err
    assert tree.logged() == WHOLE


def test_an_older_python_is_passed_over(tree: Tree) -> None:
    tree.program("python3.11", (tree.tools / "python3.12").read_text())
    tree.program("python3.12", _OLD_PYTHON)
    tree.program("python3", _OLD_PYTHON)
    assert tree.run("lab").status == 0


def test_no_python_has_one_remedy(tree: Tree) -> None:
    tree.program("python3.12", _OLD_PYTHON)
    ended = tree.run("lab")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.splitlines()[1:] == [
        "    conda create -n course -c conda-forge python=3.12 && conda activate course"
    ]


def test_python_without_ensurepip_names_the_package(tree: Tree) -> None:
    lacking = _PYTHON.replace('"-c "*)', '*ensurepip*) exit 1 ;;\n    "-c "*)', 1)
    tree.program("python3.12", lacking)
    ended = tree.run("lab")
    assert ended.status == 1
    assert re.search(r"^    sudo apt-get install python3\.\d+-venv$", ended.err, re.MULTILINE)


def test_missing_programs_are_named_for_every_package_manager(tree: Tree) -> None:
    (tree.tools / "qemu-system-x86_64").unlink()
    (tree.tools / "dot").unlink()
    ended = tree.run("lab")
    assert ended.status == 0  # what can be done without them goes on
    hints = [line.strip().split("    (")[0] for line in ended.err.splitlines() if line.startswith(" ")]
    assert hints == [
        "sudo apt-get install --no-install-recommends qemu-system-x86 graphviz",
        "sudo dnf install qemu-system-x86 graphviz",
        "brew install qemu graphviz",
        "conda install -c conda-forge graphviz",
        "(conda-forge has no QEMU system emulator: use the system's own package manager)",
    ]


def test_missing_programs_are_named_for_the_package_manager_that_is_here(tree: Tree) -> None:
    (tree.tools / "qemu-system-x86_64").unlink()
    tree.program("brew", "#!/bin/sh\n")
    hints = [line for line in tree.run("lab").err.splitlines() if line.startswith(" ")]
    assert hints == ["    brew install qemu"]


@pytest.mark.parametrize("words", [["--help"], ["doctor"]])
def test_help_and_doctor_are_not_preceded_by_hints(tree: Tree, words: list[str]) -> None:
    (tree.tools / "dot").unlink()
    assert "graphviz" not in tree.run(*words).err


def test_another_qemu_may_be_named(tree: Tree) -> None:
    (tree.tools / "qemu-system-x86_64").rename(tree.tools / "my-qemu")
    assert "missing" not in tree.run("lab", UNILAB_QEMU=str(tree.tools / "my-qemu")).err


def _apt_get(tree: Tree, *installs: str) -> None:
    makes = "\n".join(f'touch "{tree.tools / name}"; chmod +x "{tree.tools / name}"' for name in installs)
    chmod = shutil.which("chmod")
    assert chmod is not None
    (tree.tools / "chmod").symlink_to(chmod)
    tree.program("apt-get", f'#!/bin/sh\necho "$DEBIAN_FRONTEND apt-get $*" >>"$LOG"\n{makes}\n')


def _apt_commands(tree: Tree) -> Iterable[str]:
    return [line for line in tree.logged() if "apt-get" in line]


def test_root_gets_missing_programs_without_a_question(tree: Tree) -> None:
    (tree.tools / "dot").unlink()
    _apt_get(tree, "dot")
    tree.program("id", "#!/bin/sh\necho 0\n")
    ended = tree.run("lab")
    update, install = _apt_commands(tree)
    assert update.startswith("noninteractive apt-get -y ")
    assert update.endswith(" update")
    assert install.endswith(" install --no-install-recommends graphviz")
    assert "missing" not in ended.err


def test_one_package_that_apt_get_lacks_stops_no_other(tree: Tree) -> None:
    for name in ("dot", "qemu-system-x86_64"):
        (tree.tools / name).unlink()
    _apt_get(tree, "dot")
    tree.program("id", "#!/bin/sh\necho 0\n")
    fails = '#!/bin/sh\ncase "$*" in *qemu*) echo no such package; exit 100 ;; esac\n'
    tree.program("apt-get", fails + (tree.tools / "apt-get").read_text())
    ended = tree.run("lab")
    assert ended.status == 0
    assert "apt-get could not install qemu-system-x86\n    no such package\n" in ended.err
    assert "missing: qemu. To install" in ended.err


def test_sudo_is_used_where_it_asks_no_question(tree: Tree) -> None:
    (tree.tools / "dot").unlink()
    _apt_get(tree, "dot")
    tree.program("sudo", '#!/bin/sh\n[ "$1" = -n ] || exit 1\nshift\n[ "$1" = true ] || exec "$@"\n')
    tree.run("lab")
    assert len(list(_apt_commands(tree))) == 2


def test_sudo_that_wants_a_password_is_left_alone(tree: Tree) -> None:
    (tree.tools / "dot").unlink()
    _apt_get(tree, "dot")
    tree.program("sudo", "#!/bin/sh\nexit 1\n")
    ended = tree.run("lab")
    assert _apt_commands(tree) == []
    assert "    sudo apt-get install --no-install-recommends graphviz\n" in ended.err


def test_apt_get_that_installs_nothing_does_not_stop_the_rest(tree: Tree) -> None:
    (tree.tools / "dot").unlink()
    _apt_get(tree)
    tree.program("id", "#!/bin/sh\necho 0\n")
    ended = tree.run("lab")
    assert ended.status == 0
    assert "missing: graphviz" in ended.err


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["test"], True),
        (["test", "browser"], True),
        (["test", "unit", "browser"], True),
        (["test", "unit"], False),
        (["test", "host"], False),
        (["test", "--only", "01", "notebooks", "--", "-k", "browser"], False),
        (["lab"], False),
    ],
)
def test_a_browser_is_wanted_only_by_tests_in_one(tree: Tree, words: list[str], wanted: bool) -> None:
    (tree.folder / "tests/browser").mkdir(parents=True)
    said = tree.run(*words).err
    assert ("chromium" in said) is wanted
    assert ("npm" in said) is wanted


def test_what_tests_in_a_browser_need_is_named_as_each_package_manager_has_it(tree: Tree) -> None:
    (tree.folder / "tests/browser").mkdir(parents=True)
    hints = [line.strip().split("    (")[0] for line in tree.run("test").err.splitlines() if line.startswith(" ")]
    assert hints == [
        "sudo apt-get install --no-install-recommends chromium npm",
        "sudo dnf install chromium nodejs-npm",
        "brew install --cask chromium",
        "brew install node",
        "conda install -c conda-forge nodejs",
        "(conda-forge has no chromium: use the system's own package manager)",
    ]


def test_a_checkout_that_cannot_be_written_is_named(tree: Tree) -> None:
    (tree.folder / ".venv").touch()  # even root cannot make a folder of that name now
    ended = tree.run("lab")
    assert ended.status == 1
    assert "cannot write" in ended.err


def test_this_checkout_starts_with_a_bare_path(tmp_path: Path, tree: Tree) -> None:
    """The real thing, by a link, from another folder, with neither a network tool nor a Python in PATH."""
    if not (_ROOT / ".venv/.complete").exists():
        pytest.skip("this checkout was not set up by ./course")
    link = tmp_path / "link"
    link.symlink_to(_ROOT / "course")
    (tree.tools / "python3.12").unlink()
    ended = tree.run("--version", script=link)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("course, version ")


def _wait_for(path: Path) -> None:
    until = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not appear"
        time.sleep(0.01)
