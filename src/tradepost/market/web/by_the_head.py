"""What the loop that receives requests asks of the rest of the market before a body is there."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from msgspec import Struct

from . import transfer
from .answering import Environ, Headers


class ByTheHead(Struct, frozen=True, kw_only=True):
    """What is known of a request before its body is there. Each is asked in the event loop and must not wait, but for
    ``is_caller_known``, which may ask the database."""

    largest_body: Callable[[Environ], int]
    """Bytes that the address takes by this method; 0: whatever would come, it is not needed for the answer."""
    is_caller_known: Callable[[Environ], bool]
    """Whether the caller may send more than ``FROM_ANYBODY``, or a person more than ``FORM_FROM_ANYBODY``."""
    hashes_password: Callable[[Environ], bool]
    client: Callable[[Environ], str]
    lane: Callable[[Environ], str]
    """In whose turn it is answered: of the client, or of an account of whose requests one was answered before."""
    answered: Callable[[Environ], None] = lambda _environ: None
    """Called in a thread once Django has answered it."""
    piece: Callable[[Environ], int] = lambda _environ: 0
    """Bytes of which each goes on as a request of its own while the rest is on its way; 0: the body goes on whole."""
    transfer: Callable[[Environ], transfer.Begin | None] = lambda _environ: None
    """What begins to take in a body that goes to the disk as it comes; None for all others."""
    words: Callable[[Environ, HTTPStatus], tuple[Headers, bytes]] = lambda _environ, _status: ([], b"")
    """What is said of a request that was refused unread."""
    lead: Callable[[Environ], Environ] = lambda environ: environ
    """Where it goes, where its host says that."""
