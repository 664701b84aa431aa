"""Leased jobs: running jobs with their start, failed jobs with their error, and a button to stop a job."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST
from msgspec import Struct

from tradepost.market.assets import file_scans, versions
from tradepost.market.base import leased_jobs, leased_jobs_list
from tradepost.market.base.leased_jobs_list import JobFilter
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.paging import Page
from tradepost.market.compute import observe, orphans, tasks
from tradepost.market.debugging import debug_all, find_out, replay
from tradepost.market.exports import order as exports
from tradepost.market.fulfilment import reconcile
from tradepost.market.identity import domains, group_check
from tradepost.market.identity.models import Seller
from tradepost.market.organisations import import_members, password_files
from tradepost.market.organisations.own_companies import own_companies_of
from tradepost.market.personal_data import erase
from tradepost.market.production.trials import TRIAL_JOB
from tradepost.market.review.contract import TranslatedText
from tradepost.market.review.website import WEBSITE
from tradepost.market.service_desk import fetch_mails
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.own_business import own_jobs
from tradepost.market.web.pages import Empty, Listing, ListQuery, choice, fragment, tabs, text, time_range
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.status import look, state_choices
from tradepost.market.web_scan import scan

from .list_parts import LAYOUT

TITLES: Mapping[str, TranslatedText] = {
    replay.KIND: gettext_lazy("Replay of debug cases"),
    debug_all.KIND: gettext_lazy("Debugging of all activities"),
    find_out.KIND: gettext_lazy("Test run"),
    domains.PROVE: gettext_lazy("Domain verification"),
    group_check.KIND: gettext_lazy("Groups of an operator at a provider"),
    TRIAL_JOB: gettext_lazy("Trial call with a staged key"),
    WEBSITE: gettext_lazy("Company website check"),
    scan.KIND: gettext_lazy("Web check"),
    versions.CHECK: gettext_lazy("Check of an uploaded file"),
    file_scans.KIND: gettext_lazy("Scan of a document"),
    reconcile.KIND: gettext_lazy("Comparison with a seller"),
    tasks.KIND: gettext_lazy("Change of a server in the cloud"),
    observe.KIND: gettext_lazy("Check of servers in the cloud"),
    orphans.KIND: gettext_lazy("Check for servers without an order"),
    import_members.VALIDATE: gettext_lazy("Check of a member table"),
    import_members.IMPORTS: gettext_lazy("Import of members"),
    fetch_mails.KIND: gettext_lazy("Fetching of demand emails"),
    password_files.MAKE: gettext_lazy("First passwords of members"),
    exports.KIND: gettext_lazy("Export of a list"),
    exports.COPY_KIND: gettext_lazy("Copy of a person's data"),
    erase.KIND: gettext_lazy("Erasure of an account"),
}
_SUBMISSION_PREFIX = "submission:"


class ListedJob(Struct, frozen=True):
    job: LeasedJob
    title: TranslatedText
    seller: Seller | None
    about: str
    about_url: str
    own: bool
    """Whether it concerns the operator's own company, so that another operator has to stop it."""


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[LeasedJob]:
    del request
    filters = JobFilter(outcome=query["show"], kind=query["kind"], since=query.since, until=query.until)
    return leased_jobs_list.listed(filters, after=after, size=size)


def _rows(request: HttpRequest, leased_jobs: list[LeasedJob]) -> list[ListedJob]:
    sellers = Seller.objects.in_bulk({job.seller_id for job in leased_jobs if job.seller_id is not None})
    own_ids = own_jobs(leased_jobs, own_companies_of(person(request), now=now_of(request)))
    return [
        ListedJob(
            job, TITLES.get(job.kind, job.kind), sellers.get(job.seller_id or 0), *subject_of(job), job.pk in own_ids
        )
        for job in leased_jobs
    ]


def _tabs(request: HttpRequest) -> list[tuple[str, str]]:
    del request
    counts = leased_jobs_list.count_by_outcome()
    return [(code, f"{words} ({counts[code]})") for code, words in state_choices("job")]


def _empty_context(request: HttpRequest, query: ListQuery) -> dict[str, Empty]:
    del request
    ended = query["show"] in LeasedJob.Outcome.values and query["show"]
    return {"nothing": NO_ENDED_JOBS} if ended and not query.narrowed else {}


def _progress(row: ListedJob) -> str:
    return f"{row.job.done} / {row.job.total}" if row.job.total else ""


NO_ENDED_JOBS = Empty(
    icon="list-details",
    title=gettext_lazy("No jobs here"),
    text=gettext_lazy("No jobs with this result in recent weeks."),
)
LISTING: Listing[LeasedJob, ListedJob] = Listing(
    name="console:leased_jobs",
    title=gettext_lazy("Background jobs"),
    intro=gettext_lazy(
        "Long-running work outside orders: replays, test runs, domain verifications, web checks and exports."
    ),
    layout=LAYOUT,
    source=_source,
    rows=_rows,
    columns=(
        fragment(
            gettext_lazy("Job"), lambda row: str(row.title), "console/parts/job.html", labelled=False, css="c-cell"
        ),
        text(gettext_lazy("State"), lambda row: str(look("job", row.job.outcome).label), on_page=False),
        text(gettext_lazy("Error of the last attempt"), "job.error", on_page=False),
        fragment(pgettext_lazy("job", "About"), "about", "console/parts/job_about.html", css="c-cell"),
        text(gettext_lazy("Seller"), "seller:name", on_page=False),
        fragment(gettext_lazy("Since"), "job.created_at", "console/parts/job_times.html"),
        fragment(gettext_lazy("Progress"), _progress, "console/parts/job_progress.html", css="c-cell"),
    ),
    filters=(tabs(_tabs), choice("kind", gettext_lazy("Kind"), list(TITLES.items())), time_range()),
    empty=Empty(
        icon="list-details",
        title=gettext_lazy("No jobs are running"),
        text=gettext_lazy(
            "Jobs appear here while they wait or run, and under the other tabs for some weeks afterwards."
        ),
    ),
    no_fit=Empty(icon="search", title=gettext_lazy("No jobs found"), text=gettext_lazy("Try another kind or time.")),
    file="jobs",
    template="console/leased_jobs.html",
    also=_empty_context,
)
index = operator_list(LISTING)


def subject_of(job: LeasedJob) -> tuple[str, str]:
    """Return a job's subject and its console page; empty strings without one."""
    if job.kind == WEBSITE and job.key.isdecimal():
        return _("submission %(number)s") % {"number": job.key}, reverse("console:review", args=[int(job.key)])
    if (
        job.kind == replay.KIND
        and job.key.startswith(_SUBMISSION_PREFIX)
        and job.key.removeprefix(_SUBMISSION_PREFIX).isdecimal()
    ):
        number = job.key.removeprefix(_SUBMISSION_PREFIX)
        return _("submission %(number)s") % {"number": number}, reverse("console:review", args=[int(number)])
    if job.kind == scan.KIND and job.key.isdecimal():
        return _("web check %(number)s") % {"number": job.key}, reverse("console:web_check", args=[int(job.key)])
    if job.kind == versions.CHECK and job.key.isdecimal():
        return _("uploaded file %(number)s") % {"number": job.key}, reverse("console:asset", args=[int(job.key)])
    if job.kind == reconcile.KIND:
        return _("all services"), reverse("console:reconcile")
    if job.kind == TRIAL_JOB:  # its key is not a name; the row names its seller
        return "", ""
    return job.key, ""


@operator_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a job to stop at its next step. Dependent work is notified as its kind defines."""
    job = leased_jobs_list.find_job(pk)
    if job is None:
        raise Http404
    if job.open:
        leased_jobs.cancel(pk, now=now_of(request), by=person(request).email)
        messages.success(request, _("Stop requested. The job ends at its next step."))
    else:
        messages.info(request, _("The job had already ended."))
    return redirect(f"{reverse('console:leased_jobs')}?show={'' if job.open else job.outcome}")
