"""Answers on the second console."""

import socket


def peer(console: socket.socket) -> None:
    console.settimeout(20)
    assert console.recv(1) == b"?"
    console.sendall(b"!")
