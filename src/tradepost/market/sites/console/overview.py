"""Start page of the console: tasks, then sales, buyers, sellers and deliveries of the last days."""

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
from tradepost.market.identity.console_roles import is_permitted
from tradepost.market.identity.opening import closed_checklist
from tradepost.market.notifications import delivery_log
from tradepost.market.orders import operator_queries as orders
from tradepost.market.production import operator_queries as engine
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.console_access import may_send
from tradepost.market.work_queue.contract import Entry
from tradepost.market.work_queue.queue_queries import WaitingCount, waiting_by_source

from . import first_sale
from .market_figures import market_figures
from .queue import clock_of, source_predicate

TONES = ("bad", "warn", "info")
"""Most urgent first."""
MAX_DELAY = timedelta(minutes=2)
"""Due calls older than this mean that the workers cannot keep up."""


class Task(Struct, frozen=True):
    """A task for a person. ``first``: the most urgent entry of the work queue behind it."""

    tone: str
    icon: str
    text: str
    url: str
    first: Entry | None = None
    late: bool = False


@operator_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    now, role = now_of(request), person(request).operator_role
    figures, workers = engine.figures(now), engine.workers(clock.wall())
    events, jobs, mails, closed = counts_up_to(
        engine.failed_rows(Event), engine.failed_rows(Job), delivery_log.failed_deliveries(), closed_checklist()
    )
    tasks = [
        *_worker_tasks(workers, figures.late(now)),
        *_work_queue_tasks(waiting_by_source(clock_of(request), with_first=True, reads=source_predicate(request))),
        *_call_tasks(figures.failing, len(engine.open_breakers())),
        *_event_and_mail_tasks(events + jobs, mails),
    ]
    visible_tasks = sorted(
        (task for task in tasks if may_send(role, task.url)), key=lambda task: TONES.index(task.tone)
    )
    context: dict[str, object] = {"needs": visible_tasks}
    if is_permitted(role, "orders"):
        context |= {"orders": orders.count_open_orders(), "market": market_figures(now)}
    if is_permitted(role, "first_sale"):
        context |= first_sale.checklist_context(first_sale.steps_on_overview(closed, now=now))
    return render(request, "console/overview.html", context)


def _worker_tasks(workers: list[engine.Worker], delay: timedelta) -> Iterator[Task]:
    url, living_count = reverse("console:engine"), sum(worker.alive for worker in workers)
    if not living_count:
        yield Task("bad", "server", _("No worker is running: no calls are made and no emails are sent."), url)
    elif delay > MAX_DELAY:
        minutes = int(delay.total_seconds() // 60)
        text = ngettext(
            "The workers cannot keep up: the oldest due call has waited for %(n)s minute.",
            "The workers cannot keep up: the oldest due call has waited for %(n)s minutes.", minutes,
        ) % {"n": minutes}  # fmt: skip
        yield Task("warn", "clock", text, url)
    if living_count and (dead_count := len(workers) - living_count):
        text = ngettext(
            "%(n)s worker has not been seen lately.", "%(n)s workers have not been seen lately.", dead_count
        )
        yield Task("warn", "server", text % {"n": dead_count}, url)


def _work_queue_tasks(waiting: Iterable[WaitingCount]) -> Iterator[Task]:
    """Yield the work queue by kind, most urgent first, each with its earliest deadline."""
    for kind in sorted((kind for kind in waiting if kind.first is not None), key=lambda kind: kind.by_clock):
        text = _("%(kind)s: %(n)s") % {"kind": kind.source.title, "n": kind.count}
        url = f"{reverse('console:queue')}?source={kind.source.name}"
        yield Task(
            "bad" if kind.late else "info", "clock" if kind.late else "list-check", text, url,
            kind.first, kind.late,
        )  # fmt: skip


def _call_tasks(failing: Count, paused: int) -> Iterator[Task]:
    if failing:
        text = ngettext("%(n)s call failed and is being retried.", "%(n)s calls failed and are being retried.", failing)
        url = f"{reverse('console:calls')}?state=failing"
        yield Task("warn", "alert-triangle", text % {"n": failing}, url)
    if paused:
        text = ngettext("%(n)s address does not answer.", "%(n)s addresses do not answer.", paused)
        yield Task("bad", "plug", text % {"n": paused}, reverse("console:engine"))


def _event_and_mail_tasks(stuck: Count, mails: Count) -> Iterator[Task]:
    if stuck:
        text = ngettext(
            "%(n)s internal task failed and is being retried.",
            "%(n)s internal tasks failed and are being retried.",
            stuck,
        )
        yield Task("bad", "alert-triangle", text % {"n": stuck}, f"{reverse('console:engine')}#queues")
    if mails:
        text = ngettext("%(n)s email could not be delivered.", "%(n)s emails could not be delivered.", mails)
        yield Task("warn", "mail", text % {"n": mails}, f"{reverse('console:deliveries')}?status=failed")
