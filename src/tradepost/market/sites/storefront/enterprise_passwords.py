"""Passwords that administrators create for accounts of their enterprise, shown only in the response that creates them.

Passwords of an import are in a sealed file, which can be downloaded for one day.
"""

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
from tradepost.market.web.pages import or_404, require_choice

from .enterprise_frame import EnterpriseRequest, enterprise_page, password_reset_limits, show

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ACCOUNTS = 25
"""Maximum number of accounts per request: one page of the list. Hashing is slow by design."""


@require_POST
@enterprise_page(admin=True)
def reset(request: EnterpriseRequest, pk: int) -> HttpResponse:
    member = or_404(queries.find_member(request.enterprise, pk))
    new_password = initial_password.reset(member, by=request.membership, gaps=password_reset_limits(), now=request.now)
    return show(request, "storefront/enterprise_password.html", made=new_password, first=False)


@require_POST
@enterprise_page(admin=True)
def first(request: EnterpriseRequest) -> HttpResponse:
    """Create passwords for chosen members without one, as a file."""
    keys = [key for text in request.POST.getlist("member")[:MAX_ACCOUNTS] if (key := whole_number(text)) is not None]
    members = queries.without_password(request.enterprise, require_choice(keys or None))
    if not members:
        messages.warning(request, _("All selected members already have a password."))
        return redirect("storefront:enterprise_members", code=request.enterprise.code)
    new_passwords = initial_password.create_first_passwords(members, by=request.membership, now=request.now)
    lines = [
        PasswordLine(new_password.member.user_name, new_password.member.name, new_password.password)
        for new_password in new_passwords
    ]
    return _file(request, lines, "csv")


@require_POST
@enterprise_page(admin=True)
def of_import(request: EnterpriseRequest, pk: int) -> HttpResponse:
    """Create passwords for an import in the background, since it may have 100,000 new members."""
    run = or_404(queries.find_import(request.enterprise, pk))
    password_file = password_files.start(request.enterprise, run, by=request.membership, now=request.now)
    return redirect("storefront:enterprise_password_file", code=request.enterprise.code, pk=password_file.pk)


@require_POST
@enterprise_page(admin=True)
def of_all(request: EnterpriseRequest) -> HttpResponse:
    """Create passwords for all members without one."""
    password_file = password_files.start(request.enterprise, None, by=request.membership, now=request.now)
    return redirect("storefront:enterprise_password_file", code=request.enterprise.code, pk=password_file.pk)


@require_safe
@enterprise_page(admin=True)
def file(request: EnterpriseRequest, pk: int) -> HttpResponse:
    """Show a password file. The page is polled while the file is generated."""
    password_file = or_404(password_files.find(request.enterprise, pk))
    live = password_file.status == PasswordFile.Status.MAKING
    return show(
        request, "storefront/enterprise_password_file.html", file=password_file, live=live,
        job=password_files.job_of(password_file) if live else None,
    )  # fmt: skip


@require_POST
@enterprise_page(admin=True)
def download(request: EnterpriseRequest, pk: int) -> HttpResponse:
    """Return a password file. A POST, because the download is recorded."""
    password_file = or_404(password_files.find(request.enterprise, pk))
    lines = password_files.read(password_file, by=request.membership, now=request.now)
    return _file(request, lines, "xlsx" if request.POST.get("format") == "xlsx" else "csv")


@require_POST
@enterprise_page(admin=True)
def delete(request: EnterpriseRequest, pk: int) -> HttpResponse:
    password_file = or_404(password_files.find(request.enterprise, pk))
    password_files.delete(password_file, by=request.membership, now=request.now)
    messages.success(request, _("The password file was deleted. Members keep their passwords."))
    return redirect("storefront:enterprise_members", code=request.enterprise.code)


def _file(request: EnterpriseRequest, lines: Sequence[PasswordLine], kind: str) -> HttpResponse:
    code = request.enterprise.code
    head = (_("Account name"), _("Name"), _("Sign in as"), _("First password"))
    table = Table(
        name="passwords",
        head=head,
        rows=[(line.account, line.name, f"{line.account}@{code}", line.password) for line in lines],
    )
    if kind == "xlsx":
        response = HttpResponse(as_workbook(table), content_type=XLSX)
    else:
        response = HttpResponse(as_csv(table), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="passwords-{code}.{kind}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
