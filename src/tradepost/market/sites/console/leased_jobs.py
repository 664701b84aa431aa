"""Jobs that wait for servers of sellers: what runs and since when, what failed with its error, and a button that stops one."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.assets import file_scans, versions
from tradepost.market.base import leased_jobs, leased_jobs_list
from tradepost.market.base.leased_jobs_list import JobFilter
from tradepost.market.base.models import LeasedJob
from tradepost.market.compute import observe, orphans, tasks
from tradepost.market.debugging import find_out, replay
from tradepost.market.fulfilment import reconcile
from tradepost.market.identity import domains
from tradepost.market.identity.models import Seller
from tradepost.market.organisations import import_members, password_files
from tradepost.market.organisations.own_companies import own_of
from tradepost.market.production.trials import TRIAL
from tradepost.market.review.contract import Words
from tradepost.market.review.website import WEBSITE
from tradepost.market.service_desk import fetch_mails
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.own_business import own_jobs
from tradepost.market.web.status import vocabulary
from tradepost.market.web_scan import scan

TITLES: Mapping[str, Words] = {
    replay.KIND: gettext_lazy("Replay of debug cases"),
    find_out.KIND: gettext_lazy("Run of the tester"),
    domains.PROVE: gettext_lazy("Proof of a domain"),
    TRIAL: gettext_lazy("Trial call with a staged key"),
    WEBSITE: gettext_lazy("Look at a company's website"),
    scan.KIND: gettext_lazy("Web check"),
    versions.CHECK: gettext_lazy("Check of an uploaded file"),
    file_scans.KIND: gettext_lazy("Scan of a document"),
    reconcile.KIND: gettext_lazy("Comparison with a seller"),
    tasks.KIND: gettext_lazy("Change of a server in the cloud"),
    observe.KIND: gettext_lazy("Look at servers in the cloud"),
    orphans.KIND: gettext_lazy("Check for servers without an order"),
    import_members.LOOK: gettext_lazy("Look at a table of members"),
    import_members.IMPORTS: gettext_lazy("Import of members"),
    fetch_mails.KIND: gettext_lazy("Fetch of demand mails"),
    password_files.MAKE: gettext_lazy("First passwords of members"),
}
_SUBMISSION = "submission:"


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    asked = JobFilter(outcome=request.GET.get("show", ""), kind=request.GET.get("kind", ""))
    found = leased_jobs_list.listed(asked, after=request.GET.get("after", ""))
    sellers = Seller.objects.in_bulk({job.seller_id for job in found.rows if job.seller_id is not None})
    counts = leased_jobs_list.how_many()
    context = {
        "page": found,
        "own": own_jobs(found.rows, own_of(person(request), now=now_of(request))),
        "asked": asked,
        "show": asked.wanted.value,
        "tabs": [(code, f"{words} ({counts[code]})") for code, words in vocabulary("job")],
        "kinds": list(TITLES.items()),
        "rows": [
            (job, TITLES.get(job.kind, job.kind), sellers.get(job.seller_id or 0), about(job)) for job in found.rows
        ],
    }
    return render(request, "console/leased_jobs.html", context)


def about(job: LeasedJob) -> tuple[str, str]:
    """What it is for, in words, and the operator's page of that; empty where there is none."""
    if job.kind == WEBSITE and job.key.isdecimal():
        return _("submission %(number)s") % {"number": job.key}, reverse("console:review", args=[int(job.key)])
    if job.kind == replay.KIND and job.key.startswith(_SUBMISSION) and job.key.removeprefix(_SUBMISSION).isdecimal():
        number = job.key.removeprefix(_SUBMISSION)
        return _("submission %(number)s") % {"number": number}, reverse("console:review", args=[int(number)])
    if job.kind == scan.KIND and job.key.isdecimal():
        return _("web check %(number)s") % {"number": job.key}, reverse("console:web_check", args=[int(job.key)])
    if job.kind == versions.CHECK and job.key.isdecimal():
        return _("uploaded file %(number)s") % {"number": job.key}, reverse("console:asset", args=[int(job.key)])
    if job.kind == reconcile.KIND:
        return _("all services"), reverse("console:reconcile")
    return job.key, ""


@operator_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a job to end at its next step. What waits for it is told that it was stopped, as its kind has it."""
    job = leased_jobs_list.find_job(pk)
    if job is None:
        raise Http404
    if job.open:
        leased_jobs.cancel(pk, now=now_of(request), by=person(request).email)
        messages.success(request, _("It is asked to stop, and ends at its next step."))
    else:
        messages.info(request, _("It had ended already."))
    return redirect(f"{reverse('console:leased_jobs')}?show={'' if job.open else job.outcome}")
