"""Passwords that administrators make for accounts of their enterprise: on the page, or in the file, that answers, and nowhere else.
Those of a whole import are in one sealed file, which can be downloaded for a day."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.numbers import whole_number
from tradepost.market.organisations import initial_password, password_files, queries
from tradepost.market.organisations.models import PasswordFile
from tradepost.market.organisations.password_files import PasswordLine
from tradepost.market.settlement.exports import Table, as_csv, as_workbook

from .enterprise_frame import EnterpriseRequest, enterprise_page, found, gaps, show

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST = 25
"""Accounts whose first password is made at once: a page of the list. Each is hashed slowly, on purpose."""


@require_POST
@enterprise_page(admin=True)
def reset(request: EnterpriseRequest, pk: int) -> HttpResponse:
    one = found(queries.find_member(request.enterprise, pk))
    made = initial_password.reset(one, by=request.membership, gaps=gaps(), now=request.now)
    return show(request, "storefront/enterprise_password.html", made=made, first=False)


@require_POST
@enterprise_page(admin=True)
def first(request: EnterpriseRequest) -> HttpResponse:
    """For the chosen people who have none yet, as a table to hand out."""
    keys = [key for text in request.POST.getlist("member")[:MOST] if (key := whole_number(text)) is not None]
    chosen = queries.without_password(request.enterprise, keys)
    if not chosen:
        messages.warning(request, _("Nobody of these was without a password any more."))
        return redirect("storefront:enterprise_members", code=request.enterprise.code)
    made = initial_password.make_first(chosen, by=request.membership, now=request.now)
    lines = [PasswordLine(one.member.user_name, one.member.name, one.password) for one in made]
    return _file(request, lines, "csv")


@require_POST
@enterprise_page(admin=True)
def of_import(request: EnterpriseRequest, pk: int) -> HttpResponse:
    """In the background: an import may have a hundred thousand new members."""
    run = found(queries.find_import(request.enterprise, pk))
    made = password_files.start(request.enterprise, run, by=request.membership, now=request.now)
    return redirect("storefront:enterprise_password_file", code=request.enterprise.code, pk=made.pk)


@require_POST
@enterprise_page(admin=True)
def of_all(request: EnterpriseRequest) -> HttpResponse:
    """All members without a password, imported or not."""
    made = password_files.start(request.enterprise, None, by=request.membership, now=request.now)
    return redirect("storefront:enterprise_password_file", code=request.enterprise.code, pk=made.pk)


@require_safe
@enterprise_page(admin=True)
def file(request: EnterpriseRequest, pk: int) -> HttpResponse:
    """The same address answers while it is being generated, again and again."""
    one = found(password_files.find(request.enterprise, pk))
    live = one.status == PasswordFile.Status.MAKING
    return show(
        request, "storefront/enterprise_password_file.html", file=one, live=live,
        job=password_files.job_of(one) if live else None,
    )  # fmt: skip


@require_POST
@enterprise_page(admin=True)
def download(request: EnterpriseRequest, pk: int) -> HttpResponse:
    """A POST, since the history keeps who downloaded it."""
    one = found(password_files.find(request.enterprise, pk))
    lines = password_files.read(one, by=request.membership, now=request.now)
    return _file(request, lines, "xlsx" if request.POST.get("format") == "xlsx" else "csv")


@require_POST
@enterprise_page(admin=True)
def delete(request: EnterpriseRequest, pk: int) -> HttpResponse:
    one = found(password_files.find(request.enterprise, pk))
    password_files.delete(one, by=request.membership, now=request.now)
    messages.success(request, _("The password file is deleted. Members keep their passwords."))
    return redirect("storefront:enterprise_members", code=request.enterprise.code)


def _file(request: EnterpriseRequest, lines: Sequence[PasswordLine], kind: str) -> HttpResponse:
    code = request.enterprise.code
    head = (_("Account name"), _("Name"), _("Sign in as"), _("First password"))
    table = Table(
        name="passwords",
        head=head,
        rows=[(one.account, one.name, f"{one.account}@{code}", one.password) for one in lines],
    )
    if kind == "xlsx":
        answer = HttpResponse(as_workbook(table), content_type=XLSX)
    else:
        answer = HttpResponse(as_csv(table), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="passwords-{code}.{kind}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
