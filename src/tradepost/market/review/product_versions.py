"""The common part of publishing and changing a product: a version of its document is checked, sealed, replayed and
listed.

The document of such a submission is the product's. Every refusal names a rule. This module checks the production
address and the seller; ``catalog.complete`` checks the document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from tradepost.market.applications import publication
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.base.models import LeasedJob
from tradepost.market.catalog import document as documents
from tradepost.market.catalog import drafts, listing
from tradepost.market.catalog.complete import Market, find_missing
from tradepost.market.catalog.document import SECTIONS, Document, Price
from tradepost.market.catalog.models import Product, Version
from tradepost.market.catalog.readable import Line, changed, lines
from tradepost.market.catalog.upgrade_rules import has_rules
from tradepost.market.debugging import missing, replay
from tradepost.market.debugging.missing import CaseInventory
from tradepost.market.debugging.required import Purpose, SoldProduct
from tradepost.market.identity.certify import publishing_obstacles
from tradepost.market.identity.company_models import Agreement
from tradepost.market.identity.models import Seller
from tradepost.market.licenses.codes import is_tested
from tradepost.market.product_types.acceptance import flow_of
from tradepost.market.product_types.flows.license_online import FLOW as LICENSE_ONLINE
from tradepost.market.product_types.registry import product_type
from tradepost.market.production.models import Address, Binding
from tradepost.protocols.commands import GetLicenseAsync
from tradepost.protocols.registry import protocols

from . import web_sites
from .contract import Case, Change, Defaults, Fact, InputKind, Item, Section, TranslatedText
from .models import Submission

PUBLISH = "business-rules §2.3"
PROOFS_RULE = "business-rules §2.5"
CASES = "saas-v2 §5.3"
PERIODS = "saas-v1-license §A2.1, §B1"
AGREEMENTS = (Agreement.Kind.PUBLISH,)
"""Agreements to accept with each product."""
MACHINE_FLOW = LICENSE_ONLINE.code
MAX_LINE_LENGTH = 80
"""Maximum characters of a value shown on one line with its label."""
SELLER, INTERFACE = "seller", "interface"
"""Sections outside of the document: whether the seller may sell, and its server."""
TITLES: dict[str, TranslatedText] = {
    "base": gettext_lazy("Name and category"),
    "media": gettext_lazy("Logo and pictures"),
    "description": gettext_lazy("Description"),
    "guide": gettext_lazy("User guide"),
    "support": gettext_lazy("Support"),
    "purchase": gettext_lazy("Information from buyers"),
    "pricing": gettext_lazy("Specs and prices"),
    "details": gettext_lazy("Details and proofs"),
    "discovery": gettext_lazy("Search keywords"),
    INTERFACE: gettext_lazy("Production interface"),
    web_sites.WEB_SITE: gettext_lazy("Web check"),
    SELLER: gettext_lazy("Your company"),
}
ITEMS: dict[str, Item] = {
    section: Item(code=section, words=words, rule=rule)
    for section, words, rule in (
        ("base", gettext_lazy("The name fits the content and the software copyright certificate, does not exaggerate, and uses no brand without authorisation."), PUBLISH),
        ("media", gettext_lazy("Logo and pictures are clear, complete, and show this product."), PUBLISH),
        ("description", gettext_lazy("The description covers details, core functions and every spec, without superlatives, private purchase routes or “contact us for the price”."), PUBLISH),
        ("guide", gettext_lazy("The guide explains how to log in and get started, and does not help buyers bypass the prices."), PUBLISH),
        ("support", gettext_lazy("Support responds at the listed phone number and email address."), PUBLISH),
        ("purchase", gettext_lazy("The information requested from buyers is needed for delivery."), PUBLISH),
        ("pricing", gettext_lazy(
            "Specs are editions or functions of one product, and prices are correct. No software spec contains a "
            "manual service or a disguised trial."), "business-rules §2.2, §2.3"),
        ("details", gettext_lazy("The proof documents belong to this company and this product."), PROOFS_RULE),
        ("discovery", gettext_lazy("Keywords and tags fit the product, and each tag has its proof."), PUBLISH),
        (web_sites.WEB_SITE, gettext_lazy("The product's website information is correct: the listed websites are its only ones."), "business-rules §2.7"),
        (INTERFACE, gettext_lazy("Every required case of the production interface was replayed and passed."), CASES),
    )
}  # fmt: skip
"""The points that an operator checks, by section."""


def address_of(product: Product) -> Address | None:
    binding = Binding.objects.select_related("address").filter(product=product).first()
    return binding.address if binding else None


def needs_interface(document: Document) -> bool:
    """Return whether the seller's server delivers the product."""
    return product_type(document.product_type).needs_interface


def sold_properties(document: Document, *, upgrades: bool = False) -> SoldProduct:
    """Return the properties that determine the required cases; with a credential, also those of joint operation
    (openapi-jointkit §A.10)."""
    prices = [price for _spec, _sku, price in document.prices()]
    return SoldProduct(
        modes=document.modes(), trial=any(price.trial for price in prices), upgrades=upgrades,
        joint=bool(publication.app_id_in(document)),
        stops_when_used_up=any(price.stops_when_used_up for price in prices),
    )  # fmt: skip


def stock_of(product: Product, document: Document, *, purpose: Purpose) -> CaseInventory | None:
    """Return the state of the required cases; None if no address serves the product."""
    address = address_of(product)
    if address is None:
        return None
    listed = listing.listed_document(product)
    upgrades = listed is not None and has_rules(product)  # upgrade rules belong to the listed version
    return missing.inventory_of(
        address, sold_properties(document, upgrades=upgrades), purpose=purpose,
        listed=sold_properties(listed, upgrades=upgrades) if listed is not None else None,
    )  # fmt: skip


def replay_subject(pk: int) -> str:
    """Return the name of a submission in replays."""
    return f"submission:{pk}"


def replay_of(submission: Submission) -> LeasedJob | None:
    """Return the current replay of its cases, or else the last one."""
    return replay.newest(replay_subject(submission.pk))


def is_fresh(job: LeasedJob | None, *, valid: timedelta, now: datetime) -> bool:
    """Return whether a replay passed recently enough to represent the seller's server."""
    has_passed = job is not None and job.outcome == LeasedJob.Outcome.DONE and bool((job.result or {}).get("passed"))
    return has_passed and job is not None and job.ended_at is not None and job.ended_at >= now - valid


def findings_of(
    product: Product, document: Document, *, purpose: Purpose, settings: Config, now: datetime
) -> list[Finding]:
    """Return every finding that prevents the submission."""
    market = Market(currency=settings.currency, host=settings.public_host)
    return [
        *find_missing(product, document, market=market),
        *_check_interface(product, document, purpose),
        *web_sites.findings_of_sites(product.seller, document, settings=settings, now=now),
        *_check_seller(product.seller, now),
    ]


def issues_codes(document: Document) -> bool:
    """Return whether an authorisation code is sold, which the seller's software activates."""
    return product_type(document.product_type).issues_codes


def _check_codes(product: Product, document: Document) -> Iterator[Finding]:
    if issues_codes(document) and not is_tested(product):
        yield Finding(
            section=INTERFACE,
            field="test_code",
            code="interface.test_code",
            words=_not_tested_message(),
            rule=PROOFS_RULE,
        )


def _check_application(product: Product, document: Document) -> Iterator[Finding]:
    listed = listing.listed_document(product)
    if message := publication.publication_obstacle(product, document, address_of(product), listed=listed):
        yield Finding(
            section="details", field=f"fields.{documents.APPLICATION}", code="interface.application", words=message,
            rule="openapi-jointkit §B.1",
        )  # fmt: skip


def _not_tested_message() -> str:
    return _(
        "Your software has not activated and queried a test code of this product yet. Create a test code and run "
        "the test."
    )


def _check_interface(product: Product, document: Document, purpose: Purpose) -> Iterator[Finding]:
    yield from _check_codes(product, document)
    yield from _check_application(product, document)
    kind = product_type(document.product_type)
    if not needs_interface(document) or not kind.deliverable:
        return
    yield from _check_periods(product, document)
    yield from _check_machine_codes(product, document)
    stock = stock_of(product, document, purpose=purpose)
    if stock is None:
        message = _("This product is not bound to a production address. Register one and bind it.")
        yield Finding(section=INTERFACE, field="address", code="interface.address", words=message, rule="saas-v2 §1.1")
        return
    for lack in stock.lacks:
        yield Finding(
            section=INTERFACE, field=f"case.{lack.activity}.{lack.variant}", code="interface.case", words=lack.words,
            rule=CASES,
        )  # fmt: skip


def _check_machine_codes(product: Product, document: Document) -> Iterator[Finding]:
    """A supervised license needs the code of a machine (business-rules §2.10), which older protocols cannot
    transmit."""
    address = address_of(product)
    seller_protocol = protocols().get(address.protocol) if address else None
    if seller_protocol is None or flow_of(product_type(document.product_type), document.details.fields) != MACHINE_FLOW:
        return
    if GetLicenseAsync not in seller_protocol.activities:
        message = _(
            "%(protocol)s has no request for the license of one machine. Bind an address for online licenses, or "
            "choose that the buyer does not have to accept the delivery."
        )
        yield Finding(
            section="details", field="fields.supervised", code="interface.machine_codes", rule="business-rules §2.10",
            words=message % {"protocol": seller_protocol.title.in_language(get_language())},
        )  # fmt: skip


def _check_periods(product: Product, document: Document) -> Iterator[Finding]:
    """Check that the protocol can transmit each period that is sold; trials have a separate field."""
    address = address_of(product)
    seller_protocol = protocols().get(address.protocol) if address else None
    if seller_protocol is None:
        return
    for path, price in _price_paths(document):
        if price.charging.renewable and not price.trial and price.period_type not in seller_protocol.life.periods:
            message = _("%(protocol)s supports only monthly and yearly sales. Its requests use days only for trials.")
            yield Finding(
                section="pricing", field=f"{path}.period_type", code="interface.period", rule=PERIODS,
                words=message % {"protocol": seller_protocol.title.in_language(get_language())},
            )  # fmt: skip


def _price_paths(document: Document) -> Iterator[tuple[str, Price]]:
    for spec_index, spec in enumerate(document.pricing.specs):
        for sku_index, sku in enumerate(spec.skus):
            for price_index, price in enumerate(sku.prices):
                yield f"specs.{spec_index}.skus.{sku_index}.prices.{price_index}", price


def _check_seller(seller: Seller, now: datetime) -> Iterator[Finding]:
    for finding in publishing_obstacles(seller, now=now):
        if finding.field in AGREEMENTS:  # accepted in the form that submits it
            continue
        yield Finding(
            section=SELLER, field=finding.field, code=finding.code, words=finding.words, rule=finding.rule or PUBLISH
        )


class ProductVersion(Defaults[Document]):
    """A kind of submission about one version of a product."""

    document = Document
    sections = tuple(Section(code=code, title=title) for code, title in TITLES.items())
    busy = True
    agreements = AGREEMENTS
    purpose = Purpose.SUBMIT

    def blank(self, seller: Seller, *, product: Product | None) -> Document:
        """Return the current draft."""
        draft = Version.objects.filter(product=product, product__seller=seller, status=Version.Status.DRAFT).first()
        if draft is None:
            raise Refused("draft.none", _("There is no draft to submit."))
        return documents.load(draft.document)

    def self_check(self, case: Case[Document]) -> Sequence[Finding]:
        return findings_of(_product(case), case.document, purpose=self.purpose, settings=case.settings, now=case.now)

    def begin_checking(self, case: Case[Document]) -> bool:
        """Seal the version, and replay the required cases."""
        version = drafts.seal(_product(case), now=case.now, actor=_sender(case))
        if version.pk != case.stored.version_id or version.document != case.stored.document:
            raise Refused("draft.changed", _("The draft has been changed. Review it, then submit it again."))
        web_sites.link_scans(drafts.owner_of(version), case.seller, case.document, settings=case.settings, now=case.now)
        return (
            start_replay(case.stored, case.document, by=_sender(case), purpose=self.purpose, now=case.now) is not None
        )

    def replayed(self, case: Case[Document]) -> Document | None:
        return case.document if needs_interface(case.document) else None

    def checklist(self, case: Case[Document]) -> Sequence[Item]:
        """Return the points for what changed; for a new product, all of them."""
        sections = {change.section for change in self.diff(case.document, against)} if (
            against := self.standing(case.seller, product=case.product)
        ) else set(SECTIONS)  # fmt: skip
        items = [item for section, item in ITEMS.items() if section in sections]
        if "details" in sections and product_type(case.document.product_type).web_scan:
            items.append(ITEMS[web_sites.WEB_SITE])
        return [*items, ITEMS[INTERFACE]] if needs_interface(case.document) else items

    def approve(self, case: Case[Document], *, by: str) -> None:
        """List it in place of the listed version."""
        settings, version = case.settings, _version(case)
        if needs_interface(case.document):
            valid = timedelta(minutes=settings.review.replay_valid_minutes)
            if not is_fresh(replay_of(case.stored), valid=valid, now=case.now):
                message = _(
                    "The replay of its cases is older than %(minutes)s minutes, or did not pass. Replay them first."
                )
                raise Refused(
                    "review.replay",
                    message % {"minutes": settings.review.replay_valid_minutes},
                    field="replay",
                    rule="2.4",
                )
            _check_cases(_product(case), case.document, self.purpose)
        if issues_codes(case.document) and not is_tested(_product(case)):
            raise Refused("review.test_code", _not_tested_message(), field="replay", rule="2.5")
        web_sites.check_sites(case.seller, case.document, settings=settings, now=case.now)
        with transaction.atomic():
            product = listing.list_version(version, currency=settings.currency, actor=by, now=case.now)
            publication.attach_application(product, case.document)

    def ended(self, case: Case[Document]) -> None:
        drafts.reject(_version(case), now=case.now, actor="market", note=str(case.stored.status))

    def facts(self, document: Document) -> Sequence[Fact]:
        return [_fact(line) for line in lines(document, currency="")]

    def diff(self, document: Document, against: Document) -> Sequence[Change]:
        pairs = changed(lines(document, currency=""), lines(against, currency=""))
        return [_change(old_line, line) for old_line, line in pairs]


def _check_cases(product: Product, document: Document, purpose: Purpose) -> None:
    """Check that address and key are unchanged since the replay, whose result would otherwise not apply."""
    stock = stock_of(product, document, purpose=purpose)
    if stock is None or stock.lacks:
        message = _("Address, key or cases of this product changed since they were replayed. Replay them first.")
        raise Refused("review.cases", message, field="replay", rule="2.4")


def _product(case: Case[Document]) -> Product:
    if case.product is None:
        raise LookupError("a submission of a product without its product")
    return case.product


def _version(case: Case[Document]) -> Version:
    if case.version is None:
        raise LookupError("a submission of a product without its version")
    return case.version


def _sender(case: Case[Document]) -> str:
    sent_by = case.stored.sent_by or case.stored.created_by
    return sent_by.email if sent_by else "market"


def start_replay(
    submission: Submission, document: Document, *, by: str, purpose: Purpose, now: datetime
) -> LeasedJob | None:
    """Replay the required cases; None if there are none."""
    if not needs_interface(document) or submission.product is None:
        return None
    stock = stock_of(submission.product, document, purpose=purpose)
    cases: Iterable[object] = stock.saved if stock else ()
    if not cases or stock is None:
        return None
    return replay.start(
        stock.saved, about=replay_subject(submission.pk), by=by, now=now, seller_id=submission.seller_id
    )


def _change(old_line: Line | None, line: Line | None) -> Change:
    before, after = (None if side is None else _fact(side) for side in (old_line, line))
    fact = after or before
    if fact is None:
        raise LookupError("a change between nothing and nothing")
    return Change(section=fact.section, label=fact.label, before=before, after=after)


def _fact(line: Line) -> Fact:
    value, look = line.value, InputKind.LONG if line.html or len(line.value) > MAX_LINE_LENGTH else InputKind.TEXT
    if line.picture:
        value, look = line.picture, InputKind.PICTURE
    elif line.proof:
        value, look = line.proof, InputKind.PROOF
    return Fact(section=line.section, field=line.key, label=line.label, value=value, look=look)
