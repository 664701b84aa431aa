"""How Python writes a message, without parsing and folding the same headers anew for each mail.

Mails of a market are alike but for a few words: their sender, their types, mostly their readers and subjects were written before.
To parse and fold them was half of what a mail takes (measured); what comes out is the same.
"""

from __future__ import annotations

from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import EmailPolicy, Policy
from functools import cache, lru_cache
from typing import Any, override

CACHE_SIZE = 1024
"""Headers that are remembered; those that were not used for longest are forgotten."""
BOUNDARY = "=_part"
"""Between the parts of a message. No encoded part has such a line: quoted-printable writes ``=`` as ``=3D``, and base64 has no
``_`` (RFC 2045, section 6.7)."""


_OWN_HEADERS = {"Message-ID", "Date"}
"""Another for each mail, written by us, and never in need of folding."""
_MAX_OWN_LENGTH = 60
"""Characters of a value of one that need no second look: a line holds 78."""


class _OwnHeader(BaseHeader):
    """One of these as it was written: nobody reads its parts, and to parse it takes longer than to write it."""

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds["decoded"], kwds["parse_tree"] = value, None

    @override
    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def _is_own_header(name: str, value: str) -> bool:
    return name in _OWN_HEADERS and len(value) <= _MAX_OWN_LENGTH and value.isascii() and value.isprintable()


class _KnownHeaders(HeaderRegistry):
    """The registry of Python makes a class for each header of each mail: a fifth of the time that a mail takes, measured. Names
    are those of our own headers, so that few are kept."""

    def __init__(self) -> None:
        super().__init__()
        self._classes: dict[str, Any] = {}

    @override
    def __getitem__(self, name: str) -> Any:
        header_class = self._classes.get(name)
        if header_class is None:
            header_class = self._classes[name] = super().__getitem__(name)
        return header_class

    @override
    def __call__(self, name: str, value: Any) -> Any:
        if type(value) is not str:
            return super().__call__(name, value)
        return _OwnHeader(name, value) if _is_own_header(name, value) else _parse_cached(name, value)

    def parse(self, name: str, value: str) -> Any:
        return super().__call__(name, value)


_HEADERS = _KnownHeaders()


@lru_cache(maxsize=CACHE_SIZE)
def _parse_cached(name: str, value: str) -> Any:
    """Headers are never changed: another value is another header."""
    return _HEADERS.parse(name, value)


class _CachingPolicy(EmailPolicy):
    """``fold_binary`` gives a header as it goes over the wire: of the same header under one policy always the same."""

    @override
    def clone(self, **changed: Any) -> _CachingPolicy:
        """Python makes one for each part of each message: of the same the same, or nothing of it would be remembered."""
        if changed.keys() <= set(_POLICY_FIELDS):
            return _policy(*(changed.get(name, getattr(self, name)) for name in _POLICY_FIELDS))
        return super().clone(**changed)

    @override
    def fold_binary(self, name: str, value: str) -> bytes:
        return _fold_cached(self, name, value)

    def fold_anew(self, name: str, value: str) -> bytes:
        line = f"{name}: {value}"
        if name in _OWN_HEADERS and value.isascii() and "\n" not in value and len(line) <= (self.max_line_length or 0):
            return f"{line}{self.linesep}".encode()
        return super().fold_binary(name, value)


@lru_cache(maxsize=CACHE_SIZE)
def _fold_cached(policy: _CachingPolicy, name: str, value: str) -> bytes:
    return policy.fold_anew(name, value)


_POLICY_FIELDS = (
    "linesep", "max_line_length", "cte_type", "raise_on_defect", "mangle_from_", "message_factory",
    "verify_generated_headers", "utf8", "refold_source", "content_manager",
)  # fmt: skip


@cache
def _policy(*values: Any) -> _CachingPolicy:
    return _CachingPolicy(header_factory=_HEADERS, **dict(zip(_POLICY_FIELDS, values, strict=True)))


def caching_policy(policy: EmailPolicy) -> EmailPolicy:
    """The same policy with a memory."""
    return _policy(*(getattr(policy, name) for name in _POLICY_FIELDS))


def set_boundary(message: EmailMessage) -> None:
    """Give a message of parts that are no messages of parts themselves our boundary, unless it occurs in one of them. Python would
    draw one for each, and look for it in all parts by an expression of its own."""
    if not message.is_multipart():
        return
    parts = message.get_payload()
    texts = [part.get_payload() for part in parts if isinstance(part, EmailMessage) and not part.is_multipart()]
    if len(texts) == len(parts) and not any(BOUNDARY in text for text in texts if isinstance(text, str)):
        message.set_boundary(BOUNDARY)
