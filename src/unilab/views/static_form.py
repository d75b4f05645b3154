"""What a widget leaves in a saved notebook, for readers who have no kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anywidget import AnyWidget

_SHARED = Path(__file__).parent / "static" / "shared.js"


def front_end(path: Path) -> str:
    """A widget's JavaScript: what all of ours share, then its own file.

    anywidget takes one module a widget, and a module that imports another would need a server to get it from.
    """
    return "\n".join(file.read_text(encoding="utf-8") for file in (_SHARED, path))


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
