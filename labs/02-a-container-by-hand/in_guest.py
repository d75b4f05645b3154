"""Runs your container in a Linux guest: for hosts that let no ordinary user make namespaces.

Usage: python in_guest.py root HOSTNAME PROCESSES PROGRAM [ARGUMENT]...
"""

import sys
from pathlib import Path

from unilab.errors import CourseError
from unilab.labs import contained_in_guest, python

#: A copy of this folder has no empty folders in it.
START = """
import os, sys
os.makedirs("root/proc", exist_ok=True)
os.execv(sys.executable, [sys.executable, "-B", "container.py", *sys.argv[1:]])
"""

try:
    ran = contained_in_guest(
        python("start.py", *sys.argv[1:]), folder=Path(__file__).resolve().parent, files={"start.py": START.encode()}
    )
except CourseError as error:
    sys.exit(str(error))
print(ran.output, end="")
print(ran.errors, end="", file=sys.stderr)
sys.exit(ran.exit_status if ran.exit_status is not None else f"container.py: {ran.trouble}")
