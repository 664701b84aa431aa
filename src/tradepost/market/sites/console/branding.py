"""The market's branding: name, colour, company, contact and footer, with a preview, and its pictures."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from msgspec import structs

from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.values import replace
from tradepost.market.branding import change, face
from tradepost.market.branding.face import Face, Values
from tradepost.market.branding.models import MAX_ADDRESS_LENGTH, MAX_LINE_LENGTH, MAX_NAME_LENGTH, MAX_TEXT_LENGTH
from tradepost.market.web import uploads
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.auditing import mark_preview
from tradepost.market.web.pages import Problem, act, ask, or_404, submitted_data
from tradepost.market.web.uploads import PictureField

PARTS = (
    (gettext_lazy("Name and colour"), ("name", "name_en", "colour")),
    (gettext_lazy("Company"), ("company", "company_en", "address", "address_en", "icp")),
    (gettext_lazy("Support"), ("support_email", "support_phone", "hours", "hours_en")),
    (gettext_lazy("Footer"), ("footer", "footer_en", "powered_by")),
)


def _text(label: Any, max_length: int, hint: Any = "") -> forms.CharField:
    return forms.CharField(label=label, max_length=max_length, required=False, help_text=hint)


class BrandingForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    name = _text(
        gettext_lazy("Chinese name"), MAX_NAME_LENGTH,
        gettext_lazy("Shown on every page, in mails and in files. If you enter only one name, both languages show it."),
    )  # fmt: skip
    name_en = _text(gettext_lazy("English name"), MAX_NAME_LENGTH)
    colour = _text(
        gettext_lazy("Main colour"), 7,
        gettext_lazy("For example #0d5c8f. White text on it needs a contrast of 4.5:1. Leave it empty for the standard blue."),
    )  # fmt: skip
    company = _text(
        gettext_lazy("Chinese company name"), MAX_LINE_LENGTH, gettext_lazy("The company that operates this market.")
    )
    company_en = _text(gettext_lazy("English company name"), MAX_LINE_LENGTH)
    address = _text(gettext_lazy("Chinese address"), MAX_ADDRESS_LENGTH)
    address_en = _text(gettext_lazy("English address"), MAX_ADDRESS_LENGTH)
    icp = _text(
        gettext_lazy("ICP number"),
        40,
        gettext_lazy("Including its Chinese characters, as issued. It links to beian.miit.gov.cn."),
    )
    support_email = _text(gettext_lazy("Support email"), 254)
    support_phone = _text(gettext_lazy("Support phone"), 40)
    hours = _text(gettext_lazy("Support hours in Chinese"), MAX_LINE_LENGTH)
    hours_en = _text(gettext_lazy("Support hours in English"), MAX_LINE_LENGTH)
    footer = _text(gettext_lazy("Chinese footer text"), MAX_TEXT_LENGTH)
    footer_en = _text(gettext_lazy("English footer text"), MAX_TEXT_LENGTH)
    powered_by = forms.BooleanField(
        label=gettext_lazy("Name the software of this market in the footer"), required=False
    )

    @property
    def values(self) -> Values:
        return Values(**{column: self.cleaned_data[column] for column in face.COLUMNS})

    @property
    def parts(self) -> list[tuple[Any, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in PARTS]


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def branding(request: HttpRequest) -> HttpResponse:
    stored_branding = face.read()
    initial = structs.asdict(stored_branding.values) | {"version": stored_branding.version}
    form = BrandingForm(submitted_data(request), initial=initial)
    page = partial(_page, request, form, stored_branding)
    if request.method == "POST" and "preview" in request.POST:
        mark_preview(request)
        return ask(
            request,
            form,
            lambda: change.checked(form.values),
            page=page,
            back=lambda values: _page(request, form, replace(stored_branding, values=values), preview=True),
        )

    def save() -> None:
        change.save(form.values, version=form.cleaned_data["version"], by=person(request), now=now_of(request))

    return ask(request, form, save, page=page, done=_("The branding was saved."), back="console:branding")


@operator_required
@uploads.takes_pictures()
@require_POST
def picture(request: HttpRequest, use: str) -> HttpResponse:
    """Upload, replace or remove the logo or the browser icon."""
    stored_branding, by, now = face.read(), person(request), now_of(request)
    purpose = or_404(change.PICTURE_PURPOSES.get(use))

    def save() -> str:
        sha256 = uploads.submitted_picture(request, use, purpose=purpose, seller=None, by=by, now=now)
        if sha256 == getattr(stored_branding, use) and uploads.uploaded_file(request, use) is None:
            words = _("Choose a picture file first.")
            raise Refused("branding.no_picture", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="picture")
        change.set_picture(use, sha256, version=_version(request), by=by, now=now)
        return sha256

    form = BrandingForm(initial=structs.asdict(stored_branding.values) | {"version": stored_branding.version})
    return act(
        request,
        save,
        done=lambda sha256: _("The picture was saved.") if sha256 else _("The picture was removed."),
        back="console:branding",
        page=lambda problem: _page(request, form, stored_branding, problem=problem),
        form=use,
    )


@operator_required
@require_POST
def reset(request: HttpRequest) -> HttpResponse:
    return act(
        request,
        lambda: change.reset(version=_version(request), by=person(request), now=now_of(request)),
        done=_("The branding was reset to the original name and colours."),
        back="console:branding",
    )


def _version(request: HttpRequest) -> int:
    """Return the branding version with which the form was opened; -1, which never exists, without one."""
    version = whole_number(request.POST.get("version", ""))
    return -1 if version is None else version


def _page(
    request: HttpRequest, form: BrandingForm, face: Face, *, preview: bool = False, problem: Problem | None = None
) -> HttpResponse:
    refused = problem.refused if problem else None
    picture_use = problem.form if problem and problem.refused.field == "picture" else ""
    fields = [
        PictureField(
            name=use, label=str(purpose.label), purpose=purpose, action="", sha256=getattr(face, use),
            error=refused.message if refused and picture_use == use else "",
        )
        for use, purpose in change.PICTURE_PURPOSES.items()
    ]  # fmt: skip
    context = {
        "form": form, "face": face, "pictures": fields, "preview": preview, "refused": refused,
        "is_above": refused is not None and not picture_use, "is_default": face.version == 0,
    }  # fmt: skip
    return render(request, "console/branding.html", context)
