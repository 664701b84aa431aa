"""Agreements: which version is in force, and publishing a new one, which sellers then accept before they go on."""

from __future__ import annotations

from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.identity import agreements as verbs
from tradepost.market.identity.company_models import Agreement
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.refusals import say_why

ROWS = 18


class VersionForm(forms.Form):
    change = forms.CharField(
        label=gettext_lazy("What is new"),
        max_length=verbs.LONGEST_CHANGE,
        help_text=gettext_lazy("In a sentence or two, in both languages: those who must accept it read that first."),
    )
    text = forms.CharField(
        label=gettext_lazy("Chinese text"),
        max_length=verbs.LONGEST,
        widget=forms.Textarea(attrs={"rows": ROWS, "spellcheck": "false"}),
        help_text=gettext_lazy("Plain text; a blank line parts paragraphs, and a heading begins with ##."),
    )
    text_en = forms.CharField(
        label=gettext_lazy("English text"),
        max_length=verbs.LONGEST,
        widget=forms.Textarea(attrs={"rows": ROWS, "spellcheck": "false"}),
    )


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    kinds = [(kind, label, verbs.versions(kind)) for kind, label in Agreement.Kind.choices]
    return render(request, "console/agreements.html", {"kinds": kinds})


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HttpRequest, kind: str) -> HttpResponse:
    if kind not in Agreement.Kind:
        raise Http404
    now = now_of(request)
    latest = verbs.in_force(kind, now=now)
    initial = {"text": latest.text, "text_en": latest.text_en} if latest else {}
    form = VersionForm(request.POST or None, initial=initial)
    status = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                made = verbs.publish(kind, **form.cleaned_data, by=person(request), now=now)
            except Refused as refused:
                say_why(form, refused)
            else:
                said = _("Version %(number)s is in force.") % {"number": made.number}
                messages.success(request, said)
                return redirect("console:agreements")
    context = {"form": form, "kind": kind, "label": Agreement.Kind(kind).label, "latest": latest}
    return render(request, "console/agreement.html", context, status=status)
