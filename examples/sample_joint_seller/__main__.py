"""Lets the folder itself be run, as a demo of the market does: ``python examples/sample_joint_seller --port 9000``."""

from __future__ import annotations

import argparse
import signal

from joint_app import app

from tradepost.kit.serve import Server


def end(_number: int, _frame: object) -> None:
    """As Ctrl-C does: the answers that are being made are finished first."""
    raise SystemExit(0)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--port", type=int, default=9000)
signal.signal(signal.SIGTERM, end)
Server(app, "127.0.0.1", parser.parse_args().port).run()
