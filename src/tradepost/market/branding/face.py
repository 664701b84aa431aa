"""The market's name and branding as pages, mails and files show it.

Each process caches it for ``KEPT`` seconds, so pages need no extra query. Changes in the same process apply at once.
"""

from __future__ import annotations

import time

from django.db import connection
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.both_languages import localised_name
from tradepost.market.identity.company_models import Agreement

from .models import Branding

CACHE_SECONDS = 2.0
"""Seconds for which a process caches the branding."""


class Values(Struct, frozen=True, kw_only=True):
    """The values that operators enter, named as the columns of ``Branding``."""

    name: str = ""
    name_en: str = ""
    colour: str = ""
    footer: str = ""
    footer_en: str = ""
    company: str = ""
    company_en: str = ""
    address: str = ""
    address_en: str = ""
    icp: str = ""
    hours: str = ""
    hours_en: str = ""
    support_email: str = ""
    support_phone: str = ""
    powered_by: bool = True


COLUMNS = Values.__struct_fields__


class Face(Struct, frozen=True, kw_only=True):
    """The branding that pages show.

    ``logo`` and ``icon``: hashes of pictures, or empty. ``privacy``: whether a privacy policy is published. Properties
    return texts in the active language.
    """

    values: Values = Values()
    logo: str = ""
    icon: str = ""
    privacy: bool = False
    version: int = 0

    @property
    def is_named(self) -> bool:
        return bool(self.values.name or self.values.name_en)

    @property
    def name(self) -> str:
        """The name of the market, or of the software if the market has none."""
        return localised_name(self.values) or _("Tradepost")

    @property
    def line(self) -> str:
        """The first line of the footer."""
        return localised_name(self.values) or _("Tradepost, a cloud software marketplace")

    @property
    def footer(self) -> str:
        return localised_name(self.values, "footer")

    @property
    def company(self) -> str:
        return localised_name(self.values, "company")

    @property
    def address(self) -> str:
        return localised_name(self.values, "address")

    @property
    def hours(self) -> str:
        return localised_name(self.values, "hours")

    @property
    def names_software(self) -> bool:
        """Whether the footer names the software. Always false for a market without a name, whose footer starts with
        it."""
        return self.is_named and self.values.powered_by


_cached_face: tuple[float, Face] | None = None


def current() -> Face:
    """Return the branding, at most ``KEPT`` seconds old."""
    global _cached_face  # noqa: PLW0603
    cached, read_at = _cached_face, time.monotonic()
    if cached is not None and read_at - cached[0] <= CACHE_SECONDS:
        return cached[1]
    branding = read()
    if not connection.in_atomic_block:  # an uncommitted value may be rolled back
        _cached_face = read_at, branding
    return branding


def last_known() -> Face | None:
    """Return the cached branding of any age, for pages that must not query the database. None if this process has
    none."""
    return _cached_face[1] if _cached_face is not None else None


def forget() -> None:
    """Clear the cache."""
    global _cached_face  # noqa: PLW0603
    _cached_face = None


def read() -> Face:
    """Read the branding from the database."""
    row = Branding.objects.select_related("logo", "icon").filter(pk=Branding.ONLY).first()
    privacy = Agreement.objects.filter(kind=Agreement.Kind.PRIVACY).exists()
    if row is None:
        return Face(privacy=privacy)
    return Face(
        values=values_of(row), logo=row.logo.sha256 if row.logo else "", icon=row.icon.sha256 if row.icon else "",
        privacy=privacy, version=row.version,
    )  # fmt: skip


def values_of(row: Branding) -> Values:
    return Values(**{column: getattr(row, column) for column in COLUMNS})
