"""An attempt as a person reads it: its words, both sides of the wire, and the command lines that repeat it."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.production import reasons, seller_queries
from tradepost.market.production.curl import curl_line, sign_command, signed_afresh
from tradepost.market.production.masking import HIDDEN
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.reasons import Reason
from tradepost.market.production.retention import EMPTIED


class ShownAttempt(Struct, frozen=True):
    """An attempt with its words and its command lines."""

    attempt: Attempt
    reason: Reason
    curl: str
    curl_afresh: str
    sign: str
    """The command of the kit that signs it anew, in every version."""
    request_head: str
    response_head: str
    emptied: bool
    """Its bodies were deleted when they were old."""


def attempts_of(call: Call) -> list[ShownAttempt]:
    """The attempts of a call, newest first."""
    return [_shown(attempt, call.protocol) for attempt in seller_queries.attempts_of(call)]


def _shown(attempt: Attempt, protocol: str) -> ShownAttempt:
    sent = {
        "method": attempt.method,
        "url": attempt.url,
        "headers": attempt.request_headers,
        "body": attempt.request_body,
    }
    emptied = attempt.request_body == EMPTIED
    whole = attempt.url and not emptied
    return ShownAttempt(
        attempt=attempt,
        reason=reasons.explain(attempt.verdict, attempt.detail, protocol=protocol),
        # What was masked, or is not kept any more, cannot be sent again, so there is no line that would repeat it.
        curl=curl_line(**sent) if whole and HIDDEN not in attempt.url else "",
        curl_afresh=signed_afresh(**sent) if whole else "",
        sign=_sign(attempt, protocol) if whole else "",
        request_head=_head(f"{attempt.method} {attempt.url}", attempt.request_headers) if attempt.url else "",
        response_head=_head(f"HTTP {attempt.status}", attempt.response_headers) if attempt.status else "",
        emptied=emptied,
    )


def _sign(attempt: Attempt, protocol: str) -> str:
    """What was masked would be signed as dots."""
    if HIDDEN in attempt.url + attempt.request_body:
        return ""
    return sign_command(protocol=protocol, url=attempt.url, body=attempt.request_body)


def _head(first: str, headers: list[list[str]]) -> str:
    """The first line and the headers as they were on the wire, their case kept."""
    return "\n".join([first, *(f"{name}: {value}" for name, value in headers)])
