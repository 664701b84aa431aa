"""Erase one's account: obstacles, confirmation by password, and cancellation within seven days."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.personal_data import erasure, holds
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_act, buyer_form
from tradepost.market.web.refusals import add_refusal, status_of

from .proving import check_password_and_code, password_form


@buyer_form
def show(request: HttpRequest) -> HttpResponse:
    """Show what will be erased, and store the request. The password is hashed outside of a transaction."""
    user, wall = person(request), clock.wall()
    form, status = password_form(request), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                check_password_and_code(request, form, wall=wall)
                with transaction.atomic():
                    erasure_request = erasure.request_erasure(user, now=now_of(request), wall=wall)
            except Refused as refused:
                add_refusal(form, refused)
                status = status_of(refused)
            else:
                words = _("Your account will be erased after %(day)s. You can keep it until then.")
                messages.success(request, words % {"day": date_format(timezone.localtime(erasure_request.due_at))})
                return redirect("storefront:erasure")
    context = {
        "form": form,
        "asked": erasure.open_request(user),
        "holds": holds.shown_holds(user.pk),
        "days": erasure.WAITING_PERIOD.days,
    }
    return render(request, "storefront/erasure.html", context, status=status)


show.own_transactions = True  # type: ignore[attr-defined]


@buyer_act
def withdraw(request: HttpRequest) -> HttpResponse:
    erasure.withdraw(person(request), now=now_of(request), wall=clock.wall())
    messages.success(request, _("Your account is kept. Nothing was deleted."))
    return redirect("storefront:erasure")
