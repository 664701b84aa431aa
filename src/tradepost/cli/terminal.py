"""Output of commands: one console for people, and one line for errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from rich.console import Console


PIPE_WIDTH = 120


def out() -> Console:
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def print_line(line: str) -> None:
    """Print one line unchanged: neither wrapped nor parsed as markup."""
    out().print(line, markup=False, soft_wrap=True)


def warn(line: str) -> None:
    """Print one line on standard error."""
    err().print(line, markup=False, soft_wrap=True)


def err() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def is_chinese() -> bool:
    """Return whether the terminal's language is Chinese, by the usual environment variables."""
    locale = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return locale.lower().startswith("zh")


def fail(message: str) -> NoReturn:
    warn(f"tradepost: {message}")
    sys.exit(1)


@contextmanager
def in_one_line() -> Iterator[None]:
    """Print refusals and an unreachable database as one line without a traceback."""
    try:
        yield
    except Refused as refusal:
        fail(refusal.message)
    except KeyboardInterrupt:
        sys.exit(130)
    except PermissionError as fault:
        fail(f"{fault.strerror}: {fault.filename}. Let this user read and write there, or run as the one who may.")
    except Exception as fault:
        words = _database_trouble(fault)
        if words is None:
            raise
        fail(words)


def _database_trouble(fault: Exception) -> str | None:
    if "django.db.utils" not in sys.modules:
        return None
    from django.db import utils

    message = (str(fault).strip() or type(fault).__name__).splitlines()[0]
    if isinstance(fault, utils.ProgrammingError) or "no such table" in message:
        if "permission denied" in message:
            return f"The database refused: {message}. Give its user the rights: it must be able to create tables."
        return (
            f"The database is not at this version ({message}). Run: tradepost migrate" if _is_missing(message) else None
        )
    if isinstance(fault, (utils.OperationalError, utils.InterfaceError)):
        return f"The database does not work: {message}. {_remedy()}"
    return None


def _remedy() -> str:
    from tradepost.market.base.config import config

    if config().database_url:
        return "Start it, or correct DATABASE_URL."
    return f"It is {config().data.absolute() / 'tradepost.sqlite3'}: is the disk full, or the file not this user's?"


def _is_missing(message: str) -> bool:
    return "no such table" in message or "does not exist" in message
