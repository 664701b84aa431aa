"""``tradepost seller new``: a seller's project in an empty folder, in the framework of choice."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Literal

from tradepost import __version__
from tradepost.cli import terminal
from tradepost.kit.scaffold import NotEmpty, write_project

KEY_BYTES = 16

type FrameworkName = Literal["wsgi", "flask", "django", "fastapi", "asgi"]


def new(folder: Path, *, framework: FrameworkName = "wsgi") -> None:
    """Make a seller's project that runs and passes the tester.

    Parameters
    ----------
    folder
        Where to make it; missing or empty.
    framework
        What the server is built with.
    """
    try:
        written = write_project(folder, framework, key=secrets.token_hex(KEY_BYTES), version=__version__)
    except NotEmpty as error:
        terminal.fail(f"{error}. Nothing was written.")
    terminal.say(f"{len(written)} files are in {folder}. Next:")
    terminal.say(f"  cd {folder}")
    terminal.say("  pip install -r requirements.txt")
    terminal.say("  tradepost seller serve app:app --port 9000")
