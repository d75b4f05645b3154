from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilab.errors import CourseError
from unilab.machines import qemu
from unilab.machines.unikernel import guest_words

_plain = st.text(st.characters(exclude_characters="\0\n=", exclude_categories=["Cs"]), max_size=4)
_nasty = st.sampled_from(['"', "\\", '\\"', " ", "--", " -- ", "virtio_mmio.device", "\t"])
names = st.lists(_plain | _nasty, min_size=1).map("".join).filter(bool)
words = st.lists(_plain | _nasty | st.just("=")).map("".join)


def parsed(line: str) -> list[str]:
    """The words of a command line, taken apart as libos/core/command_line.c does."""
    found: list[str] = []
    at = 0
    while True:
        while line[at : at + 1] == " ":
            at += 1
        if at == len(line):
            return found
        word, quoted = "", False
        while at < len(line) and (quoted or line[at] != " "):
            if line[at] == '"':
                quoted = not quoted
            else:
                if quoted and line[at] == "\\" and at + 1 < len(line):
                    at += 1
                word += line[at]
            at += 1
        found.append(word)


@given(st.lists(words, max_size=5), st.dictionaries(names, words, max_size=4))
def test_any_words_come_through_as_they_are(argv: list[str], env: dict[str, str]) -> None:
    line = guest_words(argv, env)
    variables = [f"{name}={value}" for name, value in env.items()]
    assert parsed(line) == [*variables, "--", *argv]
    # The guest tells the separator and QEMU's own words by how they begin, so no word of ours may begin so.
    assert line.startswith('"' if env else "--")
    assert all(f'"{escaped}"' in line for escaped in map(_escaped, argv))


def _escaped(word: str) -> str:
    return "".join("\\" + letter if letter in '\\"' else letter for letter in word)


@pytest.mark.parametrize("word", ["two\nlines", "a\0b"])
def test_what_cannot_be_passed_is_refused(word: str) -> None:
    with pytest.raises(CourseError, match="newline or a NUL"):
        guest_words([word], {})
    with pytest.raises(CourseError, match="newline or a NUL"):
        guest_words([], {"NAME": word})


def _command(machine: str = "microvm", words: str = '-- "hello"', debugger: int | None = None) -> list[str]:
    return qemu.command_line(
        qemu.Qemu("/usr/bin/qemu", (7, 2, 0)),
        Path("/images/hello.elf"),
        machine=machine,
        accelerator="tcg",
        memory=64,
        words=words,
        inherited=qemu.Descriptors(3, 4, debugger),
    )


@pytest.mark.parametrize("machine", qemu.MACHINES)
def test_a_machine_has_no_network_and_no_screen(machine: str) -> None:
    command = _command(machine=machine)
    assert {"-nodefaults", "-no-user-config", "-no-reboot"} < set(command)
    assert not {"-netdev", "-nic", "-net", "-vnc", "-spice", "-monitor"} & set(command)
    assert [word for word in command if word.startswith("socket,")] == ["socket,id=monitor,fd=3"]


def test_only_a_machine_with_a_debugger_waits_for_one() -> None:
    assert "-S" not in _command()
    assert {"-S", "-gdb", "socket,id=debugger,fd=9"} < set(_command(debugger=9))


def test_the_guests_words_are_one_word_of_the_command() -> None:
    assert _command(words='"A=1" -- "hello" "two words"')[-1] == '"A=1" -- "hello" "two words"'
