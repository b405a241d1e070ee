"""Ports on the loopback interface: a free one, and the one of last time when nobody took it since."""

import random
import socket
from pathlib import Path

from cxms.env.places import EngineError
from cxms.env.processes import write_atomically

# Below the kernel's range for outgoing connections, so that no client socket takes the port between two starts.
LOWEST, HIGHEST = 15000, 30000


def is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
            # Binding alone succeeds beside a socket that is bound but does not listen yet.
            trial.listen(1)
        except OSError:
            return False
    return True


def free_port() -> int:
    for port in random.sample(range(LOWEST, HIGHEST), 200):
        if is_free(port):
            return port
    raise EngineError("no free port on 127.0.0.1")


def remembered_port(path: Path) -> int:
    """The port written down in the file when it is still free, else a new one, written down."""
    try:
        port = int(path.read_text())
    except (OSError, ValueError):
        port = 0
    if not port or not is_free(port):
        port = free_port()
        write_atomically(path, f"{port}\n")
    return port
