"""Invoice titles of a buyer, stored for later and entered during an application or here."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tradepost.market.base.errors import Refused
from tradepost.market.invoices.models import TITLE_FIELDS, InvoiceTitle
from tradepost.market.invoices.titles import TitleDocument, delete_title, save_title, titles_of
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.pages.guards import buyer_form, buyer_page

MAX_RETURN_QUERY = 6000
"""Maximum length of the application's query string; 100 orders fit."""


@buyer_page
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "storefront/invoice_titles.html", {"titles": titles_of(person(request))})


@buyer_form
def new(request: HttpRequest) -> HttpResponse:
    return _form(request, None)


@buyer_form
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    title = InvoiceTitle.objects.filter(buyer=person(request), pk=pk).first()
    if title is None:
        raise Http404
    return _form(request, title)


def _form(request: HttpRequest, title: InvoiceTitle | None) -> HttpResponse:
    if request.method != "POST":
        return _page(request, title, None)
    document = TitleDocument(**{name: request.POST.get(name, "") for name in TITLE_FIELDS})
    try:
        invoice_title = save_title(person(request), document, title=title.pk if title else None, now=now_of(request))
    except Refused as refused:
        return _page(request, title, refused)
    if way := _return_query(request):
        return redirect(f"{reverse('storefront:invoice_apply')}?{way}&title={invoice_title.pk}")
    messages.success(request, _("Saved."))
    return redirect("storefront:invoice_titles")


def _return_query(request: HttpRequest) -> str:
    """Return the query string of the application that needs this title, rebuilt from its known parameters so that it
    cannot lead elsewhere."""
    text = request.POST.get("way", "") or request.GET.get("way", "")
    if not text or len(text) > MAX_RETURN_QUERY:
        return ""
    answers, way = QueryDict(text), QueryDict(mutable=True)
    way.setlist("order", answers.getlist("order"))
    way.setlist("usage", answers.getlist("usage"))
    way["type"] = answers.get("type", "")
    return way.urlencode()


def _page(request: HttpRequest, title: InvoiceTitle | None, refused: Refused | None) -> HttpResponse:
    typed = {name: str(getattr(title, name, "")) for name in TITLE_FIELDS}
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in TITLE_FIELDS}
    way = _return_query(request)
    context = {
        "title": title,
        "typed": typed,
        "kinds": InvoiceTitle.Kind.choices,
        "refused": refused,
        "way": way,
        "needs_bank": QueryDict(way).get("type", "").startswith("special_"),
    }
    return render(request, "storefront/invoice_title.html", context)


@buyer_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    if not delete_title(person(request), pk):
        raise Http404
    messages.success(request, _("Deleted. Existing invoices with this title are not affected."))
    return redirect("storefront:invoice_titles")
