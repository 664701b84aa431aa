"""Categories of the store: ordered list, form, and acts of each row."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import categories as verbs
from tradepost.market.catalog import category_queries
from tradepost.market.catalog.category_models import MAX_NAME_LENGTH, MAX_SLUG_LENGTH
from tradepost.market.catalog.models import Category
from tradepost.market.web.access import now_of, operator_required
from tradepost.market.web.pages import ask, submitted_data
from tradepost.market.web.templatetags.ui import icon_names

STEPS = {"up": -1, "down": 1}


class CategoryForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Chinese name"), max_length=MAX_NAME_LENGTH)
    name_en = forms.CharField(label=gettext_lazy("English name"), max_length=MAX_NAME_LENGTH)
    slug = forms.CharField(
        label=gettext_lazy("Slug"),
        required=False,
        max_length=MAX_SLUG_LENGTH,
        help_text=gettext_lazy(
            "Part of the page's address. It cannot be changed later. If left empty, it is generated from the English "
            "name."),
    )  # fmt: skip
    parent = forms.ChoiceField(
        label=gettext_lazy("Parent category"),
        required=False,
        help_text=gettext_lazy("Categories have two levels: a category with subcategories has no parent."),
    )
    icon = forms.ChoiceField(label=gettext_lazy("Icon"), initial="package", widget=forms.RadioSelect)

    def __init__(self, *args: Any, category: Category | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parents = {row.slug: row for row in category_queries.in_order() if row.parent_id is None}
        if category is not None:
            self.parents.pop(category.slug, None)
            del self.fields["slug"]
        top_choices = [(row.slug, localised_name(row)) for row in self.parents.values()]
        # of a ChoiceField
        self.fields["parent"].choices = [("", _("None: top level")), *top_choices]  # type: ignore[attr-defined]
        # of a ChoiceField
        self.fields["icon"].choices = [(icon, icon) for icon in sorted(icon_names())]  # type: ignore[attr-defined]

    @property
    def names(self) -> verbs.Names:
        cleaned = self.cleaned_data
        return verbs.Names(name=cleaned["name"], name_en=cleaned["name_en"], icon=cleaned["icon"])

    @property
    def parent_row(self) -> Category | None:
        return self.parents.get(self.cleaned_data["parent"])


def _category(pk: int) -> Category:
    category = category_queries.find(pk)
    if category is None:
        raise Http404
    return category


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "console/categories.html", {"rows": category_queries.rows()})


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = CategoryForm(submitted_data(request), initial={"parent": request.GET.get("parent", "")})

    def save() -> str:
        category = verbs.add(form.names, slug=form.cleaned_data["slug"], parent=form.parent_row, icons=icon_names())
        return _("Added the category “%(name)s”.") % {"name": localised_name(category)}

    page = partial(_form_page, request, form, None)
    return ask(request, form, save, page=page, done=str, back="console:categories")


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    category = _category(pk)
    parent = category.parent.slug if category.parent else ""
    initial = {"name": category.name, "name_en": category.name_en, "icon": category.icon, "parent": parent}
    form = CategoryForm(submitted_data(request), category=category, initial=initial)

    def save() -> str:
        verbs.move_under(category, form.parent_row)
        renamed = verbs.rename(category, form.names, icons=icon_names(), now=now_of(request))
        return _("Saved the category “%(name)s”.") % {"name": localised_name(renamed)}

    page = partial(_form_page, request, form, category)
    return ask(request, form, save, page=page, done=str, back="console:categories")


def _form_page(request: HttpRequest, form: CategoryForm, category: Category | None) -> HttpResponse:
    return render(request, "console/category.html", {"form": form, "category": category})


@operator_required
@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    category, steps = _category(pk), STEPS.get(request.POST.get("to", ""))
    if steps is None:
        raise Refused("category.direction", _("A category moves up or down."), HTTPStatus.UNPROCESSABLE_ENTITY)
    message = _("Moved the category “%(name)s”.") % {"name": localised_name(category)}
    return _run_act(request, lambda: verbs.move_by(category, steps), message)


@operator_required
@require_POST
def hide(request: HttpRequest, pk: int) -> HttpResponse:
    category = _category(pk)
    message = _("The category “%(name)s” is hidden. Its products remain on sale.") % {"name": localised_name(category)}
    return _run_act(request, lambda: verbs.set_hidden(category, hidden=True), message)


@operator_required
@require_POST
def show(request: HttpRequest, pk: int) -> HttpResponse:
    category = _category(pk)
    below_hidden = category.parent is not None and category.parent.hidden
    words = (
        _("The category “%(name)s” is shown, but its parent is hidden. Show the parent as well.")
        if below_hidden
        else _("The category “%(name)s” is shown.")
    )
    message = words % {"name": localised_name(category)}
    return _run_act(request, lambda: verbs.set_hidden(category, hidden=False), message)


@operator_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    category = _category(pk)
    message = _("Deleted the category “%(name)s”.") % {"name": localised_name(category)}
    return _run_act(request, lambda: verbs.delete(category), message)


def _run_act(request: HttpRequest, act: Callable[[], object], message: str) -> HttpResponse:
    """Run an act and return to the list with the result or the refusal."""
    try:
        act()
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, message)
    return redirect("console:categories")
