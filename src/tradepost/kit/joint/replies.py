"""What a sign-in answers a browser, free of any framework: where to go on, what to tell, which cookies to set."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import quote, unquote, urlsplit

from . import problems
from .auth_centre import AuthCentreError
from .problems import Problem

log = logging.getLogger(__name__)

LONGEST_PATH = 2000
SAFE_IN_PATH = "%/:=&?~#+!$,;'@()*[]"
USED_UP = frozenset({"invalid_grant", "INVALID_TICKET", "INVALID_SERVICE"})
MISCONFIGURED = frozenset({"invalid_client", "unauthorized_client", "invalid_request", "unreadable"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """To be set; an empty ``value`` deletes it. ``life``: how long the browser keeps it, None for as long as it is open."""

    name: str
    value: str = field(repr=False)
    life: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """``location``: where the browser goes on; or ``problem``: what to tell instead. ``cookies``: to set in both cases. ``tenant_id``: at
    whose sign-in beginning anew would begin.
    """

    location: str = ""
    problem: Problem | None = None
    cookies: tuple[Cookie, ...] = ()
    tenant_id: str = ""


class Refused(Exception):
    """Nobody is signed in, and why."""

    def __init__(self, problem: Problem, *cookies: Cookie) -> None:
        super().__init__(problem.title.en)
        self.problem = problem
        self.cookies = cookies


@contextmanager
def auth_centre_told() -> Iterator[None]:
    """What an auth centre refuses, in the words of the person who tried; the log says the rest. Raises ``Refused``."""
    try:
        yield
    except AuthCentreError as error:
        log.warning("The auth centre did not sign somebody in: %s", error)
        if error.may_pass:
            raise Refused(problems.AWAY) from error
        raise Refused(problems.OVER if error.code in USED_UP else problems.MISCONFIGURED) from error


def local_path(text: str) -> str:
    """A path of this application, to go on to, as a header can carry it; empty for anything that a browser could take for another
    address.
    """
    odd = any(character <= " " or character in "\\\x7f" for character in text)
    if not text.startswith("/") or text.startswith("//") or odd or len(text) > LONGEST_PATH:
        return ""
    return text if text.isascii() else quote(text, safe=SAFE_IN_PATH, errors="replace")


def path_of_cookie(text: str) -> str:
    """The path that a cookie carries quoted."""
    return local_path(unquote(text))


def same_origin(one: str, other: str) -> bool:
    try:
        origins = {(parts.scheme, parts.hostname, parts.port) for parts in (urlsplit(one), urlsplit(other))}
    except ValueError:
        return False
    return len(origins) == 1
