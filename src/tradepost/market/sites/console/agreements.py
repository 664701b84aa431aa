"""Agreements: current version, draft of the next version with its preview, and earlier versions."""

from __future__ import annotations

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.numbers import whole_number
from tradepost.market.identity import agreement_drafts as drafts
from tradepost.market.identity import agreements as verbs
from tradepost.market.identity.company_models import Agreement, AgreementDraft
from tradepost.market.identity.operator_queries import active_sellers
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.agreement_text import Paragraph, pay_time, split_paragraphs
from tradepost.market.web.pages import act, ask, or_404, submitted_data

TEXTAREA_ROWS = 18


class DraftForm(forms.Form):
    change = forms.CharField(
        label=gettext_lazy("Summary of changes"),
        required=False,
        max_length=verbs.MAX_CHANGE_LENGTH,
        help_text=gettext_lazy("One or two sentences in both languages. Only the first version may leave it empty."),
    )
    text = forms.CharField(
        label=gettext_lazy("Chinese text"),
        max_length=verbs.MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": TEXTAREA_ROWS, "spellcheck": "false"}),
        help_text=gettext_lazy("Plain text. Leave a blank line between paragraphs, and begin a heading with ##."),
    )
    text_en = forms.CharField(
        label=gettext_lazy("English text"),
        max_length=verbs.MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": TEXTAREA_ROWS, "spellcheck": "false"}),
    )
    revision = forms.IntegerField(min_value=0, initial=0, widget=forms.HiddenInput)


class KindRow(Struct, frozen=True):
    """A kind of agreement in the list, with its versions, newest first, and its draft."""

    kind: str
    label: str
    versions: list[Agreement]
    draft: AgreementDraft | None


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    open_drafts = drafts.drafts()
    rows = [
        KindRow(kind, str(label), verbs.versions(kind), open_drafts.get(kind)) for kind, label in Agreement.Kind.choices
    ]
    return render(request, "console/agreements.html", {"rows": rows})


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, kind: str) -> HttpResponse:
    label, draft, latest = _label(kind), drafts.draft_of(kind), verbs.in_force(kind, now=now_of(request))
    base_version = draft or latest
    initial = {
        "text": base_version.text if base_version else "",
        "text_en": base_version.text_en if base_version else "",
        "change": draft.change if draft else "",
        "revision": draft.revision if draft else 0,
    }
    form = DraftForm(submitted_data(request), initial=initial)
    context = {"form": form, "kind": kind, "label": label, "latest": latest, "draft": draft}
    return ask(
        request,
        form,
        lambda: drafts.save(kind, **form.cleaned_data, by=person(request), now=now_of(request)),
        page=lambda: render(request, "console/agreement.html", context),
        done=_("Saved the draft. Read it as users will see it, then publish it."),
        back=("console:agreement_preview", kind),
    )


@operator_required
@require_safe
def preview(request: HttpRequest, kind: str) -> HttpResponse:
    label, draft = _label(kind), or_404(drafts.draft_of(kind))
    context = {
        "kind": kind,
        "label": label,
        "draft": draft,
        "latest": verbs.number_in_force(kind, now=now_of(request)),
        "consequence": _consequence(kind),
        "texts": [
            (_("Chinese text"), "zh-hans", _preview_paragraphs(draft.text)),
            (_("English text"), "en", _preview_paragraphs(draft.text_en)),
        ],
    }
    return render(request, "console/agreement_preview.html", context)


@operator_required
@require_POST
def publish(request: HttpRequest, kind: str) -> HttpResponse:
    _label(kind)
    return act(
        request,
        lambda: drafts.publish(kind, revision=_revision(request), by=person(request), now=now_of(request)),
        done=lambda created: _("Version %(number)s is in force.") % {"number": created.number},
        back="console:agreements",
    )


@operator_required
@require_POST
def discard(request: HttpRequest, kind: str) -> HttpResponse:
    label = _label(kind)
    return act(
        request,
        lambda: drafts.discard(kind, revision=_revision(request)),
        done=_("Discarded the draft of “%(agreement)s”.") % {"agreement": label},
        back="console:agreements",
    )


def _label(kind: str) -> str:
    if kind not in Agreement.Kind:
        raise Http404
    return str(Agreement.Kind(kind).label)


def _revision(request: HttpRequest) -> int:
    return whole_number(request.POST.get("revision", "")) or 0


def _preview_paragraphs(text: str) -> list[Paragraph]:
    return split_paragraphs(text.replace("{pay_within}", pay_time(config().orders.unpaid_timeout_minutes)))


def _consequence(kind: str) -> str:
    """Return who has to accept a published version."""
    if kind == Agreement.Kind.BUYER:
        return _("Buyers accept it with their next order. Earlier orders keep the version that was accepted with them.")
    if kind == Agreement.Kind.PRIVACY:
        return _("Users accept it when they next sign in. New users accept it when they open an account.")
    sellers = active_sellers()
    if not sellers:
        return _("Companies accept it before they sell. No seller is active yet.")
    words = ngettext(
        "%(n)s active seller receives a notice and must accept it before the next submission.",
        "%(n)s active sellers receive a notice and must accept it before their next submission.",
        sellers,
    )
    return words % {"n": sellers}
