"""Models are plain values: they need no machine and no notebook."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

MODELS = [
    "unilab.spaces.guest",
    "unilab.spaces.labels",
    "unilab.spaces.model",
    "unilab.spaces.paging",
    "unilab.spaces.procfs",
    "unilab.spaces.recording",
    "unilab.spaces.registers",
    "unilab.toolchain.linkmap",
    "unilab.toolchain.symbols",
    "unilab.views.layout",
    "unilab.views.render",
    "unilab.views.table",
    "unilab.views.theme",
    "unilab.views.words",
]
FORBIDDEN = {"unilab.machines", "qemu", "ipywidgets", "anywidget", "traitlets", "IPython", "ipykernel"}

# The views' own front door imports the widgets: it is left out, so that each model stands alone.
_SCRIPT = """
import importlib, importlib.util, json, sys, types
package = types.ModuleType("unilab.views")
package.__path__ = importlib.util.find_spec("unilab.views").submodule_search_locations
sys.modules["unilab.views"] = package
importlib.import_module(sys.argv[1])
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("module", MODELS)
def test_a_model_imports_neither_the_machines_nor_the_notebook(module: str) -> None:
    ran = subprocess.run([sys.executable, "-c", _SCRIPT, module], capture_output=True, text=True, check=True)
    imported = set(json.loads(ran.stdout))
    assert module in imported
    assert not imported & FORBIDDEN
