"""The editor of a product: one section per page, saved while the seller types.

Each save names the revision from which the page began. The later of two tabs keeps its own input, sees the other tab's
values beside it, and decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from msgspec import Struct

from tradepost.market.assets.models import Picture
from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.values import replace
from tradepost.market.catalog import category_queries, drafts, seller_queries
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.attribute_templates import insertable
from tradepost.market.catalog.complete import find_missing
from tradepost.market.catalog.document import SECTIONS, Document, Pricing
from tradepost.market.catalog.models import Product, Version
from tradepost.market.catalog.readable import Line, changed, section_lines
from tradepost.market.identity.menus import Menu
from tradepost.market.product_types.registry import product_type
from tradepost.market.review.seller_queries import last_of_product
from tradepost.market.web import uploads
from tradepost.market.web.refusals import status_of
from tradepost.market.web.upgrade_rules import ended_rules
from tradepost.market.web.uploads import PictureField, ProofField

from . import autosave, draft_details, draft_sections, pricing_acts, pricing_editor, pricing_shown
from .correcting import remarks_of
from .draft_inputs import InputErrors, Words
from .draft_questions import GROUPS, HELP, MAX_PICTURES, TITLES, DraftQuestion
from .frame import SellerRequest, or_404, seller_page, show
from .pictures import picture_field
from .pricing_document import Places, form_of_document, read
from .pricing_editor import PricingState
from .products import find_own_product, market
from .proofs import proof_field
from .rich_text import rich_context


@dataclass(slots=True)
class SubmittedSection:
    """A submitted form: the section's value, or the errors that prevent storing it."""

    value: Any
    errors: Mapping[str, str]
    state: PricingState | None = None
    typed: Mapping[str, str] | None = None


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.PRODUCTS, product="pk")
@uploads.takes_pictures(MAX_PICTURES, proofs=draft_details.MAX_PROOFS)
def section(request: SellerRequest, pk: int, section: str) -> HttpResponse:
    if section not in SECTIONS:
        raise Http404
    product = find_own_product(request, pk)
    version = or_404(seller_queries.newest_version(product))
    if version.status == Version.Status.SEALED or product.status == Product.Status.STOPPED:
        return _closed_response(request, product, version)
    if request.method == "POST":
        return _save_section(request, product, version, section)
    return SectionPage(request, product, version, section).response(check="check" in request.GET)


# decoding takes a second and must not hold SQLite's write lock
section.own_transactions = True  # type: ignore[attr-defined]


def _closed_response(request: SellerRequest, product: Product, version: Version) -> HttpResponse:
    words = (
        _("This product is being reviewed. Withdraw the submission to change it.")
        if version.status == Version.Status.SEALED
        else _("Sales of this product have ended permanently.")
    )
    if autosave.is_autosave(request):
        return autosave.closed_response(words)
    messages.warning(request, words)
    return redirect("seller_center:product", product.pk)


def _save_section(request: SellerRequest, product: Product, version: Version, section: str) -> HttpResponse:
    document = documents.load(version.document)
    edited = _read_section(request, section, document)
    page = SectionPage(request, product, version, section)
    quietly, act = autosave.is_autosave(request), request.POST.get("act", "save")
    if edited.errors:
        if quietly:
            return autosave.not_saved_response(_("Not saved. Check the marked fields."), errors=edited.errors)
        return page.response(edited=edited, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        saved = drafts.save_section(
            product, section, edited.value, seen=whole_number(request.POST.get("seen", "")) or 0, by=request.user,
            now=request.now,
        )  # fmt: skip
    except Refused as refused:
        if quietly:
            return autosave.not_saved_response(refused.message, conflict=refused.code == "draft.changed")
        newest = or_404(seller_queries.newest_version(product))
        return SectionPage(request, product, newest, section).response(
            edited=edited, refused=refused, status=status_of(refused)
        )
    page = SectionPage(request, product, saved, section)
    if quietly:
        return page.saved_quietly()
    section_url = reverse("seller_center:product_draft", args=[product.pk, section])
    if act != "save":
        return redirect(f"{section_url}#specs-{act.rpartition(':')[2].partition('.')[0]}")
    messages.success(request, _("Saved. You can continue later. It is not visible to others until you submit it."))
    return redirect(section_url)


# --- submitted forms --------------------------------------------------------------------------------------------------


def _read_section(request: SellerRequest, section: str, document: Document) -> SubmittedSection:
    if section == "pricing":
        state = pricing_editor.read_form(request.POST)
        act = request.POST.get("act", "")
        attributes = insertable(request.seller) if act.startswith("insert-") else {}
        pricing_acts.run_act(state, act, attributes)
        pricing, unread = read(state)
        return SubmittedSection(pricing, unread, state=state)
    typed = {name: value for name, value in request.POST.items() if isinstance(value, str)}
    pictures, errors = _submitted_files(request, section, document)
    try:
        value = (
            draft_details.read(typed | pictures, product_type(document.product_type))
            if section == "details"
            else draft_sections.read(section, typed | pictures, document)
        )
    except draft_sections.InputTooLong as too_long:
        return SubmittedSection(None, {**errors, **too_long.errors}, typed=typed)
    return SubmittedSection(value, errors, typed=typed | pictures)


def _picture_questions(section: str) -> Sequence[DraftQuestion]:
    return [ask for group in GROUPS.get(section, ()) for ask in group.asks if ask.purpose]


def _submitted_files(request: SellerRequest, section: str, document: Document) -> tuple[dict[str, str], dict[str, str]]:
    """Return the hashes of pictures and documents by name, and the refusals."""
    hashes: dict[str, str] = {}
    errors: dict[str, str] = {}
    for ask in _picture_questions(section):
        try:
            hashes[ask.name] = uploads.submitted_picture(
                request, ask.name, purpose=Picture.Purpose(ask.purpose), seller=request.seller, by=request.user,
                now=request.now,
            )  # fmt: skip
        except Refused as refused:
            errors[ask.name] = refused.message
    for name in draft_details.proof_names(product_type(document.product_type)) if section == "details" else ():
        try:
            hashes[name] = uploads.submitted_proof(
                request, name, seller=request.seller, by=request.user, now=request.now
            )
        except Refused as refused:
            errors[name] = refused.message
    return hashes, errors


# --- the page ---------------------------------------------------------------------------------------------------------


class Step(Struct, frozen=True):
    """A section in the sidebar."""

    name: str
    title: Words
    missing: int
    current: bool
    remarked: bool


class SectionPage:
    """The page of a section of a version."""

    def __init__(self, request: SellerRequest, product: Product, version: Version, section: str) -> None:
        self.request, self.product, self.version, self.section = request, product, version, section
        self.document = documents.load(version.document)
        self.kind = product_type(self.document.product_type)
        self.is_draft = version.status == Version.Status.DRAFT
        self.findings = find_missing(product, self.document, market=market())

    @property
    def seen(self) -> int:
        return int(self.version.revisions.get(self.section, 0)) if self.is_draft else 0

    def saved_words(self) -> str:
        if not self.is_draft:
            return _("No changes yet")
        return _("Saved %(time)s") % {"time": f"{timezone.localtime(self.version.saved_at):%H:%M}"}

    def saved_quietly(self) -> HttpResponse:
        counts = Counter(finding.section for finding in self.findings)
        ids = self._pricing_ids() if self.section == "pricing" else {}
        missing = {name: counts[name] for name in SECTIONS}
        return autosave.saved_response(self.saved_words(), seen=self.seen, missing=missing, ids=ids)

    def _pricing_ids(self) -> dict[str, str]:
        """Return the keys and ids that this save assigned, by input, for a page that is not reloaded."""
        _state, places = form_of_document(self.document.pricing)
        saved_ids = pricing_shown.saved_ids(self.document.pricing, places)
        keys = {f"specs.{i}.key": spec.key for i, spec in enumerate(self.document.pricing.specs)}
        return keys | {at: sku.code for at, sku in saved_ids.skus.items()} | dict(saved_ids.offers)

    def response(
        self,
        *,
        edited: SubmittedSection | None = None,
        refused: Refused | None = None,
        check: bool = False,
        status: int = HTTPStatus.OK,
    ) -> HttpResponse:
        conflict = refused is not None and refused.code == "draft.changed"
        other_values = self._theirs(edited) if edited and conflict else []
        counts = Counter(finding.section for finding in self.findings)
        remarks = remarks_of(last_of_product(self.product))
        remark_counts = (
            Counter(remark.section for remark in (*remarks.reasons, *remarks.findings)) if remarks else Counter()
        )
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
                Step(name, TITLES[name], counts[name], name == self.section, bool(remark_counts[name]))
                for name in SECTIONS
            ],
            remarks=remarks,
            own_remarks=[reason for reason in remarks.reasons if reason.section == self.section] if remarks else [],
            missing=len(self.findings),
            check=check,
            findings=[(finding, TITLES[finding.section], self._address(finding)) for finding in self.findings]
            if check
            else [],
            seen=self.seen,
            saved=self.saved_words(),
            refused=refused,
            conflict=conflict,
            theirs=other_values,
            **self._form(edited, check=check),
        )

    def _address(self, finding: Finding) -> str:
        """Return the address where a finding is corrected."""
        page = reverse("seller_center:product_draft", args=[self.product.pk, finding.section])
        field = finding.field
        if finding.section == "pricing":
            field = form_of_document(self.document.pricing)[1].find(field)
        return f"{page}?check=1#f-{field}"

    def _theirs(self, edited: SubmittedSection) -> list[tuple[Line | None, Line | None]]:
        """Return pairs of differing lines: saved in the other tab, submitted here."""
        value = edited.value
        if isinstance(value, Pricing):
            value = drafts.with_product_ids(value, self.document.pricing)
        document = documents.with_section(self.document, self.section, value)
        currency = config().currency
        return list(
            changed(
                section_lines(document, self.section, currency=currency),
                section_lines(self.document, self.section, currency=currency),
            )
        )

    def _form(self, edited: SubmittedSection | None, *, check: bool) -> dict[str, Any]:
        findings = [finding for finding in self.findings if finding.section == self.section] if check else []
        wrong = InputErrors()
        for name, words in (edited.errors if edited else {}).items():
            wrong.put(name, words)
        if self.section == "pricing":
            return self._pricing(edited, findings, wrong)
        for finding in findings:
            wrong.put(finding.field, str(finding.words), finding.rule)
        values = edited.typed if edited and edited.typed is not None else self._values()
        groups = draft_details.question_groups(self.kind) if self.section == "details" else GROUPS[self.section]
        choices = {"category": _categories(self.product), **draft_details.choices(self.kind, self.product)}
        visible_groups = draft_sections.group_views(groups, values, wrong, choices=choices)
        return {
            "groups": [
                (visible_group, [self._picture(ask, values, wrong) for ask in group.asks if ask.purpose])
                for visible_group, group in zip(visible_groups, groups, strict=True)
            ],
            "proofs": self._proofs(values, wrong) if self.section == "details" else [],
            "loose": [*wrong.at("product_type"), *wrong.at("drawing")],
            **rich_context(groups),
        }

    def _values(self) -> Mapping[str, str]:
        return draft_sections.input_values(getattr(self.document, self.section))

    def _picture(self, ask: DraftQuestion, values: Mapping[str, str], wrong: InputErrors) -> PictureField:
        errors = wrong.at(ask.name)
        field = picture_field(
            ask.name, Picture.Purpose(ask.purpose), sha256=values.get(ask.name, ""),
            error=errors[0][0] if errors else "",
        )  # fmt: skip
        return replace(field, label=str(ask.label))

    def _proofs(self, values: Mapping[str, str], wrong: InputErrors) -> list[ProofField]:
        """Return the document fields of the product type. A draft requires none."""
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

    def _pricing(
        self, edited: SubmittedSection | None, findings: Sequence[Finding], wrong: InputErrors
    ) -> dict[str, Any]:
        state, places = form_of_document(self.document.pricing)
        saved_ids = pricing_shown.saved_ids(self.document.pricing, places)
        if edited and edited.state is not None:
            state, saved_ids = edited.state, pricing_shown.saved_ids(Pricing(), Places())
        for finding in findings:
            wrong.put(places.find(finding.field), str(finding.words), finding.rule)
        modes = set(map(str, self.kind.charging_modes))
        ways = [way for way, mode in CHARGING_MODES.items() if mode in modes]
        specs = pricing_shown.spec_views(state, wrong, saved_ids, modes=ways, trial=self.kind.trial)
        return {
            "specs": specs,
            "loose": [*wrong.at("specs")],
            "may_add_spec": len(specs) < pricing_editor.MAX_SPECS,
            "currency": config().currency,
            "kept": insertable(self.request.seller).values(),
            "ended_rules": ended_rules(self.product, self.document) if self.is_draft else [],
        }


CHARGING_MODES = {
    "month": "PERIOD", "year": "PERIOD", "day": "PERIOD", "once": "ONE_TIME", "on_demand": "ON_DEMAND",
    "package": "ON_DEMAND_PKG", "uses": "ON_DEMAND_PKG",
}  # fmt: skip
"""Ways by charging mode of the product type; packages of uses if usage is counted."""


def _categories(product: Product) -> list[tuple[str, Words]]:
    rows = category_queries.choices_for(product)
    named_rows = ((row.slug, " › ".join(localised_name(level) for level in row.path)) for row in rows)
    return [("", _("Choose a category")), *named_rows]
