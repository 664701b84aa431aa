"""Run an act, or request approval by a second operator (decision 0107).

When an operator requests an act, the act runs in a savepoint that is rolled back, so impossible acts are refused at
once. On approval the act runs again, with all its checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base import jobs, outbox, stored
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.identity.models import SecondFactor, User
from tradepost.market.identity.operator_roles import Role
from tradepost.market.organisations.own_companies import own_companies_of

from .contract import Act, Concern, deciders_of
from .events import ApprovalEnded, ApprovalRequested
from .lifecycle import REQUEST, RequestEvent
from .limits import limit_of
from .models import Request

REQUEST_TIMER = "approvals.request"
"""Kind of the timer that expires a request; the timer's key is the primary key of the request."""
VALID_FOR = timedelta(days=7)
MAX_OPINION_LENGTH = 500


def run_or_request(act: Act, command: Any, *, by: User, now: datetime) -> Request | None:
    """Run an act, or store it as a request if it needs approval.

    Returns the request, or None if the act ran. Raises ``Refused`` if the act is not possible.
    """
    concern = act.concern(command)
    if not needs_approval(act, concern, by=by, now=now):
        act.run(command, by, now)
        return None
    try:
        with transaction.atomic():
            request = _stored_request(act, command, concern, by=by, now=now)
            _dry_run(act, command, by, now)
            jobs.schedule(REQUEST_TIMER, str(request.pk), due_at=request.expires_at, payload={"request": request.pk})
            outbox.publish(ApprovalRequested(request=request.pk), now=now)
    except IntegrityError:
        words = _("The same action is already waiting for approval. See Approvals in the console.")
        raise Refused("approval.waits", words) from None
    return request


def needs_approval(act: Act, concern: Concern, *, by: User, now: datetime) -> bool:
    """Return whether an act exceeds the limit and a second operator could approve it.

    Without a second operator, the act needs no approval.
    """
    is_above_limit = concern.amount is not None and concern.amount.minor > limit_of(concern.amount.currency).minor
    return (is_above_limit or concern.always) and could_approve(act, concern, but=by, now=now)


def could_approve(act: Act, concern: Concern, *, but: User, now: datetime) -> bool:
    """Return whether an operator other than ``but`` could approve the act.

    That operator is active, has a role that decides about the act, uses two-step sign-in and has no interest in the
    act.
    """
    return any(not _concerns_own(concern, approver, now) for approver in approvers(act.name).exclude(pk=but.pk))


def approvers(act: str) -> QuerySet[User]:
    """Return the operators who may decide about requests for this act."""
    second_step = Exists(SecondFactor.objects.filter(user=OuterRef("pk")))
    return User.objects.filter(second_step, operator_role__in=deciders_of(act), is_active=True).order_by("pk")


def _concerns_own(concern: Concern, operator: User, now: datetime) -> bool:
    interests = own_companies_of(operator, now=now)
    return not interests.users.isdisjoint(concern.users) or concern.seller in interests.sellers


def _stored_request(act: Act, command: Any, concern: Concern, *, by: User, now: datetime) -> Request:
    users = [*dict.fromkeys(concern.users), None, None]
    return Request.objects.create(
        act=act.name, title=act.title, command=stored.dump(command), key=f"{act.name}:{concern.key}"[:120],
        about=concern.about[:200], amount_minor=concern.amount.minor if concern.amount else None,
        currency=concern.amount.currency if concern.amount else "", user_id=users[0], other_user_id=users[1],
        seller_id=concern.seller, reason=act.reason(command)[:500], asked_by=by, asked_at=now, expires_at=now + VALID_FOR,
    )  # fmt: skip


def _dry_run(act: Act, command: Any, by: User, now: datetime) -> None:
    """Run the act and roll it back, so that an impossible act raises ``Refused`` now."""
    with transaction.atomic():
        act.run(command, by, now)
        transaction.set_rollback(True)


def approve(request: Request, act: Act, *, by: User, now: datetime) -> Refused | None:
    """Run the act. Returns the refusal if it is not possible now; the request then stays open and stores the reason.

    Raises ``Refused`` if this operator may not approve, and ``IllegalTransition`` if another operator has already
    decided.
    """
    with transaction.atomic():
        locked_request = _locked(request)
        REQUEST.after(locked_request.status, RequestEvent.APPROVE)
        _may_approve(locked_request, act, by, now)
        try:
            with transaction.atomic():
                act.run(stored.load(act.command, locked_request.command), locked_request.asked_by, now)
        except Refused as refusal:
            REQUEST.move_all(
                [locked_request], RequestEvent.FAIL, now=now, actor=by.email, note=refusal.message[:500],
                problem=refusal.message[:500],
            )  # fmt: skip
            return refusal
        REQUEST.move_all(
            [locked_request], RequestEvent.APPROVE, now=now, actor=by.email, decided_by=by, ended_at=now, problem=""
        )
        outbox.publish(ApprovalEnded(request=locked_request.pk), now=now)
    return None


def reject(request: Request, opinion: str, *, by: User, now: datetime) -> None:
    """Reject a request. Raises ``Refused`` and changes nothing if the opinion is invalid or this operator may not
    decide."""
    reason = opinion.strip()
    if not reason or len(reason) > MAX_OPINION_LENGTH:
        words = _("Enter the reason, in at most 500 characters. The operator who made the request can see it.")
        raise Refused("approval.opinion", words, HTTPStatus.BAD_REQUEST, field="opinion")
    with transaction.atomic():
        locked_request = _locked(request)
        REQUEST.after(locked_request.status, RequestEvent.REJECT)
        _may_decide(locked_request, by, now)
        REQUEST.move_all(
            [locked_request],
            RequestEvent.REJECT,
            now=now,
            actor=by.email,
            note=reason,
            decided_by=by,
            ended_at=now,
            opinion=reason,
        )
        outbox.publish(ApprovalEnded(request=locked_request.pk), now=now)


def withdraw(request: Request, *, by: User, now: datetime) -> None:
    """Withdraw a request. Only the operator who made it may withdraw it."""
    with transaction.atomic():
        locked_request = _locked(request)
        if locked_request.asked_by_id != by.pk:
            raise Refused(
                "approval.not_yours", _("Only the operator who made the request can withdraw it."), HTTPStatus.FORBIDDEN
            )
        REQUEST.move_all([locked_request], RequestEvent.WITHDRAW, now=now, actor=by.email, ended_at=now)
        outbox.publish(ApprovalEnded(request=locked_request.pk), now=now)


def expire(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer: expire a request without a decision."""
    request = Request.objects.get(pk=payload["request"])
    try:
        REQUEST.move_all([request], RequestEvent.EXPIRE, now=now, ended_at=now)
    except IllegalTransition:
        return None  # an operator has decided
    outbox.publish(ApprovalEnded(request=request.pk), now=now)
    return None


def _may_approve(request: Request, act: Act, by: User, now: datetime) -> None:
    """Check that this operator may approve the request.

    The concern is computed again, because the act may concern other people now than when it was requested.
    """
    _may_decide(request, by, now)
    requester = request.asked_by
    if not (requester.is_operator and requester.is_active):
        raise Refused(
            "approval.asker_left", _("The person who made the request is no longer an operator. Reject the request.")
        )
    if request.expires_at <= now:
        raise Refused("approval.expired", _("The request has expired. It can be submitted again."))
    try:
        concern = act.concern(stored.load(act.command, request.command))
    except Refused:
        return  # the act raises the same refusal, and the request stores its reason
    if _concerns_own(concern, by, now):
        raise _own_concern()


def decision_refusal(request: Request, by: User, *, now: datetime) -> Refused | None:
    """Return why this operator cannot decide about the request, in the active language, or None."""
    try:
        _may_decide(request, by, now)
    except Refused as refusal:
        return refusal
    return None


def _may_decide(request: Request, by: User, now: datetime) -> None:
    if request.asked_by_id == by.pk:
        words = _("You made this request yourself. Another operator has to decide.")
        raise Refused("approval.own_request", words, HTTPStatus.FORBIDDEN)
    if by.operator_role not in deciders_of(request.act):
        roles = ", ".join(str(role.label) for role in Role if role in deciders_of(request.act))
        words = _("Your role cannot decide this request. These roles can: %(roles)s.") % {"roles": roles}
        raise Refused("approval.role", words, HTTPStatus.FORBIDDEN)
    if not approvers(request.act).filter(pk=by.pk).exists():
        words = _("Turn on two-step sign-in to decide about requests.")
        raise Refused("approval.second_step", words, HTTPStatus.FORBIDDEN)
    users = [pk for pk in (request.user_id, request.other_user_id) if pk is not None]
    if _concerns_own(Concern(about="", key="", users=users, seller=request.seller_id), by, now):
        raise _own_concern()


def _own_concern() -> Refused:
    return Refused(
        "approval.own",
        _("This concerns your own account or company. Another operator has to decide."),
        HTTPStatus.FORBIDDEN,
    )


def _locked(request: Request) -> Request:
    requests = Request.objects.select_for_update(of=("self",)).select_related("asked_by")
    return requests.get(pk=request.pk)
