"""An attempt as the pages show it: its result, the request and response, and command lines that repeat it."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.production import reasons, seller_queries
from tradepost.market.production.curl import curl_line, resigning_lines, sign_command
from tradepost.market.production.masking import MASK
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.reasons import Reason
from tradepost.market.production.retention import EMPTIED_BODY


class AttemptView(Struct, frozen=True):
    """An attempt with its explained result and its command lines."""

    attempt: Attempt
    reason: Reason
    curl: str
    curl_afresh: str
    sign: str
    """Command of the kit that signs the request again, in every protocol version."""
    request_head: str
    response_head: str
    emptied: bool
    """Whether the bodies were deleted because of their age."""


def attempts_of(call: Call) -> list[AttemptView]:
    """Return the attempts of a call, newest first."""
    return [_attempt_view(attempt, call.protocol) for attempt in seller_queries.attempts_of(call)]


def _attempt_view(attempt: Attempt, protocol: str) -> AttemptView:
    sent_request = {
        "method": attempt.method,
        "url": attempt.url,
        "headers": attempt.request_headers,
        "body": attempt.request_body,
    }
    emptied = attempt.request_body == EMPTIED_BODY
    repeatable = attempt.url and not emptied
    return AttemptView(
        attempt=attempt,
        reason=reasons.explain(attempt.verdict, attempt.detail, protocol=protocol),
        # A request that is masked or no longer stored cannot be repeated, so it has no command line.
        curl=curl_line(**sent_request) if repeatable and MASK not in attempt.url else "",
        curl_afresh=resigning_lines(**sent_request) if repeatable else "",
        sign=_signing_command(attempt, protocol) if repeatable else "",
        request_head=_message_head(f"{attempt.method} {attempt.url}", attempt.request_headers) if attempt.url else "",
        response_head=_message_head(f"HTTP {attempt.status}", attempt.response_headers) if attempt.status else "",
        emptied=emptied,
    )


def _signing_command(attempt: Attempt, protocol: str) -> str:
    """Return the command that signs the request, or "" if it is masked: the signature would cover the mask."""
    if MASK in attempt.url + attempt.request_body:
        return ""
    return sign_command(protocol=protocol, url=attempt.url, body=attempt.request_body)


def _message_head(first_line: str, headers: list[list[str]]) -> str:
    """Return the first line and the headers as they were sent, with their original case."""
    return "\n".join([first_line, *(f"{name}: {value}" for name, value in headers)])
