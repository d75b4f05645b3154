"""Models are plain values: they need no machine and no notebook."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

MODELS = [
    "unilab.spaces.boot_steps",
    "unilab.spaces.btf",
    "unilab.spaces.calls",
    "unilab.spaces.code",
    "unilab.spaces.counters",
    "unilab.spaces.device_log",
    "unilab.spaces.entry_bits",
    "unilab.spaces.exchange",
    "unilab.spaces.guest",
    "unilab.spaces.image_map",
    "unilab.spaces.kallsyms",
    "unilab.spaces.labels",
    "unilab.spaces.linux",
    "unilab.spaces.linux_areas",
    "unilab.spaces.marks",
    "unilab.spaces.memory_tree",
    "unilab.spaces.model",
    "unilab.spaces.packets",
    "unilab.spaces.pagemap",
    "unilab.spaces.paging",
    "unilab.spaces.procfs",
    "unilab.spaces.recording",
    "unilab.spaces.register_bits",
    "unilab.spaces.registers",
    "unilab.spaces.segments",
    "unilab.spaces.standstill",
    "unilab.spaces.thread_stacks",
    "unilab.spaces.thread_timeline",
    "unilab.spaces.virtio",
    "unilab.spaces.virtqueue",
    "unilab.spaces.virtqueue_buffers",
    "unilab.spaces.virtual_memory",
    "unilab.spaces.vmcoreinfo",
    "unilab.toolchain.linkmap",
    "unilab.toolchain.symbols",
    "unilab.views.alignment",
    "unilab.views.boot_steps_drawing",
    "unilab.views.boot_steps_table",
    "unilab.views.boot_timeline_drawing",
    "unilab.views.code",
    "unilab.views.crossing_drawing",
    "unilab.views.crossing_layout",
    "unilab.views.crossing_table",
    "unilab.views.device_tables",
    "unilab.views.drawing",
    "unilab.views.exchange_drawing",
    "unilab.views.find",
    "unilab.views.grouping",
    "unilab.views.image_map_drawing",
    "unilab.views.image_map_layout",
    "unilab.views.layout",
    "unilab.views.nested_drawing",
    "unilab.views.page_walk_drawing",
    "unilab.views.register_words",
    "unilab.views.render",
    "unilab.views.side_by_side_drawing",
    "unilab.views.table",
    "unilab.views.terminal",
    "unilab.views.theme",
    "unilab.views.thread_timeline_drawing",
    "unilab.views.virtqueue_drawing",
    "unilab.views.virtqueue_layout",
    "unilab.views.virtqueue_table",
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
