"""Bind a bought service to an enterprise, and unbind it (openapi-jointkit §A.0, §B.1)."""

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
from .models import Application, BoundDepartment, BoundGroup, TenantBinding
from .people import RELEASABLE
from .rules import SyncRules
from .run import cancel_run, drop_failed_runs, locked, settle


def bind(
    subscription: Subscription,
    enterprise: Enterprise,
    *,
    released: Collection[str],
    actor: str,
    rules: SyncRules,
    now: datetime,
) -> TenantBinding:
    """Bind a service. The caller has checked who may act for both. Raises ``Refused``.

    ``released``: personal fields that the enterprise gives to the seller, of those that the seller asks for.
    """
    application = application_of(subscription)
    with transaction.atomic():
        locked_enterprise = _lock_active(enterprise)
        if locked_enterprise.buyer_id != subscription.buyer_id:
            raise Refused("binding.not_yours", _("A service is bound to an enterprise of the account that bought it."))
        service = Subscription.objects.select_for_update(of=("self",)).select_related("product").get(pk=subscription.pk)
        if service.status != Subscription.Status.ACTIVE or not service.instance_id:
            raise Refused("binding.not_in_use", _("A service can be bound to an enterprise while it is in use."))
        return _bind(application, locked_enterprise, service, released=released, actor=actor, rules=rules, now=now)


def bind_test_enterprise(
    application: Application, enterprise: Enterprise, *, rules: SyncRules, now: datetime
) -> TenantBinding:
    """Bind the seller's test enterprise, without a service (§A.0). Sync calls with a credential follow."""
    with transaction.atomic():
        locked_enterprise = _lock_active(enterprise)
        requested_fields = application.asked_fields
        return _bind(
            application, locked_enterprise, None, released=requested_fields, actor="market", rules=rules, now=now
        )


def application_of(subscription: Subscription) -> Application:
    """Return the application of the service's product. Raises ``Refused`` if it is not a joint product."""
    application = Application.objects.select_related("address").filter(product=subscription.product_id).first()
    if application is None:
        raise Refused("binding.not_joint", _("This service does not support enterprise sign-in."))
    return application


def _lock_active(enterprise: Enterprise) -> Enterprise:
    locked_enterprise = Enterprise.objects.select_for_update(of=("self",), no_key=True).get(pk=enterprise.pk)
    if locked_enterprise.status != Enterprise.Status.ACTIVE:
        raise Refused("enterprise.dissolved", _("This enterprise was dissolved."))
    return locked_enterprise


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
            binding = TenantBinding.objects.create(
                enterprise=enterprise, application=application, subscription=service,
                single=service is None or not application.multi_instance,
                released_fields=[name for name in RELEASABLE if name in released and name in application.asked_fields],
                address=application.address, public_key=application.public_key, created_at=now, created_by=actor,
            )  # fmt: skip
    except IntegrityError:
        raise _bound_already(service) from None
    settle(locked(binding.pk), rules, now=now)
    return binding


def _bound_already(service: Subscription | None) -> Refused:
    current_bindings = TenantBinding.objects.exclude(status=TenantBinding.Status.UNBOUND)
    if service is not None and current_bindings.filter(subscription=service).exists():
        return Refused("binding.bound", _("This service is bound to an enterprise already. Unbind it there first."))
    words = _(
        "The enterprise is already bound to another service of this application, and the application accepts "
        "only one. Unbind that service first, or bind this one to another enterprise."
    )
    return Refused("binding.single", words)


# --- the end ------------------------------------------------------------------------------------------------------------


def unbind(binding: TenantBinding, *, actor: str, rules: SyncRules, now: datetime) -> None:
    """Unbind immediately: members can no longer sign in, and a call tells the seller to delete the enterprise.
    Idempotent.

    Up to a hundred thousand member rows remain; they have no effect without an active binding
    (``TenantBinding.gives``).
    """
    with transaction.atomic():
        locked_binding = locked(binding.pk)
        if not TENANT_BINDING.allows(locked_binding.status, BindingEvent.UNBIND):
            return
        TENANT_BINDING.move(locked_binding, BindingEvent.UNBIND, now=now, actor=actor)
        BoundGroup.objects.filter(binding=locked_binding).delete()
        BoundDepartment.objects.filter(binding=locked_binding).delete()
        _publish_withdrawal(locked_binding, now)
        cancel_run(locked_binding, now=now)
        settle(locked_binding, rules, now=now)


def unbind_without_the_seller(binding: TenantBinding, *, actor: str, now: datetime) -> None:
    """End an unbinding that the seller does not process, so that the service can be bound again. Raises ``Refused``."""
    with transaction.atomic():
        locked_binding = locked(binding.pk)
        if locked_binding.status != TenantBinding.Status.UNBINDING:
            words = _("A binding can be removed without the seller only while it is being unbound.")
            raise Refused("binding.not_unbinding", words, HTTPStatus.CONFLICT)
        cancel_run(locked_binding, now=now)
        drop_failed_runs(locked_binding, actor=actor, now=now)
        TENANT_BINDING.move_all([locked_binding], BindingEvent.LEAVE, now=now, actor=actor, ended_at=now)


def _publish_withdrawal(binding: TenantBinding, now: datetime) -> None:
    event = AuthorisationWithdrawn(
        binding=binding.pk, enterprise=binding.enterprise_id, application=binding.application_id, members=(), at=now
    )
    outbox.publish(event, now=now)
