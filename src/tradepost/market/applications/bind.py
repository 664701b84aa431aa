"""A service that was bought is bound to an enterprise, and unbound (openapi-jointkit §A.0, §B.1)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.organisations.models import Enterprise
from tradepost.market.subscriptions.models import Subscription

from .clients import ensure_client
from .events import AuthorisationWithdrawn
from .lifecycle import TENANT_BINDING, BindingEvent
from .models import Application, BoundGroup, TenantBinding
from .people import RELEASABLE
from .rules import SyncRules
from .run import begin_again, leave_off, locked, settle


def bind(
    subscription: Subscription,
    enterprise: Enterprise,
    *,
    released: Collection[str],
    actor: str,
    rules: SyncRules,
    now: datetime,
) -> TenantBinding:
    """``released``: personal fields that the enterprise lets the seller have, of those that it asks for. Who may act for both is
    the caller's to know. Raises ``Refused``."""
    application = application_of(subscription)
    with transaction.atomic():
        held = _living(enterprise)
        if held.buyer_id != subscription.buyer_id:
            raise Refused("binding.not_yours", _("A service is bound to an enterprise of the account that bought it."))
        service = Subscription.objects.select_for_update(of=("self",)).select_related("product").get(pk=subscription.pk)
        if service.status != Subscription.Status.ACTIVE or not service.instance_id:
            raise Refused("binding.not_in_use", _("A service can be bound to an enterprise while it is in use."))
        return _bind(application, held, service, released=released, actor=actor, rules=rules, now=now)


def bind_for_tests(
    application: Application, enterprise: Enterprise, *, rules: SyncRules, now: datetime
) -> TenantBinding:
    """The seller's test enterprise uses the application: the calls that follow a credential, without a service (§A.0)."""
    with transaction.atomic():
        held = _living(enterprise)
        asked = application.asked_fields
        return _bind(application, held, None, released=asked, actor="market", rules=rules, now=now)


def application_of(subscription: Subscription) -> Application:
    """The application that its product was published with. Raises ``Refused`` for what is no joint product."""
    found = Application.objects.select_related("address").filter(product=subscription.product_id).first()
    if found is None:
        raise Refused("binding.not_joint", _("People do not sign in to this service by way of an enterprise."))
    return found


def _living(enterprise: Enterprise) -> Enterprise:
    held = Enterprise.objects.select_for_update(of=("self",), no_key=True).get(pk=enterprise.pk)
    if held.status != Enterprise.Status.ACTIVE:
        raise Refused("enterprise.dissolved", _("This enterprise was dissolved."))
    return held


def _bind(
    application: Application,
    enterprise: Enterprise,
    service: Subscription | None,
    *,
    released: Collection[str],
    actor: str,
    rules: SyncRules,
    now: datetime,
) -> TenantBinding:
    ensure_client(enterprise, application, now=now)
    try:
        with transaction.atomic():
            made = TenantBinding.objects.create(
                enterprise=enterprise, application=application, subscription=service,
                single=service is None or not application.multi_instance,
                released_fields=[one for one in RELEASABLE if one in released and one in application.asked_fields],
                address=application.address, public_key=application.public_key, created_at=now, created_by=actor,
            )  # fmt: skip
    except IntegrityError:
        raise _bound_already(service) from None
    settle(locked(made.pk), rules, now=now)
    return made


def _bound_already(service: Subscription | None) -> Refused:
    living = TenantBinding.objects.exclude(status=TenantBinding.Status.UNBOUND)
    if service is not None and living.filter(subscription=service).exists():
        return Refused("binding.bound", _("This service is bound to an enterprise already. Unbind it there first."))
    words = _(
        "Another service of this application is bound to the enterprise already, and the application takes one. Unbind that one "
        "first, or bind this service to another enterprise."
    )
    return Refused("binding.single", words)


# --- the end ------------------------------------------------------------------------------------------------------------


def unbind(binding: TenantBinding, *, actor: str, rules: SyncRules, now: datetime) -> None:
    """Nobody of the enterprise signs in any more, at once; the seller is told to forget it. Asked twice, it is done once.

    The rows of its people stay as they were, since there may be a hundred thousand: they give nothing without a binding that lives
    (``TenantBinding.gives``).
    """
    with transaction.atomic():
        held = locked(binding.pk)
        if not TENANT_BINDING.allows(held.status, BindingEvent.UNBIND):
            return
        TENANT_BINDING.move(held, BindingEvent.UNBIND, now=now, actor=actor)
        BoundGroup.objects.filter(binding=held).delete()
        _tell(held, now)
        leave_off(held, now=now)
        settle(held, rules, now=now)


def unbind_without_the_seller(binding: TenantBinding, *, actor: str, now: datetime) -> None:
    """An operator ends what the seller does not take note of, so that the service can be bound again. Raises ``Refused``."""
    with transaction.atomic():
        held = locked(binding.pk)
        if held.status != TenantBinding.Status.UNBINDING:
            words = _("Only what is being unbound can be ended without the seller.")
            raise Refused("binding.not_unbinding", words, HTTPStatus.CONFLICT)
        leave_off(held, now=now)
        begin_again(held, actor=actor, now=now)
        TENANT_BINDING.move_all([held], BindingEvent.LEAVE, now=now, actor=actor, ended_at=now)


def _tell(held: TenantBinding, now: datetime) -> None:
    gone = AuthorisationWithdrawn(
        binding=held.pk, enterprise=held.enterprise_id, application=held.application_id, members=(), at=now
    )
    outbox.publish(gone, now=now)
