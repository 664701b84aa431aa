"""First page of the console: what needs a person, then how the market runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from msgspec import Struct

from tradepost.market.base import clock
from tradepost.market.base.counting import Count, counts_up_to
from tradepost.market.base.models import Event, Job
from tradepost.market.fulfilment.operator_queries import stopped_operations
from tradepost.market.notifications import delivery_log
from tradepost.market.orders import operator_queries as orders
from tradepost.market.production import operator_queries as engine
from tradepost.market.production.reasons import title
from tradepost.market.web.access import now_of, operator_required
from tradepost.market.web.operations import title_of, why
from tradepost.market.work_queue.queue_queries import Waiting, waiting_by_source

from .charts import stacked
from .queue import clock_of

LATE = timedelta(minutes=2)
"""Due calls older than this mean that the workers do not keep up."""


class Need(Struct, frozen=True):
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
    stopped = stopped_operations()
    breakers = engine.open_breakers()
    events, jobs, mails = counts_up_to(engine.stuck(Event), engine.stuck(Job), delivery_log.failed())
    needs = [
        *_of_workers(workers, figures.late(now)),
        *_of_queue(waiting_by_source(clock_of(request), with_late=True)),
        *_of_calls(figures.failing, len(breakers)),
        *_of_queues(events + jobs, mails),
    ]
    context = {
        "needs": needs, "figures": figures, "orders": orders.under_way(), "breakers": breakers[:5],
        "stopped": [(one, title_of(one), why(one)) for one in stopped.oldest], "calls": calls, "calls_chart": stacked(calls.hours),
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


def _of_queue(waiting: Iterable[Waiting]) -> Iterator[Need]:
    """What stands in the work queue, by kind; what is overdue is told apart, since the market promised a day."""
    for kind in waiting:
        if kind.count:
            said = {"kind": kind.source.title, "n": kind.count}
            late = _("%(kind)s: %(n)s, the first is overdue") % said
            text, tone = (late, "bad") if kind.late else (_("%(kind)s: %(n)s") % said, "info")
            url = f"{reverse('console:queue')}?source={kind.source.name}"
            yield Need(tone, "clock" if kind.late else "list-check", text, url, _("See them in the queue"))


def _of_calls(failing: Count, paused: int) -> Iterator[Need]:
    if failing:
        text = ngettext("%(n)s call fails and is tried again.", "%(n)s calls fail and are tried again.", failing)
        url = f"{reverse('console:calls')}?state=failing"
        yield Need("warn", "alert-triangle", text % {"n": failing}, url, _("See the calls"))
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
        yield Need(
            "warn", "mail", text % {"n": mails}, f"{reverse('console:deliveries')}?status=failed", _("See the mails")
        )
