"""The frame that every static form here is shown in."""

from __future__ import annotations

from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"


def framed(kind: str, body: str, state: str = "") -> str:
    """Wrap HTML in the package's frame, with the style sheet it needs.

    Args:
        kind: ``card``, ``predict``, ``reveal``, ``quiz`` or ``check``.
        body: HTML, already escaped.
        state: What tests and styles look for in ``data-state``.
    """
    data = f' data-state="{state}"' if state else ""
    # Two dollar signs, as assembly has them, would be read as a formula between them.
    plain = " mathjax_ignore tex2jax_ignore" if body.count("$") > 1 else ""
    return f'<div class="ul ul-{kind}{plain}"{data}><style>{_style()}</style>{body}</div>'


@cache
def _style() -> str:
    return (STATIC / "learn.css").read_text(encoding="utf-8")


def live_style() -> str:
    """The style sheet of the live forms: the saved ones' own, and what pages need that show both."""
    return _style() + (STATIC / "vscode.css").read_text(encoding="utf-8")
