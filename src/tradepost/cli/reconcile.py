"""``tradepost reconcile``: compares market and sellers, lists what differs, and repairs what calls can repair."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tradepost.cli import terminal
from tradepost.cli.opening import open_market
from tradepost.cli.recorded import acting
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.audit.record import Subject
    from tradepost.market.base.models import LeasedJob
    from tradepost.market.fulfilment.models import Drift
    from tradepost.market.identity.models import Seller

LOOK_EVERY = 0.2
STARTS_WITHIN = 60.0
"""Seconds in which a worker should have taken up a comparison, or have gone on with it."""
ACTOR = "command line"


def reconcile(*, seller: str = "", fix: bool = False) -> int:
    """Compare the market with what its sellers have, list what differs, and repair it.

    By queries, which a worker of the market asks, and by the sellers' last answers. Ends with code 1 while something differs.

    Parameters
    ----------
    seller
        Only this one: its number in the console, or the last part of its address in the store.
    fix
        Ask sellers for what repairs each difference; what needs a person is left.
    """
    from tradepost.market.base import clock

    open_market(follow_demo=True, existing=True)
    from tradepost.market.fulfilment import reconcile as comparison

    with acting("reconcile", seller=seller) as act:
        wanted = _found(seller) if seller else None
        act.done(_subject(wanted))
    if wanted is not None:
        ended = [_wait(comparison.start(wanted, by=ACTOR, now=clock.now()).pk)]
    else:
        ended = [_wait(pk) for pk in comparison.begun(_wait(comparison.start_all(by=ACTOR, now=clock.now()).pk))]
    for job in ended:
        _tell(job)
    drifts = list(comparison.standing(wanted))
    _show(drifts)
    failed = any(job.outcome != "done" for job in ended)
    if fix and drifts:
        with acting("reconcile fix", _subject(wanted)) as act:
            act.done()
            _fix(drifts)
    return int(failed or bool(drifts))


def _found(wanted: str) -> Seller:
    from tradepost.market.base.numbers import whole_number
    from tradepost.market.identity.models import Seller

    number = whole_number(wanted)
    found = Seller.objects.filter(pk=number).first() if number is not None else None
    found = found or Seller.objects.filter(slug=wanted[:96]).first()
    if found is None:
        raise Refused("reconcile.no_seller", "There is no such seller.")
    return found


def _subject(seller: Seller | None) -> Subject | None:
    from tradepost.market.audit.record import Subject

    return Subject(kind="seller", id=str(seller.pk), text=seller.name, seller=seller.pk) if seller is not None else None


def _wait(pk: int) -> LeasedJob:
    """Until it ended; refused when nobody works on it."""
    from tradepost.market.base.models import LeasedJob

    seen, since = (-1, -1), time.monotonic()
    while True:
        now = LeasedJob.objects.get(pk=pk)
        if not now.open:
            return now
        if (now.attempts, now.done) != seen:
            seen, since = (now.attempts, now.done), time.monotonic()
        if time.monotonic() - since > STARTS_WITHIN and not now.attempts:
            raise Refused("reconcile.no_worker", "Nobody began in time: is a worker running? It is done when one is.")
        time.sleep(LOOK_EVERY)


def _tell(job: LeasedJob) -> None:
    from tradepost.market.identity.models import Seller

    seller, result = Seller.objects.filter(pk=job.seller_id or 0).first(), job.result or {}
    if job.outcome == "done":
        said = (
            f"{result['services']} services, {result['asked']} asked for, {result['no_answer']} without an answer,"
            f" {result['settled']} settled"
        )
    else:
        said = f"{job.outcome}: {job.error.strip().splitlines()[-1] if job.error.strip() else 'no reason is known'}"
    terminal.out().print(f"{_clean(seller.name if seller else '?')}: {said}", markup=False, highlight=False)


def _show(drifts: Sequence[Drift]) -> None:
    from django.utils import translation
    from rich.table import Table

    if not drifts:
        terminal.say("Market and sellers say the same.")
        return
    table = Table("Service", "Instance", "Seller", "Difference", "Repair")
    with translation.override("en"):
        for one in drifts:
            held = one.subscription
            table.add_row(
                str(held.pk), _clean(held.instance_id), _clean(one.seller.name), str(one.get_what_display()),
                str(one.get_repair_display()),
            )  # fmt: skip
    terminal.out().print(table)


def _fix(drifts: Sequence[Drift]) -> None:
    from django.utils import translation

    from tradepost.market.base import clock
    from tradepost.market.fulfilment.repair import may_repair, repair

    asked = 0
    with translation.override("en"):
        for one in drifts:
            if not may_repair(one):
                continue
            try:
                repair(one, actor=ACTOR, now=clock.now())
            except Refused as refused:
                terminal.say(f"Service {one.subscription_id}: {refused.message}")
            else:
                asked += 1
    left = len(drifts) - asked
    terminal.say(f"{asked} repairs are asked for, and compared again in two minutes; {left} are left for a person.")


def _clean(text: str) -> str:
    """What strangers wrote, without what would steer a terminal."""
    return "".join(one if one.isprintable() else "?" for one in text)
