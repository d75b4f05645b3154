"""Messages of the compiler, the assembler and the linker, read for somebody who meets them for the first time."""

from __future__ import annotations

import re

from unilab.errors import CompileError

_MESSAGE = re.compile(r"^([^\s:][^:\n]*):(\d+):(\d+): (?:fatal )?error: (.*)$", re.MULTILINE)
_LINKER = re.compile(r"^ld\.lld: error: (.*)$", re.MULTILINE)
_REFERENCE = re.compile(r"referenced by (\S+?):(\d+)")

#: What a message means: a part of it, and what to check.
_MEANINGS = (
    (r"use of undeclared identifier '(\w+)'", "is {0} spelt right, and the header that declares it included?"),
    (
        r"undeclared function '(\w+)'",
        "include the header that declares {0}(), or declare it: C reads from top to bottom",
    ),
    (
        r"no previous (?:prototype|extern declaration).*'(\w+)'",
        "make {0} static, or declare it in a header of include/",
    ),
    (r"unused (?:variable|function|parameter) '(\w+)'", "use {0}, or take it out: what is unused is an error here"),
    (r"expected ';'", "the line named, or the one before it, lacks a semicolon"),
    (r"expected '\}'|extraneous closing brace", "count the braces: one is missing, or one too many"),
    (r"file not found", 'headers of the library OS are included by their name alone, such as "frames.h"'),
    (
        r"incompatible (?:integer|pointer)",
        "the types differ: an address is a uint64_t or a pointer, and a cast says which",
    ),
    (
        r"invalid (?:instruction mnemonic|operand for instruction)",
        "which mode is this code for (.code32, .code64), and do the operands fit?",
    ),
    (
        r"unknown use of instruction mnemonic without a size suffix",
        "this is AT&T syntax: the source first, % in front of registers, $ in front of constants",
    ),
    (r"instruction requires: (?:64|Not 64)-bit", "the instruction is of the other mode: look for .code32 and .code64"),
    (r"unknown (?:token|directive)", "in assembly a comment begins with /* or #, a directive with a dot"),
    (r"undefined symbol: (\w+)", "nothing defines {0}: is the name spelt right, and, in assembly, .globl?"),
    (r"duplicate symbol: (\w+)", "{0} is defined twice: make one of them static, or give it another name"),
    (r"symbol '(\w+)' is already defined", "the label {0} stands there twice"),
    (r"conflicting types for '(\w+)'", "the definition of {0} differs from its declaration in the header"),
    (r"control reaches end", "a path through the function lacks its return"),
)


def read_message(error: CompileError) -> tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The first error of a message: in a sentence, with its place and excerpt; and what to check.

    Returns:
        Title, facts and checks, as for ``Explanation``.
    """
    text = error.message
    facts: list[tuple[str, str]] = []
    first = _MESSAGE.search(text)
    if first is not None:
        title = f"It does not compile: {_plain(first[4])}."
        facts.append(("Where", f"{first[1]}, line {first[2]}, column {first[3]}"))
        excerpt = re.match(r"((?:\n\s*\d* \|.*)+)", text[first.end() :]) or re.match(
            r"\n([^\n]*\n\s*\^[^\n]*)", text[first.end() :]
        )
        if excerpt:
            facts.append(("Source", "\n" + excerpt[1].strip("\n")))
        what = first[4]
    else:
        linker = _LINKER.search(text)
        what = linker[1] if linker else text.splitlines()[0] if text else "no message"
        title = f"It does not link: {_plain(what)}." if linker else f"It does not build: {_plain(what)}."
        if reference := _REFERENCE.search(text):
            facts.append(("Wanted by", f"{reference[1]}, line {reference[2]}"))
    count = len(_MESSAGE.findall(text)) or len(_LINKER.findall(text))
    if count > 1:
        facts.append(("And more", f"{count - 1} more; mend the first, and build again: it may have caused the others"))
    checks = [advice.format(*match.groups()) for match, advice in _meanings(what)]
    if error.remedy:
        checks.append(error.remedy)
    return title, tuple(facts), tuple(checks)


def _meanings(what: str) -> list[tuple[re.Match[str], str]]:
    found = ((re.search(pattern, what), advice) for pattern, advice in _MEANINGS)
    return [(match, advice) for match, advice in found if match is not None][:1]


def _plain(what: str) -> str:
    """Without the flag that made a warning an error."""
    return re.sub(r" \[-W[^\]]*\]$", "", what)
