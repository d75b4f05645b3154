"""Placeholder replaced by packaging helper."""
from __future__ import annotations
from contextlib import contextmanager
from collections.abc import Iterator
from tqdm import tqdm
@contextmanager
def bar(total: int, title: str) -> Iterator[tqdm]:
    with tqdm(total=total, desc=title) as b:
        yield b
