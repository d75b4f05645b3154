"""Labs: what a learner hands in is run, contained, and graded by parts.

``lab.check`` is the one way in: the command line, pytest and a grader's notebook call it alike.
"""

from unilab.labs.containment import Called, Limits, Ran, call, contained, python
from unilab.labs.guest import Booted, GuestAnswer, program_trouble
from unilab.labs.in_guest import contained_in_guest
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
    "contained_in_guest",
    "part",
    "program_trouble",
    "python",
]
