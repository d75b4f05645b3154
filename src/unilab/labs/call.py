"""Calls a function of a submission, again and again: a script that runs inside the containment.

Its working directory holds what was handed in and ``calls.json``: ``{"module": ..., "function": ..., "prepare": ...,
"arguments": [[...], ...]}``. It writes to descriptor 9, a line of JSON for each call: ``{"gave": ...}`` or ``{"raised":
..., "line": ...}``. ``prepare`` names a function of ``given.py`` that turns a call's arguments into those to use.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path

_ANSWER = 9


def main() -> None:
    """Make the calls."""
    order = json.loads(Path("calls.json").read_text(encoding="utf-8"))
    sys.path.insert(0, str(Path.cwd()))
    function = getattr(importlib.import_module(order["module"]), order["function"])
    prepare = getattr(importlib.import_module("given"), order["prepare"]) if order["prepare"] else None
    with os.fdopen(_ANSWER, "w") as answer:
        for arguments in order["arguments"]:
            try:
                gave = function(*(prepare(*arguments) if prepare else arguments))
                line = json.dumps({"gave": gave})
            except Exception as error:  # whatever it raises is told, and the next call made
                trace = traceback.extract_tb(error.__traceback__)
                own = [frame.lineno for frame in trace if Path(frame.filename).stem == order["module"]]
                line = json.dumps({"raised": f"{type(error).__name__}: {error}", "line": own[-1] if own else None})
            answer.write(line + "\n")
            answer.flush()


if __name__ == "__main__":
    main()
