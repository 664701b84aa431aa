"""Result of a sign-in step for the browser, independent of the framework: redirect, problem and cookies."""

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

MAX_PATH_LENGTH = 2000
SAFE_IN_PATH = "%/:=&?~#+!$,;'@()*[]"
USED_UP_CODES = frozenset({"invalid_grant", "INVALID_TICKET", "INVALID_SERVICE"})
MISCONFIGURED = frozenset({"invalid_client", "unauthorized_client", "invalid_request", "unreadable"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie to set; an empty ``value`` deletes it. ``life``: how long the browser keeps it, None for the browser
    session."""

    name: str
    value: str = field(repr=False)
    life: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """``location``: redirect target; or ``problem``: the message to show. ``cookies``: set in both cases.
    ``tenant_id``: enterprise for another attempt."""

    location: str = ""
    problem: Problem | None = None
    cookies: tuple[Cookie, ...] = ()
    tenant_id: str = ""


class Refused(Exception):
    """The sign-in failed, with its problem."""

    def __init__(self, problem: Problem, *cookies: Cookie) -> None:
        super().__init__(problem.title.en)
        self.problem = problem
        self.cookies = cookies


@contextmanager
def auth_centre_problems() -> Iterator[None]:
    """Convert an auth centre's errors to messages for the person; the log has the details. Raises ``Refused``."""
    try:
        yield
    except AuthCentreError as error:
        log.warning("The auth centre did not sign somebody in: %s", error)
        if error.is_temporary:
            raise Refused(problems.AUTH_CENTRE_UNREACHABLE) from error
        raise Refused(problems.SIGN_IN_EXPIRED if error.code in USED_UP_CODES else problems.MISCONFIGURED) from error


def local_path(text: str) -> str:
    """Return a local path that a header can carry; empty for a text that a browser could treat as another address."""
    odd = any(character <= " " or character in "\\\x7f" for character in text)
    if not text.startswith("/") or text.startswith("//") or odd or len(text) > MAX_PATH_LENGTH:
        return ""
    return text if text.isascii() else quote(text, safe=SAFE_IN_PATH, errors="replace")


def path_of_cookie(text: str) -> str:
    """Return the path that a cookie carries quoted."""
    return local_path(unquote(text))


def same_origin(first: str, second: str) -> bool:
    try:
        origins = {(parts.scheme, parts.hostname, parts.port) for parts in (urlsplit(first), urlsplit(second))}
    except ValueError:
        return False
    return len(origins) == 1
