"""``tradepost demo pause-seller`` and ``resume-seller``: stop and restart the answers of a running demo's sample
seller.

The state is a file in the demo's data folder. The sample seller checks it before each answer, so this needs no signal
and works from another shell on every operating system.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tradepost.cli import terminal
from tradepost.cli.opening import Demo, read_config
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.base.config import Config

HOST = "127.0.0.1"
CONNECT_TIMEOUT = 2.0


def pause_file(data: Path) -> Path:
    """Return the file; while it exists, the sample seller of this data folder does not answer."""
    return data.absolute() / "seller" / "paused"


def pause_seller() -> None:
    """Stop the answers of the running demo's sample seller.

    The market waits 20 seconds for an answer, then retries by the protocol's plan. TRADEPOST_DATA sets the demo's folder.
    """
    file = pause_file(_running_demo().data)
    if file.exists():
        terminal.print_line("The sample seller is paused already. Continue with: tradepost demo resume-seller")
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    terminal.print_line("The sample seller no longer answers. Continue with: tradepost demo resume-seller")


def resume_seller() -> None:
    """Make the sample seller of the running demo answer again."""
    file = pause_file(_running_demo().data)
    if not file.exists():
        terminal.print_line("The sample seller is not paused.")
        return
    clear(file)
    terminal.print_line(
        "The sample seller answers again. Open calls are retried when they are due; Restart retries at once."
    )


def clear(file: Path) -> None:
    """End a pause, if there is one."""
    with suppress(FileNotFoundError):
        file.unlink()


def _running_demo() -> Config:
    config = read_config()
    demo = Demo.of(config)
    if demo is None or not _listens(demo.seller_port):
        raise Refused(
            "cli.no_demo",
            f"No demo is running with the data folder {config.data.absolute()}. Start one with: tradepost demo. "
            "If it uses another folder, set TRADEPOST_DATA.",
        )
    return config


def _listens(port: int) -> bool:
    """Return whether a program accepts connections at the port; a paused seller also does."""
    try:
        with socket.create_connection((HOST, port), timeout=CONNECT_TIMEOUT):
            return True
    except OSError:
        return False
