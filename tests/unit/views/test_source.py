"""Source text and diffs: text and HTML say the same, and can be read by everybody."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from unilab.errors import CourseError
from unilab.toolchain import libos
from unilab.views import show
from unilab.views.source import DiffView, SourceView, highlighted
from unilab.views.theme import DARK, LIGHT, STATIC, contrast


def _words(markup: str) -> str:
    """What is left of HTML without its tags."""
    body = re.sub(r"<style>.*?</style>", "", markup, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", body))


def test_a_symbol_is_shown_with_numbers_and_a_link() -> None:
    view = show.source("tcp_input")
    own = (libos.tree() / "net/tcp_input.c").read_text().split("\n")
    assert view.lines == own[view.first - 1 : view.last]
    assert repr(view).splitlines()[0] == f"libos/net/tcp_input.c, lines {view.first} to {view.last}"
    assert f"{view.first}  void tcp_input(" in repr(view)
    markup = view._repr_html_()
    assert 'href="../libos/net/tcp_input.c"' in markup
    assert 'tabindex="0"' in markup and 'aria-label="libos/net/tcp_input.c, lines' in markup
    for line in repr(view).splitlines()[1:]:
        assert line in _words(markup)


def test_highlighting_changes_no_line() -> None:
    for path in sorted(libos.tree().rglob("*.[chS]")):
        text = path.read_text()
        assert [_words(line) for line in highlighted(text, path.name)] == text.split("\n"), path


def test_a_part_of_a_file() -> None:
    view = show.source("boot.S", lines=(30, 35))
    assert (view.name, view.first, view.last) == ("libos/arch/x86_64/boot.S", 30, 35)
    around = show.source("pvh_start", around="wrmsr", context=2)
    assert len(around.lines) == 5 and "wrmsr" in around.lines[2]
    with pytest.raises(CourseError, match="has lines 1 to"):
        show.source("boot.S", lines=(0, 5))
    with pytest.raises(CourseError, match="is not in it"):
        show.source("pvh_start", around="not there")


def test_no_path_of_this_machine_is_in_it() -> None:
    view = show.source("boot.S")
    assert str(libos.tree()) not in view._repr_html_() + repr(view)


def test_an_overlay_goes_in_front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scratch/core").mkdir(parents=True)
    (tmp_path / "scratch/core/mine.c").write_text("int mine(void)\n{\n    return 1;\n}\n")
    view = show.source("mine", overlay="scratch")
    assert (view.link, view.last) == ("scratch/core/mine.c", 4)
    assert show.source("tcp_input", overlay="scratch").link == "../libos/net/tcp_input.c"
    assert show.source("mine.c", overlay="scratch").last == 4


def test_a_diff_says_what_goes_and_what_comes() -> None:
    view = DiffView("x.c", "a <b>\nc\n", "a <b>\nd\n", "x.c", "a note")
    assert view.lines == ["@@ -1,2 +1,2 @@", " a <b>", "-c", "+d"]
    assert repr(view).splitlines() == ["x.c, changed", *view.lines, "a note"]
    markup = view._repr_html_()
    assert '<span class="uv-del">-c</span>' in markup and '<span class="uv-ins">+d</span>' in markup
    assert "a &lt;b&gt;" in markup
    assert repr(DiffView("x.c", None, "d\n")).startswith("x.c, a new file")
    assert repr(DiffView("x.c", "d\n", "d\n")) == "x.c, as the course has it"


def test_what_a_file_says_is_no_markup() -> None:
    view = SourceView("<x>.c", '/* <script>alert("&")</script> */', 1, 1)
    assert "<script>" not in view._repr_html_()
    assert '<script>alert("&")</script>' in _words(view._repr_html_())


def test_every_colour_can_be_read() -> None:
    text = (STATIC / "source.css").read_text()
    light, dark = re.findall(r"\{([^{}]*--uv-key:[^{}]*)\}", text)
    for rules, palette in ((light, LIGHT), (dark, DARK)):
        colours = dict(re.findall(r"--uv-([\w-]+): (#[0-9a-f]{6});", rules))
        # JupyterLab's dark paper is lighter than ours.
        for paper in (palette.paper, "#ffffff" if palette is LIGHT else "#212121"):
            for name in ("key", "rem", "str", "num", "fun", "pre", "dim"):
                assert contrast(colours[name], paper) >= 4.5, (name, paper)
        for name in ("add", "rem-paper"):
            assert contrast(palette.ink, colours[name]) >= 4.5, name
