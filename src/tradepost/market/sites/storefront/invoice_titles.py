"""To whom a buyer's invoices are made out: kept for the next time, entered on the way to an application or here."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.invoices.models import TITLE_FIELDS, InvoiceTitle
from tradepost.market.invoices.titles import TitleDocument, delete_title, keep_title, titles_of
from tradepost.market.web.access import buyer_required, now_of, person

private = cache_control(private=True, no_store=True)
LONGEST_WAY = 6000
"""Of what was answered before, as it stands in an address: a hundred orders fit."""


@buyer_required
@private
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "storefront/invoice_titles.html", {"titles": titles_of(person(request))})


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    return _form(request, None)


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    title = InvoiceTitle.objects.filter(buyer=person(request), pk=pk).first()
    if title is None:
        raise Http404
    return _form(request, title)


def _form(request: HttpRequest, title: InvoiceTitle | None) -> HttpResponse:
    if request.method != "POST":
        return _page(request, title, None)
    said = TitleDocument(**{name: request.POST.get(name, "") for name in TITLE_FIELDS})
    try:
        kept = keep_title(person(request), said, title=title.pk if title else None, now=now_of(request))
    except Refused as refused:
        return _page(request, title, refused)
    if way := _way(request):
        return redirect(f"{reverse('storefront:invoice_apply')}?{way}&title={kept.pk}")
    messages.success(request, _("Kept."))
    return redirect("storefront:invoice_titles")


def _way(request: HttpRequest) -> str:
    """The application that this title is for, as the answers given so far; written anew, so that it leads nowhere else."""
    said = request.POST.get("way", "") or request.GET.get("way", "")
    if not said or len(said) > LONGEST_WAY:
        return ""
    answers, way = QueryDict(said), QueryDict(mutable=True)
    way.setlist("order", answers.getlist("order"))
    way.setlist("usage", answers.getlist("usage"))
    way["type"] = answers.get("type", "")
    return way.urlencode()


def _page(request: HttpRequest, title: InvoiceTitle | None, refused: Refused | None) -> HttpResponse:
    typed = {name: str(getattr(title, name, "")) for name in TITLE_FIELDS}
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in TITLE_FIELDS}
    way = _way(request)
    context = {
        "title": title,
        "typed": typed,
        "kinds": InvoiceTitle.Kind.choices,
        "refused": refused,
        "way": way,
        "needs_bank": QueryDict(way).get("type", "").startswith("special_"),
    }
    return render(request, "storefront/invoice_title.html", context, status=refused.status if refused else 200)


@buyer_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    if not delete_title(person(request), pk):
        raise Http404
    messages.success(request, _("Deleted. Invoices that were made out to it stay as they are."))
    return redirect("storefront:invoice_titles")
