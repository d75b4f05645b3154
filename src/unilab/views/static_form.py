"""What a widget leaves in a saved notebook, for readers who have no kernel."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from anywidget import AnyWidget

from unilab.views.theme import STATIC


def front_end(path: Path, *parts: str) -> str:
    """A widget's JavaScript: what all of ours share, then its own file.

    anywidget takes one module a widget, and a module that imports another would need a server to get it from.

    Args:
        path: The widget's own file.
        parts: Names of files in ``views/static`` that it needs besides ``shared.js``.
    """
    return _together([STATIC / "shared.js", *(STATIC / name for name in parts), path])


def look(path: Path, *parts: str) -> str:
    """A widget's style sheet: files of ``views/static``, then its own.

    Args:
        path: The widget's own file.
        parts: Names of files in ``views/static`` that go before it.
    """
    return _together([*(STATIC / name for name in parts), path])


def _together(files: list[Path]) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def picture_html(svg: str, *, alt: str, table: str, task: str = "") -> str:
    """A picture, and its table folded away below it, as HTML without scripts.

    The picture is an ``<img>`` that carries its own data: of an inline ``<svg>``, JupyterLab's sanitiser
    would leave only the loose words in a notebook that is not trusted yet. An ``<img>`` cannot know the
    page's theme, so give it a light one with paper of its own.

    Args:
        svg: The picture, without ``var()``.
        alt: What it shows, in a sentence.
        table: HTML that says the same.
        task: A sentence above the picture.
    """
    data = quote(svg, safe=" :/=;,()!*'._-~{}@&[]$+")
    above = f'<p class="uv-task">{escape(task)}</p>' if task else ""
    return (
        f'<div class="uv-static">{above}'
        f'<img alt="{escape(alt, quote=True)}" '
        f'style="max-width: 100%" src="data:image/svg+xml,{escape(data, quote=True)}"/>'
        f"<details><summary>The same as a table</summary>{table}</details></div>"
    )


def as_image(svg: str) -> str:
    """The picture without what an ``<img>`` has no use for: nobody walks through it, and it speaks by its ``alt``."""
    return re.sub(r"<title>[^<]*</title>", "", re.sub(r' (?:aria-[a-z]+|role|tabindex|data-[a-z]+)="[^"]*"', "", svg))


class StaticFormWidget(AnyWidget):
    """A widget that also has an HTML and a text form.

    A notebook opened without a kernel, on a web page or in a diff, shows one of
    these instead of the widget. Subclasses give both; neither may hold anything that differs
    from run to run, such as a random id, unless it is what was measured.
    """

    def static_html(self) -> str:
        """The HTML form, without scripts."""
        raise NotImplementedError

    def static_text(self) -> str:
        """The plain-text form."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Jupyter's hook: the live widget and both static forms."""
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        data = data | {"text/html": self.static_html(), "text/plain": self.static_text()}
        return data, metadata
