"""The demo's products go the road that every product goes, by the verbs of the pages: each required case is debugged and saved
against the sample seller's server, the draft is handed in and sealed, its cases are replayed, an operator approves and it is listed.

This waits for that server and for a worker. What is there already stays: it may be walked at every start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from types import MappingProxyType

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import read_findings
from tradepost.market.base.values import replace
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.listing import listed_document
from tradepost.market.catalog.models import Product, Sku
from tradepost.market.catalog.seller_queries import newest_version
from tradepost.market.catalog.upgrade_rules import add_rule
from tradepost.market.debugging.asked import Form, form_of, shown_values
from tradepost.market.debugging.debug import debug
from tradepost.market.debugging.findings import first_mistake
from tradepost.market.debugging.missing import missing
from tradepost.market.debugging.models import DebugRun
from tradepost.market.identity.models import User
from tradepost.market.production.models import Address, Attempt
from tradepost.market.review import decide, hand_in
from tradepost.market.review import submit as sending
from tradepost.market.review.cases import case_of
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.review.product_versions import address_of, sold
from tradepost.market.review.registry import review_kind

from .people import OPERATOR, OWNER
from .products import products

LOOK_EVERY = 0.02
LONGEST_WAIT = 120.0
"""Seconds for one answer of the server, or one replay."""
KIND = "publish"


class Stopped(Exception):  # it is no error
    """Whoever walks is to end."""


class Road(Struct, frozen=True, kw_only=True):
    """``seller_address``: of the sample seller's server; what a person serves elsewhere is that person's."""

    seller_address: str
    settings: Config
    now: Callable[[], datetime]
    stopped: Callable[[], bool] = lambda: False

    def wait(self, done: Callable[[], bool], what: str) -> None:
        """Until another process has done it. No transaction is open meanwhile. Raises ``Stopped``, and ``Refused`` in the end."""
        end = time.monotonic() + LONGEST_WAIT
        while not done():
            if self.stopped():
                raise Stopped
            if time.monotonic() > end:
                raise Refused("seed.road", _("This did not happen in time: %(what)s.") % {"what": what})
            time.sleep(LOOK_EVERY)


def is_walked() -> bool:
    """Whether nothing of the demo waits for its listing."""
    return not _demo_products().filter(status=Product.Status.DRAFT).exists()


def walk(road: Road) -> None:
    """All of it. Raises ``Stopped``, and ``Refused`` for what a person would have to mend."""
    owner, operator = (User.objects.get(email=login.email) for login in (OWNER, OPERATOR))
    for product in _in_order():
        address = address_of(product)
        if address is not None and address.url == road.seller_address:
            debug_missing(road, product, address, owner)
            if product.status == Product.Status.DRAFT:
                send(road, product, owner)
    for product in _in_order():
        approve(road, product, operator)


def _demo_products() -> QuerySet[Product]:
    return Product.objects.filter(slug__in=[product.slug for product in products()])


def _in_order() -> Iterator[Product]:
    """As they are to be listed."""
    there = {product.slug: product for product in _demo_products().select_related("seller")}
    return (there[product.slug] for product in products() if product.slug in there)


def debug_missing(
    road: Road, product: Product, address: Address, owner: User, typed: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Debug and save each required case that does not count: never made, or made with another key or at another port. ``typed``: into
    whichever form asks for it."""
    document = listed_document(product)
    if document is None:
        version = newest_version(product)
        document = documents.load(version.document) if version is not None else None
    if document is None:
        return
    # It sells renewals with a change, too, which no product must (saas-v2 §8.2).
    sells = replace(sold(document, upgrades=product.slug in _with_upgrades()), renewal_changes=True)
    for lack in missing(address, sells):
        at = Address.objects.get(pk=lack.address) if lack.address else address
        debug_case(road, form_of(at, lack.activity, lack.variant), owner, typed)


def debug_case(road: Road, form: Form, owner: User, typed: Mapping[str, str] = MappingProxyType({})) -> None:
    """One case, with what the form shows and what is ``typed``. Raises ``Refused`` when it does not pass."""
    now, most = road.now(), road.settings.test_calls_at_once
    shown = shown_values(form, now=now)
    values = shown | {path: value for path, value in typed.items() if path in shown}
    run = debug(form, values, by=owner.email, now=now, most=most)
    road.wait(lambda: DebugRun.objects.exclude(ended_at=None).filter(pk=run.pk).exists(), form.case.activity)
    _must_have_passed(run.pk)


def _must_have_passed(pk: int) -> None:
    run = DebugRun.objects.get(pk=pk)
    if not run.passed:
        attempt = Attempt.objects.filter(call=run.call_id).order_by("-number").first()
        found = (first_mistake(attempt.findings) or attempt.verdict) if attempt is not None else ""
        words = _("%(activity)s failed at %(url)s: %(found)s.")
        raise Refused("seed.case", words % {"activity": run.activity, "url": run.url, "found": found or "?"})


def send(road: Road, product: Product, owner: User) -> None:
    """Once: what was rejected or withdrawn is a person's to go on with."""
    if Submission.objects.filter(product=product, kind=KIND).exists():
        return
    now = road.now()
    agreed = [one.pk for one in sending.wanted_agreements(review_kind(KIND), product.seller, now=now)]
    try:
        hand_in.hand_in(product, by=owner, settings=road.settings, now=now, agreed=agreed)
    except Incomplete as incomplete:
        said = "; ".join(f"{each.section} {each.field}: {each.words}" for each in incomplete.findings)
        raise Refused("seed.incomplete", f"{product.slug}: {said}") from None


def approve(road: Road, product: Product, operator: User) -> None:
    """As an operator who looked at every point of the list. A check that failed said why in the submission."""
    mine = Submission.objects.filter(product=product, kind=KIND, sent_by__email=OWNER.email)
    pk = mine.filter(status__in=OPEN).order_by("pk").values_list("pk", flat=True).first()
    if pk is None:
        return
    road.wait(lambda: not mine.filter(pk=pk, status=Submission.Status.CHECKING).exists(), product.slug)
    sent = mine.get(pk=pk)
    if sent.status != Submission.Status.PENDING:
        said = "; ".join(finding.words for finding in read_findings(sent.findings))
        raise Refused("seed.checks", f"{product.slug}: {said or sent.get_status_display()}")
    now = road.now()
    items = review_kind(sent.kind).checklist(case_of(sent, settings=road.settings, now=now))
    decide.approve(sent, checklist=[item.code for item in items], by=operator, settings=road.settings, now=now)
    if product.slug in _with_upgrades():
        _add_rules(product, now)


def _with_upgrades() -> frozenset[str]:
    return frozenset(product.slug for product in products() if product.upgrades)


def _add_rules(product: Product, now: datetime) -> None:
    """From each edition to the next one, as its seller would in the seller center."""
    codes = list(Sku.objects.filter(spec__product=product).order_by("pk").values_list("code", flat=True))
    for source, target in pairwise(codes):
        add_rule(product, source, target, now=now)
