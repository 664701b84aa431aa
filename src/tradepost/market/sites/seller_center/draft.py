"""A product as it is written: one section a page, saved while one types, and nothing that was typed is lost.

Each save names the revision of its section that the page began from. Who comes second keeps the own words, sees what the
other tab saved beside them, and decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from msgspec import Struct

from tradepost.market.assets.models import Picture
from tradepost.market.base.both_languages import named
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.values import replace
from tradepost.market.catalog import category_queries, drafts, seller_queries
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.attribute_templates import insertable
from tradepost.market.catalog.complete import complete
from tradepost.market.catalog.document import SECTIONS, Document, Pricing
from tradepost.market.catalog.models import Product, Version
from tradepost.market.catalog.readable import Line, changed, section_lines
from tradepost.market.identity.menus import Menu
from tradepost.market.product_types.registry import product_type
from tradepost.market.review.seller_queries import last_of_product
from tradepost.market.web import uploads
from tradepost.market.web.uploads import PictureField, ProofField

from . import draft_details, draft_sections, pricing_acts, pricing_editor, pricing_shown
from .correcting import remarks_of
from .draft_inputs import Words, Wrong
from .draft_questions import GROUPS, HELP, MOST_PICTURES, TITLES, Ask
from .frame import SellerRequest, found, seller_page, show
from .pictures import picture_field
from .pricing_document import Places, laid_out, read
from .pricing_editor import PricingState
from .products import market, own
from .proofs import proof_field

AUTOSAVE = "X-Autosave"
"""Header of a save that nobody pressed a button for: answered in JSON."""


@dataclass(slots=True)
class Edited:
    """What a form brought: the section's value, or what of it cannot be kept."""

    value: Any
    errors: Mapping[str, str]
    state: PricingState | None = None
    typed: Mapping[str, str] | None = None


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.PRODUCTS, product="pk")
@uploads.takes_pictures(MOST_PICTURES, proofs=draft_details.MOST_PROOFS)
def section(request: SellerRequest, pk: int, section: str) -> HttpResponse:
    if section not in SECTIONS:
        raise Http404
    product = own(request, pk)
    version = found(seller_queries.newest_version(product))
    if version.status == Version.Status.SEALED or product.status == Product.Status.STOPPED:
        return _closed(request, product, version)
    if request.method == "POST":
        return _post(request, product, version, section)
    return Page(request, product, version, section).response(check="check" in request.GET)


section.own_transactions = True  # type: ignore[attr-defined]  # a second of decoding must not hold the lock of SQLite


def _closed(request: SellerRequest, product: Product, version: Version) -> HttpResponse:
    words = (
        _("This product is being reviewed. Withdraw the submission to change it.")
        if version.status == Version.Status.SEALED
        else _("Sales of this product were stopped for good.")
    )
    if request.headers.get(AUTOSAVE):
        return JsonResponse({"saved": False, "words": words, "errors": {}}, status=HTTPStatus.CONFLICT)
    messages.warning(request, words)
    return redirect("seller_center:product", product.pk)


def _post(request: SellerRequest, product: Product, version: Version, section: str) -> HttpResponse:
    document = documents.load(version.document)
    edited = _edited(request, section, document)
    page = Page(request, product, version, section)
    quietly, act = bool(request.headers.get(AUTOSAVE)), request.POST.get("act", "save")
    if edited.errors:
        if quietly:
            return _said(_("Not saved: look at what is marked."), errors=edited.errors)
        return page.response(edited=edited, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        saved = drafts.save_section(
            product, section, edited.value, seen=whole_number(request.POST.get("seen", "")) or 0, by=request.user,
            now=request.now,
        )  # fmt: skip
    except Refused as refused:
        if quietly:
            return _said(refused.message, conflict=refused.code == "draft.changed")
        there = found(seller_queries.newest_version(product))
        return Page(request, product, there, section).response(edited=edited, refused=refused, status=refused.status)
    page = Page(request, product, saved, section)
    if quietly:
        return page.saved_quietly()
    where = reverse("seller_center:product_draft", args=[product.pk, section])
    if act != "save":
        return redirect(f"{where}#specs-{act.rpartition(':')[2].partition('.')[0]}")
    messages.success(request, _("Saved. You can go on later; nobody else sees it before you hand it in."))
    return redirect(where)


def _said(words: str, *, errors: Mapping[str, str] | None = None, conflict: bool = False) -> JsonResponse:
    status = HTTPStatus.CONFLICT if conflict else HTTPStatus.UNPROCESSABLE_ENTITY
    return JsonResponse({"saved": False, "words": words, "errors": errors or {}, "conflict": conflict}, status=status)


# --- what a form brought ----------------------------------------------------------------------------------------------


def _edited(request: SellerRequest, section: str, document: Document) -> Edited:
    if section == "pricing":
        state = pricing_editor.from_post(request.POST)
        wanted = request.POST.get("act", "")
        kept = insertable(request.seller) if wanted.startswith("insert-") else {}
        pricing_acts.act(state, wanted, kept)
        pricing, unread = read(state)
        return Edited(pricing, unread, state=state)
    typed = {name: value for name, value in request.POST.items() if isinstance(value, str)}
    pictures, errors = _pictures(request, section, document)
    try:
        value = (
            draft_details.read(typed | pictures, product_type(document.product_type))
            if section == "details"
            else draft_sections.read(section, typed | pictures, document)
        )
    except draft_sections.TooLong as too_long:
        return Edited(None, {**errors, **too_long.errors}, typed=typed)
    return Edited(value, errors, typed=typed | pictures)


def _asked_pictures(section: str) -> Sequence[Ask]:
    return [ask for group in GROUPS.get(section, ()) for ask in group.asks if ask.purpose]


def _pictures(request: SellerRequest, section: str, document: Document) -> tuple[dict[str, str], dict[str, str]]:
    """Hashes of pictures and documents by name, and what was refused."""
    hashes: dict[str, str] = {}
    errors: dict[str, str] = {}
    for ask in _asked_pictures(section):
        try:
            hashes[ask.name] = uploads.handed_in(
                request, ask.name, purpose=Picture.Purpose(ask.purpose), seller=request.seller, by=request.user,
                now=request.now,
            )  # fmt: skip
        except Refused as refused:
            errors[ask.name] = refused.message
    for name in draft_details.proof_names(product_type(document.product_type)) if section == "details" else ():
        try:
            hashes[name] = uploads.handed_in_proof(
                request, name, seller=request.seller, by=request.user, now=request.now
            )
        except Refused as refused:
            errors[name] = refused.message
    return hashes, errors


# --- the page ---------------------------------------------------------------------------------------------------------


class Step(Struct, frozen=True):
    """A section in the list at the side."""

    name: str
    title: Words
    missing: int
    current: bool
    remarked: bool


class Page:
    """One section of one version, and all that stands around it."""

    def __init__(self, request: SellerRequest, product: Product, version: Version, section: str) -> None:
        self.request, self.product, self.version, self.section = request, product, version, section
        self.document = documents.load(version.document)
        self.kind = product_type(self.document.product_type)
        self.is_draft = version.status == Version.Status.DRAFT
        self.findings = complete(product, self.document, market=market())

    @property
    def seen(self) -> int:
        return int(self.version.revisions.get(self.section, 0)) if self.is_draft else 0

    def saved_words(self) -> str:
        if not self.is_draft:
            return _("Nothing changed yet")
        return _("Saved %(time)s") % {"time": f"{timezone.localtime(self.version.saved_at):%H:%M}"}

    def saved_quietly(self) -> JsonResponse:
        counts = Counter(finding.section for finding in self.findings)
        ids = self._pricing_ids() if self.section == "pricing" else {}
        return JsonResponse(
            {
                "saved": True, "words": self.saved_words(), "seen": self.seen, "errors": {},
                "missing": {name: counts[name] for name in SECTIONS}, "ids": ids,
            }
        )  # fmt: skip

    def _pricing_ids(self) -> dict[str, str]:
        """Names of inputs → keys and ids that this save minted, for a page that stays as it is."""
        _state, places = laid_out(self.document.pricing)
        found = pricing_shown.known(self.document.pricing, places)
        keys = {f"specs.{i}.key": spec.key for i, spec in enumerate(self.document.pricing.specs)}
        return keys | {at: sku.code for at, sku in found.skus.items()} | dict(found.offers)

    def response(
        self,
        *,
        edited: Edited | None = None,
        refused: Refused | None = None,
        check: bool = False,
        status: int = HTTPStatus.OK,
    ) -> HttpResponse:
        conflict = refused is not None and refused.code == "draft.changed"
        theirs = self._theirs(edited) if edited and conflict else []
        counts = Counter(finding.section for finding in self.findings)
        remarks = remarks_of(last_of_product(self.product))
        remarked = Counter(one.section for one in (*remarks.reasons, *remarks.findings)) if remarks else Counter()
        return show(
            self.request,
            "seller_center/product_draft.html",
            status=status,
            product=self.product,
            kind=self.kind.title.in_language(get_language()),
            version=self.version,
            is_draft=self.is_draft,
            section=self.section,
            title=TITLES[self.section],
            help=HELP.get(self.section, ""),
            steps=[
                Step(name, TITLES[name], counts[name], name == self.section, bool(remarked[name])) for name in SECTIONS
            ],
            remarks=remarks,
            own_remarks=[one for one in remarks.reasons if one.section == self.section] if remarks else [],
            missing=len(self.findings),
            check=check,
            findings=[(finding, TITLES[finding.section], self._address(finding)) for finding in self.findings]
            if check
            else [],
            seen=self.seen,
            saved=self.saved_words(),
            refused=refused,
            conflict=conflict,
            theirs=theirs,
            **self._form(edited, check=check),
        )

    def _address(self, finding: Finding) -> str:
        """Where it is put right."""
        page = reverse("seller_center:product_draft", args=[self.product.pk, finding.section])
        field = finding.field
        if finding.section == "pricing":
            field = laid_out(self.document.pricing)[1].find(field)
        return f"{page}?check=1#f-{field}"

    def _theirs(self, edited: Edited) -> list[tuple[Line | None, Line | None]]:
        """(saved there, typed here) of everything that differs."""
        value = edited.value
        if isinstance(value, Pricing):
            value = drafts.minted(value, self.document.pricing)
        mine = documents.with_section(self.document, self.section, value)
        currency = config().currency
        return list(
            changed(
                section_lines(mine, self.section, currency=currency),
                section_lines(self.document, self.section, currency=currency),
            )
        )

    def _form(self, edited: Edited | None, *, check: bool) -> dict[str, Any]:
        findings = [finding for finding in self.findings if finding.section == self.section] if check else []
        wrong = Wrong()
        for name, words in (edited.errors if edited else {}).items():
            wrong.put(name, words)
        if self.section == "pricing":
            return self._pricing(edited, findings, wrong)
        for finding in findings:
            wrong.put(finding.field, str(finding.words), finding.rule)
        values = edited.typed if edited and edited.typed is not None else self._values()
        groups = draft_details.groups(self.kind) if self.section == "details" else GROUPS[self.section]
        choices = {"category": _categories(self.product), **draft_details.choices(self.kind, self.product)}
        shown = draft_sections.shown(groups, values, wrong, choices=choices)
        return {
            "groups": [
                (group, [self._picture(ask, values, wrong) for ask in asked.asks if ask.purpose])
                for group, asked in zip(shown, groups, strict=True)
            ],
            "proofs": self._proofs(values, wrong) if self.section == "details" else [],
            "loose": [*wrong.at("product_type"), *wrong.at("drawing")],
        }

    def _values(self) -> Mapping[str, str]:
        return draft_sections.plain(getattr(self.document, self.section))

    def _picture(self, ask: Ask, values: Mapping[str, str], wrong: Wrong) -> PictureField:
        errors = wrong.at(ask.name)
        field = picture_field(
            ask.name, Picture.Purpose(ask.purpose), sha256=values.get(ask.name, ""),
            error=errors[0][0] if errors else "",
        )  # fmt: skip
        return replace(field, label=str(ask.label))

    def _proofs(self, values: Mapping[str, str], wrong: Wrong) -> list[ProofField]:
        """Documents that its kind asks for. None is required of a draft."""
        fields = []
        for name, proof in zip(draft_details.proof_names(self.kind), self.kind.proofs, strict=True):
            errors = wrong.at(name)
            fields.append(
                proof_field(
                    name, self.kind.code, proof, seller=self.request.seller, sha256=values.get(name, ""),
                    error=errors[0][0] if errors else "",
                )
            )  # fmt: skip
        return fields

    def _pricing(self, edited: Edited | None, findings: Sequence[Finding], wrong: Wrong) -> dict[str, Any]:
        state, places = laid_out(self.document.pricing)
        known = pricing_shown.known(self.document.pricing, places)
        if edited and edited.state is not None:
            state, known = edited.state, pricing_shown.known(Pricing(), Places())
        for finding in findings:
            wrong.put(places.find(finding.field), str(finding.words), finding.rule)
        modes = set(map(str, self.kind.charging_modes))
        ways = [way for way, mode in WAY_MODES.items() if mode in modes]
        specs = pricing_shown.shown(state, wrong, known, modes=ways, trial=self.kind.trial)
        return {
            "specs": specs,
            "loose": [*wrong.at("specs")],
            "may_add_spec": len(specs) < pricing_editor.MOST_SPECS,
            "currency": config().currency,
            "kept": insertable(self.request.seller).values(),
        }


WAY_MODES = {
    "month": "PERIOD", "year": "PERIOD", "day": "PERIOD", "once": "ONE_TIME", "on_demand": "ON_DEMAND",
    "package": "ON_DEMAND_PKG", "uses": "ON_DEMAND_PKG",
}  # fmt: skip
"""Offered where a kind of product has the mode; packages of uses where its usage is counted."""


def _categories(product: Product) -> list[tuple[str, Words]]:
    rows = category_queries.choices_for(product)
    named_rows = ((row.slug, " › ".join(named(level) for level in row.path)) for row in rows)
    return [("", _("Choose a category")), *named_rows]
