"""Codes: made for paid orders and for tests, taken by their buyers, asked about by the seller's programs (saas-v1-license §B2).

Who activates one is fulfilment: paid time begins then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids, rows
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.models import Subscription

from .code_lifecycle import LICENSE_CODE, CodeEvent
from .code_models import LicenseCode

MOST_TESTS = 100
"""Test codes of one product."""
STAMP_EVERY = timedelta(minutes=1)
"""How exact ``queried_at`` is: a write for each question would make every reader a writer."""


class Issue(Struct, frozen=True, kw_only=True):
    """A service that a code is made for, with the time of its order."""

    subscription: Subscription
    ordered_at: datetime


def issue(wanted: Iterable[Issue], *, now: datetime) -> list[LicenseCode]:
    """One code for each of these new services, in the caller's transaction."""
    return rows.create(
        LicenseCode(
            code=ids.license_code(), seller_id=one.subscription.seller_id, product_id=one.subscription.product_id,
            subscription=one.subscription, issued_at=now, ordered_at=one.ordered_at,
        )
        for one in wanted
    )  # fmt: skip


def issue_test(product: Product, *, now: datetime) -> LicenseCode:
    """A code that stands for no purchase, for the seller's software to activate and ask about (business-rules §2.5)."""
    if not product_type(product.product_type).issues_codes:
        raise Refused("license.no_codes", _("This product is not delivered by authorisation codes."))
    with transaction.atomic():
        Product.objects.select_for_update(no_key=True).get(pk=product.pk)
        if LicenseCode.objects.filter(product=product, subscription=None).count() >= MOST_TESTS:
            words = _("This product has %(most)s test codes already. Use one of those.") % {"most": MOST_TESTS}
            raise Refused("license.too_many_tests", words)
        return LicenseCode.objects.create(
            code=ids.license_code(), seller_id=product.seller_id, product=product, issued_at=now, ordered_at=now,
            status=LicenseCode.Status.TAKEN, taken_at=now,
        )  # fmt: skip


def is_tested(product: Product) -> bool:
    """Whether a test code of this product was activated and then asked about: what must be seen before it is sold
    (business-rules §2.5)."""
    tests = LicenseCode.objects.filter(product=product, subscription=None)
    return tests.exclude(activated_at=None).exclude(queried_at=None).exists()


def take(subscription: Subscription, *, actor: str, now: datetime) -> LicenseCode:
    """The buyer takes the code: from now on it can be activated, and the order cannot be given back any more
    (business-rules §2.10). The same again changes nothing. ``subscription`` is locked. Raises ``Refused``."""
    code = locked_of(subscription)
    if code is None or code.status == LicenseCode.Status.WITHDRAWN:
        raise Refused("license.no_code", _("There is no code to take: the order was given back."))
    if code.status != LicenseCode.Status.ISSUED:
        return code
    LICENSE_CODE.move_all([code], CodeEvent.TAKE, now=now, actor=actor, taken_at=now)
    subscription.instance_id = code.code
    subscription.save(update_fields=["instance_id"])
    return code


def withdraw(subscription: Subscription, *, actor: str, now: datetime) -> None:
    """Its order is paid back: the code is dead. ``subscription`` is locked."""
    code = locked_of(subscription)
    if code is not None and LICENSE_CODE.allows(code.status, CodeEvent.GIVE_BACK):
        LICENSE_CODE.move_all([code], CodeEvent.GIVE_BACK, now=now, actor=actor)


def locked_of(subscription: Subscription) -> LicenseCode | None:
    """The code of a service that is locked, locked."""
    return LicenseCode.objects.select_for_update(of=("self",)).filter(subscription=subscription).first()


def found(seller_id: int, codes: Sequence[str]) -> dict[str, LicenseCode]:
    """The seller's own codes among these, with service and offer, by code. Not locked."""
    own = LicenseCode.objects.filter(seller=seller_id, code__in=codes)
    unread = ("sealed_access", "sealed_license")
    known = own.select_related("subscription__offer").defer(*(f"subscription__{name}" for name in unread))
    return {one.code: one for one in known}


def stamp(queried: Iterable[LicenseCode], *, now: datetime) -> None:
    """Remember that these were asked about."""
    old = [one.pk for one in queried if one.queried_at is None or now - one.queried_at >= STAMP_EVERY]
    if old:
        LicenseCode.objects.filter(pk__in=old).update(queried_at=now)
