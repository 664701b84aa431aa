"""Passwords that administrators make for accounts of their enterprise: on the page, or in the file, that answers, and nowhere else."""

from __future__ import annotations

import csv
from io import StringIO

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tradepost.market.base.numbers import whole_number
from tradepost.market.organisations import initial_password, queries

from .balance import MARK, RUNS
from .enterprise_frame import EnterpriseRequest, enterprise_page, found, gaps, show

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
    out = StringIO()
    out.write(MARK)
    table = csv.writer(out)
    table.writerow([_("Account name"), _("Name"), _("Sign in as"), _("First password")])
    code = request.enterprise.code
    for one in made:
        name = f"'{one.member.name}" if one.member.name.startswith(RUNS) else one.member.name
        table.writerow([one.member.user_name, name, f"{one.member.user_name}@{code}", one.password])
    answer = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="passwords-{code}.csv"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
