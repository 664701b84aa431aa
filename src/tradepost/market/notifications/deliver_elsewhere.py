"""Deliver SMS, webhooks and messages to chats: a batch at a time, all of it at once, no transaction open meanwhile.

What a stranger's server does costs nobody else: each endpoint is asked for one message after the other, a batch ends after a
bounded time, and one that failed rests, with all that waits for it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from time import monotonic

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from msgspec import Struct

from tradepost.market.base.outbound_policy import OutboundPolicy
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import limits, throttling

from . import chat, failing, webhook
from .categories import Channel
from .compose import Site
from .endpoints import switch_off
from .models import NoticeDelivery
from .outgoing import DELIVER_BY
from .receiver_models import Endpoint
from .sending import (
    MAX_ERROR_LENGTH,
    ClaimedDelivery,
    NotAttempted,
    PermanentFailure,
    Result,
    Sent,
    TemporaryFailure,
    Withheld,
    claim,
    record_not_sent,
    record_sent,
)
from .sms import Sms, SmsAdapter, WrongSettings, make_adapter
from .spoken import language_of, render_delivery
from .why_not import UnsentReason

log = structlog.get_logger(__name__)

CHANNEL_JOBS = Q(kind__in=[kind for channel, kind in DELIVER_BY.items() if channel != Channel.MAIL])
BATCH_SIZE = 60
SMS_RETRY_DELAYS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""A message to a phone that is half a day late is worth nothing any more."""
BUSY_DELAY = timedelta(minutes=1)
"""What a batch had no time for waits so long, so that others get their turn."""


class DeliverySettings(Struct, frozen=True, kw_only=True):
    """What a worker knows of how it sends. ``within``: seconds for one answer; ``failing``: how long an endpoint may."""

    site: Site
    outbound: OutboundPolicy
    within: float = 10.0
    failing: timedelta = timedelta(days=5)
    sms_a_day: int = 20


type SendFunction = Callable[[], Awaitable[Result]]


def deliver_due(
    *, now: datetime, wall: datetime, way: DeliverySettings, owner: str = "elsewhere", limit: int = BATCH_SIZE
) -> int:
    """Deliver a batch of what is due. Returns how many were claimed. Must run outside of any transaction."""
    claimed = claim(CHANNEL_JOBS, now=now, wall=wall, owner=owner, limit=limit)
    if not claimed:
        return 0
    prepared = [
        (claimed_delivery, _prepare(claimed_delivery[1], way, now=now, wall=wall)) for claimed_delivery in claimed
    ]
    lanes: defaultdict[str, list[tuple[ClaimedDelivery, SendFunction]]] = defaultdict(list)
    results: list[tuple[ClaimedDelivery, Result]] = []
    for claimed_delivery, send in prepared:
        if callable(send):
            lanes[_lane_name(claimed_delivery[1])].append((claimed_delivery, send))
        else:
            results.append((claimed_delivery, send))
    results += asyncio.run(_send_lanes(list(lanes.values()), until=monotonic() + way.within))
    _record_results(results, way, now=now, owner=owner)
    return len(claimed)


def _lane_name(delivery: NoticeDelivery) -> str:
    """What is sent one after the other: to one endpoint, and to one phone."""
    return f"endpoint {delivery.endpoint_id}" if delivery.endpoint_id else f"phone {delivery.address}"


async def _send_lanes(
    lanes: Sequence[Sequence[tuple[ClaimedDelivery, SendFunction]]], *, until: float
) -> list[tuple[ClaimedDelivery, Result]]:
    results_by_lane = await asyncio.gather(*(_send_lane(lane, until) for lane in lanes))
    return [result for results in results_by_lane for result in results]


async def _send_lane(
    lane: Sequence[tuple[ClaimedDelivery, SendFunction]], until: float
) -> list[tuple[ClaimedDelivery, Result]]:
    results: list[tuple[ClaimedDelivery, Result]] = []
    failed = False
    for claimed_delivery, send in lane:
        late = failed or (bool(results) and monotonic() > until)
        result = NotAttempted() if late else await _send_safely(send, claimed_delivery[1])
        failed = failed or isinstance(result, TemporaryFailure)
        results.append((claimed_delivery, result))
    return results


async def _send_safely(send: SendFunction, delivery: NoticeDelivery) -> Result:
    """A provider's library may fail in any way; the others' messages must go out."""
    try:
        return await send()
    except Exception as error:
        log.exception("a message could not be sent", delivery=delivery.pk, channel=delivery.channel)
        return TemporaryFailure(f"{type(error).__name__}: {error}")


def _prepare(
    delivery: NoticeDelivery, way: DeliverySettings, *, now: datetime, wall: datetime
) -> SendFunction | Result:
    """How it is sent, with everything that the database knows; or what became of it without that."""
    if delivery.channel == Channel.SMS:
        return _prepare_sms(delivery, way, now=now)
    endpoint = delivery.endpoint
    if endpoint is None:
        return Withheld(UnsentReason.GONE)
    if endpoint.disabled_at is not None:
        return Withheld(UnsentReason.DISABLED)
    if endpoint.rests_until is not None and endpoint.rests_until > now:
        return NotAttempted(endpoint.rests_until)
    base = way.site.base_url
    if delivery.channel == Channel.CHAT:
        title, text = chat.compose_message(delivery, base_url=base)
        return lambda: asyncio.to_thread(chat.send, endpoint, title, text, authorities=way.outbound.authorities)
    body = webhook.body_of(delivery, base_url=base)
    bounds = webhook.bounds_of(outbound=way.outbound, within=way.within)
    return lambda: webhook.post(delivery, endpoint, body, bounds=bounds, wall=wall)


def _prepare_sms(delivery: NoticeDelivery, way: DeliverySettings, *, now: datetime) -> SendFunction | Result:
    try:
        adapter = make_adapter(settings.SMS)
    except WrongSettings as wrong:  # the doctor says so too
        return TemporaryFailure(str(wrong))
    if adapter is None:
        return Withheld(UnsentReason.CHANNEL_UNSET)
    if delivery.attempts == 0 and throttling.count(limits.SMS, delivery.address, most=way.sms_a_day, now=now):
        return Withheld(UnsentReason.TOO_MANY)
    try:
        message = sms_of(delivery, base_url=way.site.base_url)
    except ValueError as error:
        return PermanentFailure(str(error))
    return lambda: _send_sms(adapter, message)


async def _send_sms(adapter: SmsAdapter, message: Sms) -> Result:
    return await asyncio.to_thread(adapter.send, message)


def sms_of(one: NoticeDelivery, *, base_url: str) -> Sms:
    """What is sealed is a code, or the path of a page, which becomes an address. Raises ``ValueError`` when no key opens it any
    more."""
    sealed = unseal(one.sealed_link) if one.sealed_link else ""
    code = f"{base_url}{sealed}" if sealed.startswith("/") else sealed
    language = language_of(one) or settings.LANGUAGE_CODE
    with translation.override(language):
        words = render_delivery(one)
    full_text = f"{words.title}: {code}\n{words.body}" if code else words.title
    return Sms(delivery=one.pk, phone=one.address, language=language, text=words.title, code=code, whole=full_text)


def _record_results(
    results: Sequence[tuple[ClaimedDelivery, Result]], way: DeliverySettings, *, now: datetime, owner: str
) -> None:
    """Endpoints first: what they are to rest for counts for all that waits for them."""
    failures: dict[int, TemporaryFailure] = {}
    answered_endpoints: dict[int, Endpoint] = {}
    for (_job, delivery), result in results:
        if delivery.endpoint is not None and isinstance(result, TemporaryFailure):
            failures[delivery.endpoint.pk] = result
        elif delivery.endpoint is not None and isinstance(result, Sent):
            answered_endpoints[delivery.endpoint.pk] = delivery.endpoint
    for pk, endpoint in answered_endpoints.items():
        if pk not in failures and endpoint.failures:
            Endpoint.objects.filter(pk=pk).update(failing_since=None, failures=0, rests_until=None)
    rest_ends = {pk: _record_endpoint_failure(pk, result, way, now=now) for pk, result in failures.items()}
    record_sent([claimed_delivery for claimed_delivery, result in results if isinstance(result, Sent)], now=now)
    for (job, delivery), result in results:
        if (
            isinstance(result, TemporaryFailure)
            and delivery.endpoint_id in rest_ends
            and rest_ends[delivery.endpoint_id] is None
        ):
            # Switched off by this very attempt: it was withheld with all the others, and its job is gone.
            withheld_row = NoticeDelivery.objects.filter(pk=delivery.pk, status=NoticeDelivery.Status.WITHHELD)
            withheld_row.update(attempts=delivery.attempts + 1, error=result.reason[:MAX_ERROR_LENGTH])
        elif not isinstance(result, Sent):
            record_not_sent(
                job,
                delivery,
                _result_to_record(delivery, result, rest_ends, now),
                waits=_retry_delays(delivery),
                now=now,
                owner=owner,
            )


def _retry_delays(delivery: NoticeDelivery) -> Sequence[timedelta]:
    return SMS_RETRY_DELAYS if delivery.channel == Channel.SMS else failing.RETRY_DELAYS


def _result_to_record(
    delivery: NoticeDelivery,
    result: TemporaryFailure | PermanentFailure | NotAttempted | Withheld,
    rest_ends: dict[int, datetime | None],
    now: datetime,
) -> TemporaryFailure | PermanentFailure | NotAttempted | Withheld:
    """What was not tried because its endpoint failed before it, or because time was over, waits."""
    if delivery.endpoint_id in rest_ends and not isinstance(result, Withheld):
        until = rest_ends[delivery.endpoint_id]
        if until is None:
            return Withheld(UnsentReason.DISABLED)
        return NotAttempted(until) if isinstance(result, NotAttempted) else result
    return NotAttempted(now + BUSY_DELAY) if isinstance(result, NotAttempted) and result.until is None else result


def _record_endpoint_failure(
    pk: int, result: TemporaryFailure, way: DeliverySettings, *, now: datetime
) -> datetime | None:
    """Until when the endpoint rests; None when it is switched off, of which its owner is told."""
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update().filter(pk=pk).first()
        if endpoint is None or endpoint.disabled_at is not None:
            return None
        previous_standing = failing.EndpointHealth(endpoint.failing_since, endpoint.failures)
        is_gone = isinstance(result, webhook.EndpointGone)
        standing = failing.after_failure(previous_standing, failing=way.failing, now=now, gone=is_gone)
        Endpoint.objects.filter(pk=pk).update(
            failing_since=standing.failing_since, failures=standing.failures, rests_until=standing.rests_until
        )
        if standing.off:
            switch_off(endpoint, reason=result.reason, since=standing.failing_since or now, now=now)
    return standing.rests_until
