"""How commands speak: one console for people, one line for what went wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from rich.console import Console


WIDTH_OF_A_PIPE = 120


def out() -> Console:
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_OF_A_PIPE)


def say(line: str) -> None:
    """One line for a person, as it is: neither wrapped nor read as markup."""
    out().print(line, markup=False, soft_wrap=True)


def warn(line: str) -> None:
    """The same on standard error."""
    err().print(line, markup=False, soft_wrap=True)


def err() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def is_chinese() -> bool:
    """Whether this terminal's person reads Chinese, by the variables that say so in every program."""
    said = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return said.lower().startswith("zh")


def fail(message: str) -> NoReturn:
    warn(f"tradepost: {message}")
    sys.exit(1)


@contextmanager
def in_one_line() -> Iterator[None]:
    """Refusals and an unreachable database are answers to a person, not faults of ours: a line, never a traceback."""
    try:
        yield
    except Refused as refused:
        fail(refused.message)
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

    said = (str(fault).strip() or type(fault).__name__).splitlines()[0]
    if isinstance(fault, utils.ProgrammingError) or "no such table" in said:
        if "permission denied" in said:
            return f"The database refused: {said}. Give its user the rights: it must be able to create tables."
        return f"The database is not at this version ({said}). Run: tradepost migrate" if _is_missing(said) else None
    if isinstance(fault, (utils.OperationalError, utils.InterfaceError)):
        return f"The database does not work: {said}. {_remedy()}"
    return None


def _remedy() -> str:
    from tradepost.market.base.config import config

    if config().database_url:
        return "Start it, or correct DATABASE_URL."
    return f"It is {config().data.absolute() / 'tradepost.sqlite3'}: is the disk full, or the file not this user's?"


def _is_missing(said: str) -> bool:
    return "no such table" in said or "does not exist" in said
