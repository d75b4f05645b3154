"""environment.yml, apt.txt, pyproject.toml, requirements.lock and ./course say the same; README lists the course."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from unilab import doctor

_ROOT = Path(__file__).resolve().parents[2]
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
_EXTRAS = _PROJECT["optional-dependencies"]
_DEPENDENCIES = [Requirement(text) for group in (_PROJECT["dependencies"], *_EXTRAS.values()) for text in group]


def _locked() -> list[tuple[Requirement, list[str]]]:
    """Each entry of the lock with its hashes."""
    text = re.sub(r"^\s*#.*$", "", (_ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)
    entries = []
    for entry in filter(str.strip, text.replace("\\\n", " ").splitlines()):
        requirement, *hashes = entry.split(" --hash=")
        entries.append((Requirement(requirement.strip()), [text.strip() for text in hashes]))
    return entries


_LOCKED = _locked()


@pytest.mark.parametrize("dependency", _DEPENDENCIES, ids=str)
def test_lock_satisfies_dependency(dependency: Requirement) -> None:
    name = canonicalize_name(dependency.name)
    versions = [_pinned(entry) for entry, _ in _LOCKED if canonicalize_name(entry.name) == name]
    assert versions, f"requirements.lock lacks {dependency}: make it anew"
    assert all(dependency.specifier.contains(version) for version in versions)


@pytest.mark.parametrize(("entry", "hashes"), _LOCKED, ids=lambda value: str(value)[:40])
def test_lock_entry_is_pinned_by_version_and_hash(entry: Requirement, hashes: list[str]) -> None:
    _pinned(entry)
    assert hashes
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes)


def test_lock_holds_the_build_system() -> None:
    """Set-up builds the course's own package without isolation, from what the lock installed."""
    pyproject = tomllib.loads((_ROOT / "pyproject.toml").read_text())
    assert set(pyproject["build-system"]["requires"]) <= set(_EXTRAS["build"])


def test_conda_environment_installs_this_project() -> None:
    environment = yaml.safe_load((_ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    python = next(text for text in conda if text.startswith("python="))
    assert SpecifierSet(_PROJECT["requires-python"]).contains(python.removeprefix("python="))
    assert {"graphviz", "pip"} <= set(conda)
    assert pip == {"pip": ["-e .[test]"]}
    assert "test" in _EXTRAS


def test_system_packages_have_the_same_names_everywhere() -> None:
    script = dict(re.findall(r"^apt_(\w+)=(\S+)$", (_ROOT / "course").read_text(), re.MULTILINE))
    apt = {program: names["apt-get"] for program, names in doctor.PACKAGES.items()}
    assert script == apt
    # Only tests want a browser of their own, and scripts from npm.
    assert set((_ROOT / "apt.txt").read_text().split()) == set(apt.values()) - {apt["chromium"], apt["npm"]}


def test_course_looks_for_every_browser_that_the_tests_can_drive() -> None:
    line = re.search(r"^have_browser\(\) \{(.*)\}$", (_ROOT / "course").read_text(), re.MULTILINE)
    assert line is not None
    assert re.findall(r"have ([\w-]+)", line[1]) == list(doctor.BROWSERS)


def test_the_ways_of_a_packet_and_of_a_byte_lead_through_functions_that_are_there() -> None:
    text = (_ROOT / "ARCHITECTURE.md").read_text()
    sources = {path.relative_to(_ROOT / "libos").as_posix(): path.read_text() for path in _libos_sources()}
    named = re.findall(r"`(\w+)\(\)`(?:,? \((\w+/\w+\.c)\))?", text)
    assert {"tcp_input", "node_read", "wait_on"} <= {function for function, _ in named}
    for function, file in named:
        definition = re.compile(rf"^\w[\w *]*\b(?:libos_sys_)?{function}\([^;]*\)\n\{{", re.MULTILINE)
        found = [name for name, source in sources.items() if definition.search(source)]
        assert file in found if file else found, f"{function}() of {file or 'the library OS'}"


def test_whoever_wants_to_change_something_finds_the_file() -> None:
    table = (_ROOT / "ARCHITECTURE.md").read_text().partition("## To change")[2].partition("## Decisions")[0]
    paths = [path for path in re.findall(r"`((?:src|libos|tests|notebooks|images)/[^`]*)`", table) if "N" not in path]
    assert len(paths) > 20
    assert [path for path in paths if not list(_ROOT.glob(path))] == []


def test_readme_lists_every_notebook_and_lab_in_order_with_its_own_question_and_time() -> None:
    """The tables are what a newcomer chooses by."""
    rows = re.findall(
        r"^\| \[(.+?)\]\((.+?)\)(?:, after \d\d)? \| (.+) \| (\d+) min \|$", _text("README.md"), re.MULTILINE
    )
    notebooks = sorted((_ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb"))
    labs = sorted((_ROOT / "labs").glob("[0-9][0-9]-*/README.md"))
    assert [target for _, target, _, _ in rows] == [str(path.relative_to(_ROOT)) for path in (*notebooks, *labs)]
    for title, target, about, minutes in rows:
        text = _text(target)
        if target.endswith(".ipynb"):
            notebook = json.loads(text)
            source = "".join(line for cell in notebook["cells"] for line in cell["source"])
            assert f"# {title}\n" in source, target
            assert f'question="{about}"' in source and f'time="{minutes} minutes' in source, target
        else:
            number, _, name = title.partition(" ")
            assert text.startswith(f"# Lab {number}: {name}\n"), target
            assert f"About {minutes} minutes" in text, target


def _text(name: str) -> str:
    return (_ROOT / name).read_text()


def _libos_sources() -> list[Path]:
    return sorted((_ROOT / "libos").rglob("*.[ch]"))


def _pinned(entry: Requirement) -> Version:
    (specifier,) = entry.specifier
    assert specifier.operator == "=="
    return Version(specifier.version)
