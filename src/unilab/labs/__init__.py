"""Labs: what a learner hands in is run, contained, and graded by parts.

``lab.check`` is the one way in: the command line, pytest and a grader's notebook call it alike.
"""

from unilab.labs.containment import Called, Limits, Ran, call, contained, python
from unilab.labs.guest import Booted, GuestAnswer
from unilab.labs.lab import check
from unilab.labs.report import Part, Report, part

__all__ = [
    "Booted",
    "Called",
    "GuestAnswer",
    "Limits",
    "Part",
    "Ran",
    "Report",
    "call",
    "check",
    "contained",
    "part",
    "python",
]
