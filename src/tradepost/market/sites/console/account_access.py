"""The access of an account: its console role, and its lock."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.approvals.models import Request
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.identity import account_locks, operator_queries
from tradepost.market.identity.account_locks import MAX_REASON_LENGTH
from tradepost.market.identity.models import AccountLock, User
from tradepost.market.identity.operator_roles import Role
from tradepost.market.personal_data import erasure, export, holds
from tradepost.market.personal_data.models import MAX_REASON
from tradepost.market.web import approving
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.approved_acts import CHANGE_ROLE
from tradepost.market.web.approved_commands import ChangeRole
from tradepost.market.web.pages import ask, submitted_data
from tradepost.market.web.pages.form_acts import or_404

from .operators import role_rows

NO_ROLE = "none"
MAX_LOCK_EVENTS = 20


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role in the console"), choices=[(NO_ROLE, _("None")), *Role.choices])


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_REASON_LENGTH,
        help_text=_("Sent to the person by email and kept in the history."),
    )


class RequestReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("How the request was made"),
        max_length=MAX_REASON,
        help_text=_("For example: letter of 3 May, identity checked. The audit log keeps it."),
    )


@operator_required
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _account(pk))


@operator_required
@require_POST
def change_role(request: HttpRequest, pk: int) -> HttpResponse:
    user, form = _account(pk), RoleForm(submitted_data(request))

    def change() -> Request | None:
        role = form.cleaned_data["role"].removeprefix(NO_ROLE)
        if role == user.operator_role:
            words = gettext("%(name)s has this role already. Nothing was changed.") % {"name": user}
            raise Refused("operator.same_role", words, field="role")
        return approving.run(request, CHANGE_ROLE, ChangeRole(user=user.pk, role=role))

    def done() -> str:
        role = form.cleaned_data["role"].removeprefix(NO_ROLE)
        if not role:
            return gettext("%(name)s is no longer an operator.") % {"name": user}
        return gettext("%(name)s now has the role %(role)s.") % {"name": user, "role": Role(role).label}

    return ask(
        request, form, change, page=lambda: _page(request, user, role_form=form),
        done=lambda waits: approving.approval_needed_message() if waits is not None else done(),
        back=approving.redirect_after("console:account_access", pk),
    )  # fmt: skip


@operator_required
@require_POST
def lock(request: HttpRequest, pk: int) -> HttpResponse:
    user, form = _account(pk), ReasonForm(submitted_data(request))
    return ask(
        request,
        form,
        lambda: account_locks.lock(
            user, reason=form.cleaned_data["reason"], by=person(request).email, now=now_of(request), wall=clock.wall()
        ),
        page=lambda: _page(request, user, lock_form=form),
        done=gettext("%(name)s is locked and signed out everywhere.") % {"name": user},
        back=("console:account_access", pk),
    )


@operator_required
@require_POST
def unlock(request: HttpRequest, pk: int) -> HttpResponse:
    user, form = _account(pk), ReasonForm(submitted_data(request))
    return ask(
        request,
        form,
        lambda: account_locks.unlock(
            user, reason=form.cleaned_data["reason"], by=person(request).email, now=now_of(request)
        ),
        page=lambda: _page(request, user, lock_form=form),
        done=gettext("%(name)s can sign in again.") % {"name": user},
        back=("console:account_access", pk),
    )


@operator_required
@require_POST
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """Order the erasure of an account for a person who requested it in writing."""
    user, form = _account(pk), RequestReasonForm(submitted_data(request), prefix="erase")
    return ask(
        request,
        form,
        lambda: erasure.order_erasure(
            user, reason=form.cleaned_data["reason"], by=person(request).email, now=now_of(request), wall=clock.wall()
        ),
        page=lambda: _page(request, user, erase_form=form),
        done=gettext("The account of %(name)s will be erased in seven days.") % {"name": user},
        back=("console:account_access", pk),
    )


@operator_required
@require_POST
def export_data(request: HttpRequest, pk: int) -> HttpResponse:
    """Order a copy of the data of a person who requested it in writing. Only that person can download it."""
    user, form = _account(pk), RequestReasonForm(submitted_data(request), prefix="export")
    return ask(
        request,
        form,
        lambda: export.order_copy(user, reason=form.cleaned_data["reason"], files=config().files, now=now_of(request)),
        page=lambda: _page(request, user, export_form=form),
        done=gettext("The data of %(name)s is being collected. The person is notified when the file is ready.")
        % {"name": user},
        back=("console:account_access", pk),
    )


@operator_required
@require_POST
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    user = _account(pk)
    erasure.withdraw(user, now=now_of(request), wall=clock.wall())
    messages.success(request, gettext("The account of %(name)s is kept.") % {"name": user})
    return redirect("console:account_access", pk)


def _account(pk: int) -> User:
    return or_404(operator_queries.find_user(pk))


def _page(
    request: HttpRequest,
    user: User,
    *,
    role_form: RoleForm | None = None,
    lock_form: ReasonForm | None = None,
    erase_form: RequestReasonForm | None = None,
    export_form: RequestReasonForm | None = None,
) -> HttpResponse:
    context = {
        "account": user,
        "roles": role_rows(),
        "role_form": role_form or RoleForm(initial={"role": user.operator_role or NO_ROLE}),
        "erasure": erasure.open_request(user),
        "holds": holds.shown_holds(user.pk),
        "erase_form": erase_form or RequestReasonForm(prefix="erase"),
        "export": export.newest(user),
        "export_form": export_form or RequestReasonForm(prefix="export"),
        "lock": account_locks.lock_of(user),
        "lock_form": lock_form or ReasonForm(),
        "locks": list(AccountLock.objects.filter(user=user).order_by("-pk")[:MAX_LOCK_EVENTS]),
    }
    return render(request, "console/account_access.html", context)
