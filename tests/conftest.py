from __future__ import annotations

from hypothesis import settings

# The same examples in every run, and no clock: a slow host is no failure.
settings.register_profile("course", deadline=None, derandomize=True, database=None)
settings.load_profile("course")
