"""The fuzzing of httpd.c (http_fuzz/) finds what is wrong: each of these mistakes, planted in a copy, ends it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.host.building import HERE, TOP, build

_HTTPD = "notebooks/programs/httpd.c"
#: What is replaced by what, and what the fuzzing says then.
_MISTAKES = {
    "one byte too many": ("REQUEST_SIZE - 1 - c->received, 0)", "REQUEST_SIZE - c->received, 0)", "out of bounds"),
    "a body that has not come": (
        "return (size_t)body_length < rest ? (size_t)body_length : rest;",
        "return (size_t)body_length;",
        "negative-size-param",
    ),
    "a percent sign alone": ("if (low < 0)\n                return false;\n", "", "left shift of negative value"),
    "out of the folder": ("(part[3] == '/' || !part[3])", "part[3] == '/'", "part[3] != '/'"),
    "what the last client wanted": ("        c->closing = false;\n", "", "client->answers.last"),
    "a slow client forgotten": ("wait_for(c, EPOLLOUT);", "wait_for(c, EPOLLIN);", "EPOLLOUT : EPOLLIN"),
    "an answer too long": ("respond_error(c, 431, false);", 'respond(c, 431, "text/plain", "", 1, true);', "complete"),
    "a file left open": ("    if (head) {\n        close(file);\n", "    if (head) {\n", "open_files <="),
}


@pytest.fixture(scope="module")
def objects_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("objects")


@pytest.mark.parametrize("mistake", _MISTAKES)
def test_it_finds(mistake: str, objects_folder: Path, tmp_path: Path) -> None:
    right, wrong, said = _MISTAKES[mistake]
    text = (TOP / _HTTPD).read_text()
    assert text.count(right) == 1
    copy = tmp_path / "httpd.c"
    copy.write_text(text.replace(right, wrong))
    program = build(HERE / "http_fuzz", objects_folder, tmp_path, {_HTTPD: copy})
    ran = subprocess.run([str(program)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert said in ran.stdout + ran.stderr
