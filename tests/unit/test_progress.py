from __future__ import annotations

import io
import sys
import threading
import time

import pytest

from unilab import progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.02)


def _terminal(monkeypatch: pytest.MonkeyPatch) -> _Terminal:
    """Not a fixture: pytest sets its own stderr after those have run."""
    stream = _Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def _work(total: int = 4, seconds: float = 0.15) -> None:
    with progress.bar(total, "counting") as bar:
        for _ in range(total):
            time.sleep(seconds / total)
            bar.update()


def test_quick_work_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    _work(seconds=0)
    assert capsys.readouterr() == ("", "")


def test_a_log_gets_two_plain_lines(impatient: None, capsys: pytest.CaptureFixture[str]) -> None:
    _work()
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert (out, first) == ("", "counting ...")
    assert second.startswith("counting: done in 0.")


def test_failed_work_is_not_called_done(impatient: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), progress.bar(1, "counting"):
        time.sleep(0.1)
        raise ZeroDivisionError
    assert capsys.readouterr().err == "counting ...\n"


def test_a_terminal_gets_a_bar_that_is_cleared(impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _terminal(monkeypatch)
    _work()
    shown = terminal.getvalue()
    assert "counting:" in shown
    assert "%|" in shown
    assert "\n" not in shown
    assert shown.split("\r")[-2].strip() == ""  # the last thing drawn is blanks


def test_quick_work_draws_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _terminal(monkeypatch)
    _work(seconds=0)
    assert terminal.getvalue() == ""


def test_a_thread_may_count(impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _terminal(monkeypatch)
    with progress.bar(3, "counting") as bar:

        def work() -> None:
            for _ in range(3):
                time.sleep(0.05)
                bar.update(1)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert "counting:" in terminal.getvalue()


def test_a_notebook_gets_a_bar_though_it_is_no_terminal(
    impatient: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_in_notebook", lambda: True)
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    _work()
    assert "%|" in capsys.readouterr().err


def test_a_notebook_under_test_shows_nothing(
    impatient: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_in_notebook", lambda: True)
    _work()
    assert capsys.readouterr() == ("", "")
