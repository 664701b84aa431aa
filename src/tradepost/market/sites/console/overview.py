"""First page of the console: what needs a person, then how the market runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from tradepost.market.base import clock
from tradepost.market.base.counting import Count, counts_up_to
from tradepost.market.base.models import Event, Job
from tradepost.market.fulfilment import pay_back
from tradepost.market.notifications import mailbox
from tradepost.market.orders import operator_queries as orders
from tradepost.market.production import operator_queries as engine
from tradepost.market.production.reasons import title
from tradepost.market.web.access import now_of, operator_required

from .charts import stacked
from .orders import STOPPED

LATE = timedelta(minutes=2)
"""Due calls older than this mean that the workers do not keep up."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits for a person."""

    tone: str
    icon: str
    text: str
    url: str
    action: str


@operator_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    now = now_of(request)
    figures, workers = engine.figures(now), engine.workers(clock.wall())
    calls, created = engine.last_day(now), engine.last_day(now, activities=["newInstance"])
    gave_up = engine.gave_up(now)
    breakers = engine.open_breakers()
    stopped, given_up, events, jobs, mails = counts_up_to(
        pay_back.stopped_orders(), gave_up, engine.stuck(Event), engine.stuck(Job), mailbox.failed()
    )
    needs = [
        *_of_workers(workers, figures.late(now)),
        *_of_orders(stopped),
        *_of_calls(given_up, len(breakers)),
        *_of_queues(events + jobs, mails),
    ]
    context = {
        "needs": needs, "figures": figures, "orders": orders.under_way(), "breakers": breakers[:5],
        "gave_up": gave_up[:5], "calls": calls, "calls_chart": stacked(calls.hours),
        "created_chart": stacked(created.hours), "created": created,
        "verdicts": [(verdict, title(verdict), count) for verdict, count in calls.verdicts],
        "living": sum(worker.alive for worker in workers),
    }  # fmt: skip
    return render(request, "console/overview.html", context)


def _of_workers(workers: list[engine.Worker], late: timedelta) -> Iterator[Need]:
    url, living = reverse("console:engine"), sum(worker.alive for worker in workers)
    if not living:
        yield Need(
            "bad", "server", _("No worker is running: no call is made and no mail is sent."), url, _("See the workers")
        )
    elif late > LATE:
        minutes = int(late.total_seconds() // 60)
        text = ngettext(
            "The workers do not keep up: the oldest due call has waited for %(n)s minute.",
            "The workers do not keep up: the oldest due call has waited for %(n)s minutes.", minutes,
        ) % {"n": minutes}  # fmt: skip
        yield Need("warn", "clock", text, url, _("See the engine"))
    if living and (dead := len(workers) - living):
        text = ngettext("%(n)s worker has not been seen lately.", "%(n)s workers have not been seen lately.", dead)
        yield Need("warn", "server", text % {"n": dead}, url, _("See the workers"))


def _of_orders(stopped: Count) -> Iterator[Need]:
    if stopped:
        text = ngettext(
            "%(n)s paid order stopped: restart it with its seller, or pay it back.",
            "%(n)s paid orders stopped: restart them with their sellers, or pay them back.", stopped,
        ) % {"n": stopped}  # fmt: skip
        url = f"{reverse('console:orders')}?status={STOPPED}"
        yield Need("bad", "player-pause", text, url, _("See the orders"))


def _of_calls(gave_up: Count, paused: int) -> Iterator[Need]:
    if gave_up:
        text = ngettext(
            "%(n)s call was given up in the last 7 days.", "%(n)s calls were given up in the last 7 days.", gave_up
        )
        url = f"{reverse('console:calls')}?state=gave_up"
        yield Need("bad", "circle-x", text % {"n": gave_up}, url, _("See the calls"))
    if paused:
        text = ngettext("%(n)s address does not answer.", "%(n)s addresses do not answer.", paused)
        yield Need("bad", "plug", text % {"n": paused}, reverse("console:engine"), _("See the addresses"))


def _of_queues(stuck: Count, mails: Count) -> Iterator[Need]:
    if stuck:
        text = ngettext(
            "%(n)s internal task failed and is tried again.", "%(n)s internal tasks failed and are tried again.", stuck
        )
        yield Need(
            "bad", "alert-triangle", text % {"n": stuck}, f"{reverse('console:engine')}#queues", _("See the errors")
        )
    if mails:
        text = ngettext("%(n)s mail could not be delivered.", "%(n)s mails could not be delivered.", mails)
        yield Need("warn", "mail", text % {"n": mails}, f"{reverse('console:mails')}?status=failed", _("See the mails"))
