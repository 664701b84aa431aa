"""Store attempts: one row per ended attempt, with request and response as on the wire.

Rows are never changed, with one exception: a lost attempt has neither, and a worker that was declared dead may return
and complete it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from tradepost.market.base import rows
from tradepost.market.base.rows import moment
from tradepost.protocols.commands import CallResult, Done, Fault, Pending, Rejected, Unreachable
from tradepost.protocols.http import Headers, Request
from tradepost.protocols.sync_commands import SyncAuth

from .claim import ClaimedCall
from .gateway import Exchange
from .masking import masked, masked_headers, masked_people, masked_url, printable
from .models import Call


class EndedAttempt(Struct, frozen=True):
    """An ended attempt. ``exchange``: None if nothing was sent or the worker lost it."""

    call: ClaimedCall
    result: CallResult
    exchange: Exchange | None = None
    findings: Sequence[Mapping[str, Any]] | None = None
    """Findings about the answer, for judged calls."""


def verdict_and_detail(result: CallResult) -> tuple[str, str]:
    """Return the name and detail of the result, as stored on attempts and shown to the seller."""
    match result:
        case Done(message=message):
            return "done", message
        case Pending(message=message):
            return "pending", message
        case Rejected(code=code, message=message):
            return code, message
        case Unreachable(fault=fault, detail=detail):
            return str(fault), detail


_ATTEMPT = {
    "call_id": "bigint", "number": "int", "trigger": "text", "business_id": "text", "started_at": "timestamptz", "ms": "double precision", "method": "text", "url": "text",
    "request_headers": "jsonb", "request_body": "text", "status": "int", "response_headers": "jsonb",
    "response_body": "text", "verdict": "text", "detail": "text", "findings": "jsonb", "certificate_ends": "timestamptz",
}  # fmt: skip


def _headers(headers: Headers) -> list[tuple[str, str]]:
    return [(printable(name), printable(value)) for name, value in headers]


def _attempt(ended: EndedAttempt) -> dict[str, Any]:
    verdict, detail = verdict_and_detail(ended.result)
    request = ended.exchange.request if ended.exchange else NO_REQUEST
    response = ended.exchange.response if ended.exchange else None
    return {
        "call_id": ended.call.call_id,
        "number": ended.call.number,
        "trigger": ended.call.trigger,
        "business_id": ended.call.business_id,
        "started_at": moment(ended.call.started_at),
        "ms": ended.exchange.milliseconds if ended.exchange else None,
        "method": request.method,
        "url": masked_url(request.url),
        "request_headers": masked_headers(request.headers),
        "request_body": _body(ended.call, request.body),
        "status": response.status if response else None,
        "response_headers": _headers(response.headers) if response else (),
        "response_body": masked(response.body) if response else "",
        "verdict": verdict,
        "detail": printable(detail)[:1000],
        "findings": ended.findings,
        "certificate_ends": moment(ends) if (ends := ended.exchange and ended.exchange.certificate_ends) else None,
    }


def _body(call: ClaimedCall, request_body: bytes) -> str:
    """Return the stored body. Synchronised people appear by account only, so that former members are not readable in
    old messages."""
    is_people_sync = call.purpose == Call.Purpose.SYNC and call.kind == SyncAuth.__name__
    return masked_people(request_body) if request_body and is_people_sync else masked(request_body)


NO_REQUEST = Request("", "")


_UPDATED = (
    "milliseconds", "method", "url", "request_headers", "request_body", "status", "response_headers", "response_body",
    "verdict", "detail", "findings", "certificate_ends",
)  # fmt: skip


def attempts_written(batch: Sequence[EndedAttempt], owner: str) -> rows.Statement:
    """Return the statement that stores the attempts. Of existing rows, only lost attempts are completed."""
    assignments = ", ".join(f"{column} = excluded.{column}" for column in _UPDATED)
    text = (
        "INSERT INTO production_attempt (call_id, number, trigger, business_id, started_at, milliseconds, method, url,"
        " request_headers, request_body, status, response_headers, response_body, verdict, detail, findings,"
        " certificate_ends, worker)"
        " SELECT call_id, number, trigger, business_id, started_at, ms, method, url, request_headers, request_body, status,"
        f" response_headers, response_body, verdict, detail, findings, certificate_ends, %s FROM {rows.recordset(_ATTEMPT)}"
        # SQLite parses ON after FROM as a join without WHERE.
        f" WHERE TRUE ON CONFLICT (call_id, number) DO UPDATE SET {assignments}"
        f" WHERE production_attempt.verdict = '{Fault.LOST}'"
    )
    return text, [owner, rows.as_json(map(_attempt, batch))]
