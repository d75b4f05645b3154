"""What learners may hand in for the exercises of notebook 08, and what they hear."""

from __future__ import annotations

from pathlib import Path

import pytest

from unilab.learn import card
from unilab.learn.exercises import threads
from unilab.measure.programs import of_course

_LOCK = "static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;"
_LOAD, _STORE = "long seen = counter;", "counter = seen + 1;"


def _race(*changes: tuple[str, str]) -> str:
    text = of_course("race.c").read_text().replace("static long counter;", f"static long counter;\n{_LOCK}")
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


_LOCKED = (_LOAD, f"pthread_mutex_lock(&lock); {_LOAD}")
_UNLOCKED = (_STORE, f"{_STORE} pthread_mutex_unlock(&lock);")


@pytest.fixture(autouse=True)
def lesson() -> None:
    card(
        notebook="08",
        question="?",
        objectives=["one", "two", "three", "four", "five"],
        prerequisites="",
        time="",
        machine="",
        fallback="",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (_race(_LOCKED, _UNLOCKED), "right."),
        (_race(), "and four times 100 are 400"),
        (_race(("sched_yield();", "")), "sched_yield is gone"),
        (
            _race((_STORE, f"pthread_mutex_lock(&lock); {_STORE} pthread_mutex_unlock(&lock);")),
            "four times 100 are 400",
        ),
        (_race(_LOCKED), "is each lock given back"),
        ("int main(void) { return 0; }\n", "sched_yield is gone"),
    ],
    ids=["locked", "without a lock", "without a yield", "only the store", "no unlock", "empty"],
)
def test_a_race_is_ended(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "fixed.c").write_text(text)
    said = str(threads.locked(tmp_path / "fixed.c"))
    assert says in said and "qemu" not in said


_ADD = "static void *add(void *p) { for (int i = 1; i <= 1000; i++) sum += i; return p; }"
_HEAD = "#include <pthread.h>\n#include <stdio.h>\n#include <unistd.h>\nstatic long sum;\n"
_FORK = "int p[2]; pipe(p); if (!fork()) { write(p[1], &(long){500500}, 8); return 0; } read(p[0], &sum, 8);"
_PRINT = 'printf("the sum is %ld\\n", sum);'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            f"{_ADD}\nint main(void) {{ pthread_t t; pthread_create(&t, 0, add, 0); pthread_join(t, 0); {_PRINT} }}",
            "right.",
        ),
        (f"int main(void) {{ {_FORK} {_PRINT} }}", "nothing in it calls pthread_create"),
        (f"int main(void) {{ sum = 500500; {_PRINT} }}", "nothing in it calls pthread_create"),
        (
            f"{_ADD}\nint main(void) {{ pthread_t t; pthread_create(&t, 0, add, 0); {_PRINT} }}",
            "it printed 'the sum is ",
        ),
    ],
    ids=["a thread", "a child", "nobody", "without a join"],
)
def test_a_thread_in_place_of_a_child(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "mine.c").write_text(f"{_HEAD}{text}\n")
    assert says in str(threads.without_fork(tmp_path / "mine.c"))
