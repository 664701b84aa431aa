"""Callbacks with which the request loop decides about a request from its head, before the body arrives."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from msgspec import Struct

from . import transfer
from .answering import Environ, Headers


class RequestRules(Struct, frozen=True, kw_only=True):
    """Functions of a request's head. They run in the event loop and must not block, except ``is_caller_known``, which
    may query the database."""

    largest_body: Callable[[Environ], int]
    """Maximum size in bytes of a body for this address and method; 0 if the response does not depend on the body."""
    is_caller_known: Callable[[Environ], bool]
    """Whether the caller may send more than ``FROM_ANYBODY``, or a person more than ``MAX_FORM_FROM_UNKNOWN``."""
    hashes_password: Callable[[Environ], bool]
    client: Callable[[Environ], str]
    lane: Callable[[Environ], str]
    """Queue key of the request: the client, or the account if one of its requests was answered before."""
    answered: Callable[[Environ], None] = lambda _environ: None
    """Called in a thread after Django has answered the request."""
    piece: Callable[[Environ], int] = lambda _environ: 0
    """Size in bytes of the parts that are passed on while the rest of the body arrives; 0 passes the body on as a
    whole."""
    transfer: Callable[[Environ], transfer.Begin | None] = lambda _environ: None
    """Return the receiver of a body that is streamed to disk, or None for other bodies."""
    words: Callable[[Environ, HTTPStatus], tuple[Headers, bytes]] = lambda _environ, _status: ([], b"")
    """Headers and body of the response to a request that is refused unread."""
    lead: Callable[[Environ], Environ] = lambda environ: environ
    """Rewrite the path of a request whose host decides it."""
