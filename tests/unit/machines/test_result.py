from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from unilab.machines import Result

KEYS = [
    "program",
    "architecture",
    "machine",
    "accelerator",
    "image",
    "image_bytes",
    "build_seconds",
    "first_output_seconds",
    "total_seconds",
    "exit_status",
    "console",
]


def _result(console: str = "hello\n", first_output: float | None = 0.05) -> Result:
    return Result("a/hello.c", "unikernel", "microvm", "tcg", "hello.elf", 24312, 0.2, first_output, 0.1, 0, console)


@given(st.text(), st.none() | st.floats(0, 1e6))
def test_json_is_one_line_with_these_keys_and_gives_the_same_back(console: str, seconds: float | None) -> None:
    result = _result(console, seconds)
    text = result.to_json()
    assert "\n" not in text
    assert list(json.loads(text)) == KEYS
    assert Result(**json.loads(text)) == result


def test_a_result_shows_what_was_printed_and_how_it_went() -> None:
    assert repr(_result()) == (
        "hello.c as a unikernel on QEMU microvm, tcg\n"
        "  | hello\n"
        "exit status 0, image of 24,312 bytes, first output after 0.050 s"
    )


def test_much_output_is_shown_from_its_end() -> None:
    console = "".join(f"{n}\n" for n in range(1000))
    shown = repr(_result(console)).splitlines()
    assert shown[1] == "  | ... 940 more lines"
    assert shown[-2] == "  | 999"
    assert len(shown) == 1 + 1 + Result.SHOWN + 1
