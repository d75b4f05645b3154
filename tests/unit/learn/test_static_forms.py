"""What is stored in a notebook must be the same on every run."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
from unilab.learn import card, check, predict, quiz
from unilab.spaces.model import AddressSpace, Privilege, Region
from unilab.views import show

regions = [Region(n * 0x3000, n * 0x3000 + 0x1000, ("r--", "r-x", "rw-")[n % 3], list(Privilege)[n // 30],
                  owner="ab"[n % 2], kind="cde"[n % 3], label=f"lib{n // 4}") for n in range(60)]
view = show(AddressSpace("many", tuple(regions)), task="Look.")
view.expanded = ["0:0-3"]
asked = predict("How many?", choices=["one", "two"])
for form in (view, asked, asked.reveal("one", then=view, why="So."), quiz("00")):
    print(form.static_html(), form.static_text())
for form in (card(question="What?", objectives=["a", "b"], time="1 minute"), check("it", False, hints=["so"])):
    print(form._repr_html_(), repr(form))
"""


def output(hash_seed: str) -> str:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_static_forms_are_the_same_in_every_process() -> None:
    first = output("1")
    assert len(first) > 10_000
    assert output("2") == first
