"""A copy of one's data: request, progress, download, deletion."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.exports import order as exports
from tradepost.market.exports.models import Export
from tradepost.market.personal_data import export
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.form_acts import or_404
from tradepost.market.web.pages.guards import buyer_act, buyer_form, buyer_page
from tradepost.market.web.refusals import add_refusal, status_of
from tradepost.market.web.sending_files import send_file

from .proving import check_password_and_code, password_form


@buyer_form
def show(request: HttpRequest) -> HttpResponse:
    """Show the copy, or store a request for one. The password is hashed outside of a transaction."""
    user, wall = person(request), clock.wall()
    form, status = password_form(request), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                check_password_and_code(request, form, wall=wall)
                with transaction.atomic():
                    export.request_copy(
                        user, language=get_language() or "zh-hans", files=config().files, now=now_of(request), wall=wall
                    )
            except Refused as refused:
                add_refusal(form, refused)
                status = status_of(refused)
            else:
                messages.success(request, _("Your data is being collected. You can close this page."))
                return redirect("storefront:personal_export")
    latest_export = export.newest(user)
    context = {
        "form": form,
        "export": latest_export,
        "job": exports.job_of(latest_export)
        if latest_export and latest_export.status == Export.Status.WAITING
        else None,
        "keep_days": config().exports.keep_exports_days,
    }
    return render(request, "storefront/personal_export.html", context, status=status)


show.own_transactions = True  # type: ignore[attr-defined]


@buyer_page
def file(request: HttpRequest) -> HttpResponse:
    """Send the file to its owner."""
    latest_export = or_404(export.newest(person(request)))
    path = (
        exports.folder(config().files).path(latest_export.sha256)
        if latest_export.status == Export.Status.DONE
        else None
    )
    if path is None or not path.exists():
        raise Http404
    return send_file(path, name=f"{latest_export.name}.{latest_export.format}", wanted=request.headers.get("Range", ""))


@buyer_act
def delete(request: HttpRequest) -> HttpResponse:
    """Delete the file, or cancel a copy in progress."""
    exports.delete(or_404(export.newest(person(request))), files=config().files, now=now_of(request))
    messages.success(request, _("The file was deleted."))
    return redirect("storefront:personal_export")
