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
from tradepost.market.identity import throttling

from . import chat, failing, webhook
from .categories import Channel
from .compose import Site
from .endpoints import switch_off
from .models import NoticeDelivery
from .outgoing import DELIVER_BY
from .receiver_models import Endpoint
from .sending import LONGEST_ERROR, Claimed, Never, NotNow, Result, Sent, Untried, Withheld, claim, record, record_sent
from .sms import Sms, SmsAdapter, WrongSettings, make_adapter
from .spoken import language_of, said
from .why_not import WhyNot

log = structlog.get_logger(__name__)

OURS = Q(kind__in=[kind for channel, kind in DELIVER_BY.items() if channel != Channel.MAIL])
BATCH = 60
SMS_WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""A message to a phone that is half a day late is worth nothing any more."""
BUSY = timedelta(minutes=1)
"""What a batch had no time for waits so long, so that others get their turn."""
A_DAY = timedelta(days=1)


class Way(Struct, frozen=True, kw_only=True):
    """What a worker knows of how it sends. ``within``: seconds for one answer; ``failing``: how long an endpoint may."""

    site: Site
    outbound: OutboundPolicy
    within: float = 10.0
    failing: timedelta = timedelta(days=5)
    sms_a_day: int = 20


type Send = Callable[[], Awaitable[Result]]


def deliver_due(*, now: datetime, wall: datetime, way: Way, owner: str = "elsewhere", limit: int = BATCH) -> int:
    """Deliver a batch of what is due. Returns how many were claimed. Must run outside of any transaction."""
    claimed = claim(OURS, now=now, wall=wall, owner=owner, limit=limit)
    if not claimed:
        return 0
    prepared = [(mine, _prepared(mine[1], way, now=now, wall=wall)) for mine in claimed]
    lanes: defaultdict[str, list[tuple[Claimed, Send]]] = defaultdict(list)
    results: list[tuple[Claimed, Result]] = []
    for mine, send in prepared:
        if callable(send):
            lanes[_lane(mine[1])].append((mine, send))
        else:
            results.append((mine, send))
    results += asyncio.run(_all(list(lanes.values()), until=monotonic() + way.within))
    _record(results, way, now=now, owner=owner)
    return len(claimed)


def _lane(one: NoticeDelivery) -> str:
    """What is sent one after the other: to one endpoint, and to one phone."""
    return f"endpoint {one.endpoint_id}" if one.endpoint_id else f"phone {one.address}"


async def _all(lanes: Sequence[Sequence[tuple[Claimed, Send]]], *, until: float) -> list[tuple[Claimed, Result]]:
    found = await asyncio.gather(*(_lane_of(lane, until) for lane in lanes))
    return [result for lane in found for result in lane]


async def _lane_of(lane: Sequence[tuple[Claimed, Send]], until: float) -> list[tuple[Claimed, Result]]:
    results: list[tuple[Claimed, Result]] = []
    failed = False
    for mine, send in lane:
        late = failed or (bool(results) and monotonic() > until)
        result = Untried() if late else await _safely(send, mine[1])
        failed = failed or isinstance(result, NotNow)
        results.append((mine, result))
    return results


async def _safely(send: Send, one: NoticeDelivery) -> Result:
    """A provider's library may fail in any way; the others' messages must go out."""
    try:
        return await send()
    except Exception as error:
        log.exception("a message could not be sent", delivery=one.pk, channel=one.channel)
        return NotNow(f"{type(error).__name__}: {error}")


def _prepared(one: NoticeDelivery, way: Way, *, now: datetime, wall: datetime) -> Send | Result:
    """How it is sent, with everything that the database knows; or what became of it without that."""
    if one.channel == Channel.SMS:
        return _sms(one, way, now=now)
    endpoint = one.endpoint
    if endpoint is None:
        return Withheld(WhyNot.GONE)
    if endpoint.disabled_at is not None:
        return Withheld(WhyNot.DISABLED)
    if endpoint.rests_until is not None and endpoint.rests_until > now:
        return Untried(endpoint.rests_until)
    base = way.site.base_url
    if one.channel == Channel.CHAT:
        title, text = chat.written(one, base_url=base)
        return lambda: asyncio.to_thread(chat.send, endpoint, title, text, authorities=way.outbound.authorities)
    body = webhook.body_of(one, base_url=base)
    bounds = webhook.bounds_of(outbound=way.outbound, within=way.within)
    return lambda: webhook.post(one, endpoint, body, bounds=bounds, wall=wall)


def _sms(one: NoticeDelivery, way: Way, *, now: datetime) -> Send | Result:
    try:
        adapter = make_adapter(settings.SMS)
    except WrongSettings as wrong:  # the doctor says so too
        return NotNow(str(wrong))
    if adapter is None:
        return Withheld(WhyNot.CHANNEL_UNSET)
    if one.attempts == 0 and throttling.window(f"sms to {one.address}", most=way.sms_a_day, length=A_DAY, now=now):
        return Withheld(WhyNot.TOO_MANY)
    try:
        message = sms_of(one, base_url=way.site.base_url)
    except ValueError as closed:
        return Never(str(closed))
    return lambda: _by(adapter, message)


async def _by(adapter: SmsAdapter, message: Sms) -> Result:
    return await asyncio.to_thread(adapter.send, message)


def sms_of(one: NoticeDelivery, *, base_url: str) -> Sms:
    """What is sealed is a code, or the path of a page, which becomes an address. Raises ``ValueError`` when no key opens it any
    more."""
    sealed = unseal(one.sealed_link) if one.sealed_link else ""
    code = f"{base_url}{sealed}" if sealed.startswith("/") else sealed
    language = language_of(one) or settings.LANGUAGE_CODE
    with translation.override(language):
        words = said(one)
    whole = f"{words.title}: {code}\n{words.body}" if code else words.title
    return Sms(delivery=one.pk, phone=one.address, language=language, text=words.title, code=code, whole=whole)


def _record(results: Sequence[tuple[Claimed, Result]], way: Way, *, now: datetime, owner: str) -> None:
    """Endpoints first: what they are to rest for counts for all that waits for them."""
    failures: dict[int, NotNow] = {}
    answered: dict[int, Endpoint] = {}
    for (_job, one), result in results:
        if one.endpoint is not None and isinstance(result, NotNow):
            failures[one.endpoint.pk] = result
        elif one.endpoint is not None and isinstance(result, Sent):
            answered[one.endpoint.pk] = one.endpoint
    for pk, endpoint in answered.items():
        if pk not in failures and endpoint.failures:
            Endpoint.objects.filter(pk=pk).update(failing_since=None, failures=0, rests_until=None)
    rests = {pk: _failed(pk, result, way, now=now) for pk, result in failures.items()}
    record_sent([mine for mine, result in results if isinstance(result, Sent)], now=now)
    for (job, one), result in results:
        if isinstance(result, NotNow) and one.endpoint_id in rests and rests[one.endpoint_id] is None:
            # Switched off by this very attempt: it was withheld with all the others, and its job is gone.
            tried = NoticeDelivery.objects.filter(pk=one.pk, status=NoticeDelivery.Status.WITHHELD)
            tried.update(attempts=one.attempts + 1, error=result.reason[:LONGEST_ERROR])
        elif not isinstance(result, Sent):
            record(job, one, _delayed(one, result, rests, now), waits=_waits(one), now=now, owner=owner)


def _waits(one: NoticeDelivery) -> Sequence[timedelta]:
    return SMS_WAITS if one.channel == Channel.SMS else failing.WAITS


def _delayed(
    one: NoticeDelivery, result: NotNow | Never | Untried | Withheld, rests: dict[int, datetime | None], now: datetime
) -> NotNow | Never | Untried | Withheld:
    """What was not tried because its endpoint failed before it, or because time was over, waits."""
    if one.endpoint_id in rests and not isinstance(result, Withheld):
        until = rests[one.endpoint_id]
        if until is None:
            return Withheld(WhyNot.DISABLED)
        return Untried(until) if isinstance(result, Untried) else result
    return Untried(now + BUSY) if isinstance(result, Untried) and result.until is None else result


def _failed(pk: int, result: NotNow, way: Way, *, now: datetime) -> datetime | None:
    """Until when the endpoint rests; None when it is switched off, of which its owner is told."""
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update().filter(pk=pk).first()
        if endpoint is None or endpoint.disabled_at is not None:
            return None
        before = failing.Standing(endpoint.failing_since, endpoint.failures)
        gone = isinstance(result, webhook.Gone)
        after = failing.after_failure(before, failing=way.failing, now=now, gone=gone)
        Endpoint.objects.filter(pk=pk).update(
            failing_since=after.failing_since, failures=after.failures, rests_until=after.rests_until
        )
        if after.off:
            switch_off(endpoint, reason=result.reason, since=after.failing_since or now, now=now)
    return after.rests_until
