"""What publishing a product and changing one have in common: a version of its document is checked, sealed, replayed and listed.

The document of such a submission is the product's own. Nothing is refused without a rule; what concerns the production address
and the seller itself is asked here, what concerns the document by ``catalog.complete``.
"""

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
from tradepost.market.catalog.complete import Market, complete
from tradepost.market.catalog.document import SECTIONS, Document, Price
from tradepost.market.catalog.models import Product, Version
from tradepost.market.catalog.readable import Line, changed, lines
from tradepost.market.catalog.upgrade_rules import has_rules
from tradepost.market.debugging import missing, replay
from tradepost.market.debugging.missing import Stock
from tradepost.market.debugging.required import Purpose, Sold
from tradepost.market.identity.certify import may_publish
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
from .contract import Case, Change, Defaults, Fact, Item, Look, Section, Words
from .models import Submission

PUBLISH = "business-rules §2.3"
PER_KIND = "business-rules §2.5"
CASES = "saas-v2 §5.3"
PERIODS = "saas-v1-license §A2.1, §B1"
AGREEMENTS = (Agreement.Kind.PUBLISH,)
"""What is accepted with each product."""
BY_MACHINE = LICENSE_ONLINE.code
LONG = 80
"""Characters that fit a line beside their name."""
SELLER, INTERFACE = "seller", "interface"
"""Sections that are no part of the document: whether the seller may sell, and its server."""
TITLES: dict[str, Words] = {
    "base": gettext_lazy("Name and category"),
    "media": gettext_lazy("Logo and pictures"),
    "description": gettext_lazy("Description"),
    "guide": gettext_lazy("User guide"),
    "support": gettext_lazy("Support"),
    "purchase": gettext_lazy("What is asked of buyers"),
    "pricing": gettext_lazy("Specs and prices"),
    "details": gettext_lazy("Details and proofs"),
    "discovery": gettext_lazy("Words to be found by"),
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
        ("guide", gettext_lazy("The guide says how to log in and begin, and leads nobody around the prices."), PUBLISH),
        ("support", gettext_lazy("Support answers at the number and address that stand there."), PUBLISH),
        ("purchase", gettext_lazy("What is asked of buyers is needed to deliver."), PUBLISH),
        ("pricing", gettext_lazy("Specs are editions or functions of one product; prices are meant so; no spec of software holds a manual service, none is a trial in disguise."), "business-rules §2.2, §2.3"),
        ("details", gettext_lazy("The proofs are this company's and this product's."), PER_KIND),
        ("discovery", gettext_lazy("Keywords and tags fit the product, and each tag has its proof."), PUBLISH),
        (web_sites.WEB_SITE, gettext_lazy("What the product says of its web sites is true: it has those, and no others."), "business-rules §2.7"),
        (INTERFACE, gettext_lazy("Every required case of the production interface was replayed and passed."), CASES),
    )
}  # fmt: skip
"""What an operator looks at, by section."""


def address_of(product: Product) -> Address | None:
    binding = Binding.objects.select_related("address").filter(product=product).first()
    return binding.address if binding else None


def needs_interface(document: Document) -> bool:
    """Whether what is sold is made by the seller's server."""
    return product_type(document.product_type).needs_interface


def sold(document: Document, *, upgrades: bool = False) -> Sold:
    """What of it decides which cases must be there; with a credential also those of joint operation (openapi-jointkit §A.10)."""
    prices = [price for _spec, _sku, price in document.prices()]
    return Sold(
        modes=document.modes(), trial=any(price.trial for price in prices), upgrades=upgrades,
        joint=bool(publication.app_id_in(document)),
        stops_when_used_up=any(price.stops_when_used_up for price in prices),
    )  # fmt: skip


def stock_of(product: Product, document: Document, *, purpose: Purpose) -> Stock | None:
    """How the required cases stand; None where no address serves the product."""
    address = address_of(product)
    if address is None:
        return None
    listed = listing.listed_document(product)
    upgrades = listed is not None and has_rules(product)  # they are made of what is listed
    return missing.stock(
        address, sold(document, upgrades=upgrades), purpose=purpose,
        listed=sold(listed, upgrades=upgrades) if listed is not None else None,
    )  # fmt: skip


def about(pk: int) -> str:
    """How replays call a submission."""
    return f"submission:{pk}"


def replay_of(submission: Submission) -> LeasedJob | None:
    """The replay of its cases that runs, or else the last one."""
    return replay.newest(about(submission.pk))


def is_fresh(job: LeasedJob | None, *, valid: timedelta, now: datetime) -> bool:
    """Whether its end still says how the seller's server answers."""
    passed = job is not None and job.outcome == LeasedJob.Outcome.DONE and bool((job.result or {}).get("passed"))
    return passed and job is not None and job.ended_at is not None and job.ended_at >= now - valid


def findings_of(
    product: Product, document: Document, *, purpose: Purpose, settings: Config, now: datetime
) -> list[Finding]:
    """Everything that stands in the way of handing it in."""
    market = Market(currency=settings.currency, host=settings.public_host)
    return [
        *complete(product, document, market=market),
        *_interface(product, document, purpose),
        *web_sites.findings_of_sites(product.seller, document, settings=settings, now=now),
        *_seller(product.seller, now),
    ]


def issues_codes(document: Document) -> bool:
    """Whether what is sold is a code that the seller's software activates."""
    return product_type(document.product_type).issues_codes


def _codes(product: Product, document: Document) -> Iterator[Finding]:
    if issues_codes(document) and not is_tested(product):
        yield Finding(
            section=INTERFACE, field="test_code", code="interface.test_code", words=_not_tested(), rule=PER_KIND
        )


def _application(product: Product, document: Document) -> Iterator[Finding]:
    listed = listing.listed_document(product)
    if words := publication.why_not(product, document, address_of(product), listed=listed):
        yield Finding(
            section="details", field=f"fields.{documents.APPLICATION}", code="interface.application", words=words,
            rule="openapi-jointkit §B.1",
        )  # fmt: skip


def _not_tested() -> str:
    return _(
        "No test code of this product was activated and then asked about by your software. Make one and let it do so."
    )


def _interface(product: Product, document: Document, purpose: Purpose) -> Iterator[Finding]:
    yield from _codes(product, document)
    yield from _application(product, document)
    kind = product_type(document.product_type)
    if not needs_interface(document) or not kind.deliverable:
        return
    yield from _periods(product, document)
    yield from _machine_codes(product, document)
    stock = stock_of(product, document, purpose=purpose)
    if stock is None:
        words = _("No production address serves this product. Register one and bind it.")
        yield Finding(section=INTERFACE, field="address", code="interface.address", words=words, rule="saas-v2 §1.1")
        return
    for lack in stock.lacks:
        yield Finding(
            section=INTERFACE, field=f"case.{lack.activity}.{lack.variant}", code="interface.case", words=lack.words,
            rule=CASES,
        )  # fmt: skip


def _machine_codes(product: Product, document: Document) -> Iterator[Finding]:
    """A supervised license is applied for by the code of a machine (business-rules §2.10), for which older protocols have no word."""
    address = address_of(product)
    spoken = protocols().get(address.protocol) if address else None
    if spoken is None or flow_of(product_type(document.product_type), document.details.fields) != BY_MACHINE:
        return
    if GetLicenseAsync not in spoken.activities:
        words = _(
            "%(protocol)s has no request for the license of one machine. Bind an address for online licenses, or answer that the "
            "buyer need not accept the delivery first."
        )
        yield Finding(
            section="details", field="fields.supervised", code="interface.machine_codes", rule="business-rules §2.10",
            words=words % {"protocol": spoken.title.in_language(get_language())},
        )  # fmt: skip


def _periods(product: Product, document: Document) -> Iterator[Finding]:
    """A period that the requests of its protocol have no word for is not sold; trials have one of their own."""
    address = address_of(product)
    spoken = protocols().get(address.protocol) if address else None
    if spoken is None:
        return
    for place, price in _places(document):
        if price.charging.renewable and not price.trial and price.period_type not in spoken.life.periods:
            words = _("%(protocol)s sells by the month and the year: its requests name a day for trials alone.")
            yield Finding(
                section="pricing", field=f"{place}.period_type", code="interface.period", rule=PERIODS,
                words=words % {"protocol": spoken.title.in_language(get_language())},
            )  # fmt: skip


def _places(document: Document) -> Iterator[tuple[str, Price]]:
    for i, spec in enumerate(document.pricing.specs):
        for j, sku in enumerate(spec.skus):
            for k, price in enumerate(sku.prices):
                yield f"specs.{i}.skus.{j}.prices.{k}", price


def _seller(seller: Seller, now: datetime) -> Iterator[Finding]:
    for finding in may_publish(seller, now=now):
        if finding.field in AGREEMENTS:  # it is ticked in the form that hands it in
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
        """The draft as it stands."""
        draft = Version.objects.filter(product=product, product__seller=seller, status=Version.Status.DRAFT).first()
        if draft is None:
            raise Refused("draft.none", _("There is no draft to hand in."))
        return documents.load(draft.document)

    def self_check(self, case: Case[Document]) -> Sequence[Finding]:
        return findings_of(_product(case), case.document, purpose=self.purpose, settings=case.settings, now=case.now)

    def begin_checking(self, case: Case[Document]) -> bool:
        """Seal the version, and make the required cases again."""
        version = drafts.seal(_product(case), now=case.now, actor=_sender(case))
        if version.pk != case.stored.version_id or version.document != case.stored.document:
            raise Refused("draft.changed", _("The draft was changed meanwhile. Look at it again and hand it in then."))
        web_sites.link(drafts.owner_of(version), case.seller, case.document, settings=case.settings, now=case.now)
        return (
            start_replay(case.stored, case.document, by=_sender(case), purpose=self.purpose, now=case.now) is not None
        )

    def replayed(self, case: Case[Document]) -> Document | None:
        return case.document if needs_interface(case.document) else None

    def checklist(self, case: Case[Document]) -> Sequence[Item]:
        """Of what changed; of a new product of everything."""
        sections = {change.section for change in self.diff(case.document, against)} if (
            against := self.standing(case.seller, product=case.product)
        ) else set(SECTIONS)  # fmt: skip
        wanted = [item for section, item in ITEMS.items() if section in sections]
        if "details" in sections and product_type(case.document.product_type).web_scan:
            wanted.append(ITEMS[web_sites.WEB_SITE])
        return [*wanted, ITEMS[INTERFACE]] if needs_interface(case.document) else wanted

    def approve(self, case: Case[Document], *, by: str) -> None:
        """List it, in place of what is listed."""
        settings, version = case.settings, _version(case)
        if needs_interface(case.document):
            valid = timedelta(minutes=settings.replay_valid_minutes)
            if not is_fresh(replay_of(case.stored), valid=valid, now=case.now):
                words = _(
                    "The replay of its cases is older than %(minutes)s minutes, or did not pass. Replay them first."
                )
                raise Refused(
                    "review.replay", words % {"minutes": settings.replay_valid_minutes}, field="replay", rule="2.4"
                )
            _check_cases(_product(case), case.document, self.purpose)
        if issues_codes(case.document) and not is_tested(_product(case)):
            raise Refused("review.test_code", _not_tested(), field="replay", rule="2.5")
        web_sites.check_sites(case.seller, case.document, settings=settings, now=case.now)
        with transaction.atomic():
            product = listing.list_version(version, currency=settings.currency, actor=by, now=case.now)
            publication.attach(product, case.document)

    def ended(self, case: Case[Document]) -> None:
        drafts.drop(_version(case), now=case.now, actor="market", note=str(case.stored.status))

    def facts(self, document: Document) -> Sequence[Fact]:
        return [_fact(line) for line in lines(document, currency="")]

    def diff(self, document: Document, against: Document) -> Sequence[Change]:
        pairs = changed(lines(document, currency=""), lines(against, currency=""))
        return [_change(was, line) for was, line in pairs]


def _check_cases(product: Product, document: Document, purpose: Purpose) -> None:
    """Since the replay the seller may have changed address or key: what passed there says nothing of what is called now."""
    stock = stock_of(product, document, purpose=purpose)
    if stock is None or stock.lacks:
        words = _("Address, key or cases of this product changed since they were replayed. Replay them first.")
        raise Refused("review.cases", words, field="replay", rule="2.4")


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
    """Make the required cases again; None where there are none to make."""
    if not needs_interface(document) or submission.product is None:
        return None
    stock = stock_of(submission.product, document, purpose=purpose)
    cases: Iterable[object] = stock.saved if stock else ()
    if not cases or stock is None:
        return None
    return replay.start(stock.saved, about=about(submission.pk), by=by, now=now, seller_id=submission.seller_id)


def _change(was: Line | None, line: Line | None) -> Change:
    before, after = (None if one is None else _fact(one) for one in (was, line))
    named = after or before
    if named is None:
        raise LookupError("a change between nothing and nothing")
    return Change(section=named.section, label=named.label, before=before, after=after)


def _fact(line: Line) -> Fact:
    value, look = line.value, Look.LONG if line.html or len(line.value) > LONG else Look.TEXT
    if line.picture:
        value, look = line.picture, Look.PICTURE
    elif line.proof:
        value, look = line.proof, Look.PROOF
    return Fact(section=line.section, field=line.key, label=line.label, value=value, look=look)
