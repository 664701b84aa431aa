"""Export a market's configuration to a file and import it into an empty market (opening.md §1).

The file leaves out people, history, secrets and environment settings. A market in use cannot import a file, because
agreements and fees have a history that a file cannot replace.
"""

from __future__ import annotations

import json
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.approvals import portable as approvals
from tradepost.market.base.errors import Refused
from tradepost.market.base.portable import Importing, Place, Section
from tradepost.market.branding import portable as branding
from tradepost.market.catalog import portable as catalog
from tradepost.market.catalog.models import Product
from tradepost.market.identity import portable as identity
from tradepost.market.identity.models import Seller, User
from tradepost.market.identity.operator_roles import IS_OPERATOR, Role
from tradepost.market.orders.models import Order
from tradepost.market.payments.models import Transfer
from tradepost.market.settlement import portable as settlement

FORMAT = "tradepost-config"
VERSION = 1
MAX_BYTES = 20_000_000
SECTIONS: tuple[Section, ...] = (
    *branding.SECTIONS, *catalog.SECTIONS, *identity.SECTIONS, *settlement.SECTIONS, *approvals.SECTIONS,
)  # fmt: skip


def export(place: Place) -> str:
    """Return the configuration as JSON."""
    sections = {section.name: section.dump(place) for section in SECTIONS}
    return json.dumps({"format": FORMAT, "version": VERSION, "sections": sections}, ensure_ascii=False, indent=2) + "\n"


def load(text: str, *, place: Place, now: datetime) -> list[str]:
    """Import a configuration and return the names of its sections. Raises ``Refused`` and then changes nothing."""
    sections = _parsed(text)
    with transaction.atomic():
        importing = Importing(by=_owner().pk, place=place, now=now)
        _must_be_empty()
        for section in SECTIONS:
            if section.name in sections:
                _load(section, sections[section.name], importing)
    return [section.name for section in SECTIONS if section.name in sections]


def _load(section: Section, content: Any, importing: Importing) -> None:
    try:
        section.load(content, importing)
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        words = _("The section %(name)s cannot be read: %(why)s.") % {"name": section.name, "why": error}
        raise Refused("config.section", words) from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text) if len(text) <= MAX_BYTES else None
    except ValueError:
        document = None
    document = document if isinstance(document, dict) and document.get("format") == FORMAT else {}
    sections = document.get("sections")
    if not isinstance(sections, dict):
        words = _("This file is not a market configuration. Export one with: tradepost config export")
        raise Refused("config.format", words, HTTPStatus.UNPROCESSABLE_ENTITY)
    known_names = {section.name for section in SECTIONS}
    if document.get("version") != VERSION or not set(sections) <= known_names:
        words = _("A later version wrote this configuration. Upgrade this market first.")
        raise Refused("config.version", words, HTTPStatus.UNPROCESSABLE_ENTITY)
    return sections


def _owner() -> User:
    owner = User.objects.filter(operator_role=Role.OWNER, is_active=True).order_by("pk").first()
    if owner is None:
        raise Refused("config.no_owner", _("Create an owner first: tradepost operator create EMAIL"))
    return owner


def _must_be_empty() -> None:
    in_use = (
        Seller.objects.all(),
        Product.objects.all(),
        Order.objects.all(),
        Transfer.objects.all(),
        User.objects.exclude(IS_OPERATOR),
    )
    if any(rows.exists() for rows in in_use):
        words = _(
            "This market is in use: it has accounts, sellers, products, orders or bookings. Import into an empty one."
        )
        raise Refused("config.in_use", words)
