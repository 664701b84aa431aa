"""Ends a process when its parent dies, and runs a program that way: ``python -m tradepost.cli.parent_death PATH …``.

``tradepost up`` and ``demo`` stop their children themselves; this is for the case that they are killed.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys

PARENT_VARIABLE = "TRADEPOST_STARTED_BY"
"""Environment variable: process ID of the supervisor that started this process."""
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_parent() -> None:
    """Ask the kernel to end this process when its starter dies. Does nothing if a user started it."""
    starter = os.environ.pop(PARENT_VARIABLE, "")
    if not starter or sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(starter):  # it died before the request
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    end_with_parent()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
