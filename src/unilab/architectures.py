"""What a program can run as, in the order in which the course shows it: from the most help to the least."""

from __future__ import annotations

#: The names that ``on=`` and ``--on`` take. What each of them is: ``machines.start``.
ARCHITECTURES = ("process", "container", "linux", "xen", "unikernel")

_IN_WORDS = {"linux": "in a Linux guest", "xen": "as a domain of Xen"}


def in_words(architecture: str) -> str:
    """How a program runs on an architecture, for titles.

    >>> in_words("linux"), in_words("process")
    ('in a Linux guest', 'as a process')
    """
    return _IN_WORDS.get(architecture, f"as a {architecture}")
