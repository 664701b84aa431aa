"""Data of a version for the tester in addition to ``SellerProtocol``: field tables, and the section of each rule.

A protocol folder declares it in ``checks.py`` as ``SPECIFICATION``. Without it, the tester only uses
``SellerProtocol``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .commands import Command
from .wire_fields import Field


class SignedIn(StrEnum):
    """Where a request carries its signature."""

    URL = "url"  # signature, timestamp and nonce, with a JSON body (saas-v2 §2.2)
    QUERY = "query"  # authToken among the parameters of a GET (saas-v1-license §A1.2)
    HEADERS = "headers"  # x-sign, x-timestamp and x-nonce (saas-v2 §2.5)
    TOKEN_HEADER = "token_header"  # noqa: S105  authToken as a header over a JSON body (saas-v1-license §0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """``sections``: the section of a topic (``answer``, ``signature``, ``freshness``, ``body_sign``, ``test_flag``,
    ``codes``, ``once``, ``transport``, or a wire activity), without the name of the specification."""

    document: str
    signed: SignedIn
    answer_within: float = 20.0
    """Maximum seconds for an answer: the market's own limit, unless a page names a shorter one (saas-v2 §3.0,
    saas-v1-license A9, B3, openapi-jointkit §A.4)."""
    body_sign: bool = True
    """Whether every answer must carry ``Body-Sign``."""
    untimely_codes: tuple[str, ...] = ("000002", "000001")
    """Permitted result codes for an invalid time or nonce; most versions document none."""
    seconds_accepted: bool = True
    """Whether a seller may accept timestamps in seconds as well as milliseconds. The pages of most versions print
    seconds, and their sellers must accept both (saas-v1-license G)."""
    sections: Mapping[str, str] = field(default_factory=dict)
    requests: Mapping[type[Command], tuple[Field, ...]] = field(default_factory=dict)
    answers: Mapping[type[Command], tuple[Field, ...]] = field(default_factory=dict)
    """Tables of successful answers."""
    asked_of_test_calls: Mapping[type[Command], tuple[Field, ...]] = field(default_factory=dict)
    """Additional members required in the answer to a test call (saas-v1-license A9)."""
    pending: frozenset[type[Command]] = frozenset()
    """Commands that may be answered with 000004 (saas-v2 §4, saas-v1-license B3)."""
    optional: frozenset[type[Command]] = frozenset()
    """Commands that a seller need not support (saas-v2 §1.4)."""
    encrypted: bool = False
    """User name and password are encrypted, and phone and e-mail in requests (saas-v1-license §A1.4)."""

    def section(self, topic: str) -> str:
        return f"{self.document} {self.sections.get(topic) or self.sections.get('answer', '')}".strip()
