"""Synonyms of the store's search: list of groups, form, and deletion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.catalog import synonym_queries
from tradepost.market.catalog import synonyms as verbs
from tradepost.market.catalog.models import SynonymGroup
from tradepost.market.catalog.synonym_queries import synonyms_of
from tradepost.market.web.access import operator_required
from tradepost.market.web.pages import ask, submitted_data

MAX_TEXT = 2000


class SynonymForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("Words"),
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("One word per line, in Chinese or English. A search for one of them finds all of them."),
    )


def _group(pk: int) -> SynonymGroup:
    group = synonym_queries.find_group(pk)
    if group is None:
        raise Http404
    return group


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    page = synonym_queries.all_groups(text, after=request.GET.get("after", ""))
    rows = [(group, " · ".join(synonyms_of(group))) for group in page.rows]
    return render(request, "console/synonyms.html", {"page": page, "rows": rows, "q_sought": text})


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = SynonymForm(submitted_data(request))
    return _group_form(request, form, verbs.add, words=[])


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    group = _group(pk)
    words = synonyms_of(group)
    form = SynonymForm(submitted_data(request), initial={"words": "\n".join(words)})
    return _group_form(request, form, lambda words: verbs.change(group, words), words=words, group=group)


def _group_form(
    request: HttpRequest, form: SynonymForm, save: Callable[[list[str]], SynonymGroup], **context: Any
) -> HttpResponse:
    """Show the form, or save it and return to the list."""

    def save_words() -> str:
        words = verbs.split(form.cleaned_data["words"])
        save(words)
        return words[0]

    return ask(
        request,
        form,
        save_words,
        page=lambda: render(request, "console/synonym.html", {"form": form, **context}),
        done=lambda word: _("Saved the synonyms of “%(word)s”.") % {"word": word},
        back="console:synonyms",
    )


@operator_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    group = _group(pk)
    words = synonyms_of(group)
    try:
        verbs.delete(group)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("Deleted the synonyms of “%(word)s”.") % {"word": words[0]})
    return redirect("console:synonyms")
