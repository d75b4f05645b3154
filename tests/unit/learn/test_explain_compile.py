"""Messages of the compiler, read."""

from __future__ import annotations

from pathlib import Path

import pytest

from unilab.errors import CompileError, CourseError
from unilab.learn.explain import explain
from unilab.toolchain import build, libos

_HELLO = Path(__file__).resolve().parents[3] / "notebooks" / "programs" / "hello.c"


@pytest.mark.parametrize(
    ("text", "title", "check"),
    [
        ("int main(void)\n{\n    return x;\n}\n", "undeclared identifier 'x'", "is x spelt right"),
        ("int main(void)\n{\n    return 0\n}\n", "expected ';'", "lacks a semicolon"),
        ("#include <nothing.h>\n", "'nothing.h' file not found", "headers of the library OS"),
        ("int f(void);\nint main(void)\n{\n    return f();\n}\n", "undefined symbol: f", "nothing defines f"),
    ],
)
def test_the_first_error_and_what_to_check(text: str, title: str, check: str, tmp_path: Path) -> None:
    program = tmp_path / "wrong.c"
    program.write_text(text)
    with pytest.raises(CompileError) as caught:
        build(program)
    said = explain(caught.value)
    assert title in said.title
    assert any(check in each for each in said.checks), said.checks


def test_an_excerpt_with_a_caret_and_how_many_follow(tmp_path: Path) -> None:
    program = tmp_path / "wrong.c"
    program.write_text("int main(void)\n{\n    return x + y;\n}\n")
    with pytest.raises(CompileError) as caught:
        build(program)
    facts = dict(explain(caught.value).facts)
    assert facts["Where"] == "wrong.c, line 3, column 12"
    assert "return x + y;" in facts["Source"] and "^" in facts["Source"]
    assert facts["And more"].startswith("1 more;")
    assert "<pre" in explain(caught.value)._repr_html_()


def test_assembly_of_the_library_os() -> None:
    text = (libos.tree() / "arch/x86_64/boot.S").read_text().replace("wrmsr", "wrmsrr")
    with pytest.raises(CompileError) as caught:
        build(_HELLO, overlay={"arch/x86_64/boot.S": text.encode()})
    said = explain(caught.value)
    assert said.title == "It does not compile: invalid instruction mnemonic 'wrmsrr'."
    assert any(".code32" in check for check in said.checks)


def test_what_cannot_be_explained_is_said() -> None:
    with pytest.raises(CourseError, match="a str cannot be explained"):
        explain("help")  # type: ignore[arg-type]
