"""A product with a web site is handed in with the web check of it: linked by its address, refused for one high finding.

What is missing is said with its rule (business-rules §2.7). A check that could not ask something is no reason to refuse.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.catalog.document import Document
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.contract import YES
from tradepost.market.product_types.registry import product_type
from tradepost.market.product_types.web_site import ADMIN, FRONT, HAS_ONE
from tradepost.market.web_scan import standing
from tradepost.market.web_scan.contract import RULE
from tradepost.market.web_scan.models import WebScan
from tradepost.market.web_scan.report import title_of
from tradepost.market.web_scan.standing import Standing, State, standing_of
from tradepost.market.web_scan.tasks import address_of

DETAILS, WEB_SITE = "details", "web_site"
"""Sections of findings: what is typed in the draft, and what the web check says."""


def addresses_of(document: Document) -> dict[str, str]:
    """Field → the address of a web site that the product has, as it was typed."""
    said = document.details.fields
    if not product_type(document.product_type).web_scan or said.get(HAS_ONE) != YES:
        return {}
    return {name: said[name] for name in (FRONT, ADMIN) if said.get(name, "").strip()}


def findings_of_sites(seller: Seller, document: Document, *, settings: Config, now: datetime) -> Iterator[Finding]:
    """What stands in the way of handing it in."""
    for field, typed in addresses_of(document).items():
        try:
            url = address_of(typed, outbound=settings.outbound)
        except Refused as refused:
            yield Finding(
                section=DETAILS, field=f"fields.{field}", code="web_site.address", words=refused.message, rule=RULE
            )
            continue
        found = standing_of(seller, url, valid=valid(settings), now=now)
        if found.state is not State.PASSED:
            yield Finding(
                section=WEB_SITE, field=f"task.{found.task.pk}" if found.task else "task",
                code=f"web_site.{found.state}", words=_words(found, url), rule=RULE,
            )  # fmt: skip


def valid(settings: Config) -> timedelta:
    return timedelta(days=settings.web_scan_valid_days)


def _words(found: Standing, url: str) -> str:
    if found.state is State.BLOCKED:
        named = "; ".join(title_of(finding.code) for finding in found.blocking[:3])
        said = _("The web check of %(url)s has a high finding: %(named)s. Mend it and check again, or appeal.")
        return said % {"url": url, "named": named}
    words = {
        State.NO_TASK: _("%(url)s has no web check. Make a task for it and run it."),
        State.UNPROVEN: _("The domain of %(url)s is not proven, so its web check does not count."),
        State.NEVER: _("%(url)s was not checked yet. Run its web check."),
        State.RUNNING: _("The web check of %(url)s is still running."),
        State.UNREACHED: _("The last web check did not reach %(url)s. Run it again when the site answers."),
        State.BROKEN: _("The web check of %(url)s broke off, which was the market's own fault. Run it again."),
        State.EXPIRED: _("The web check of %(url)s is too old. Run it again."),
    }
    return words[found.state] % {"url": url}


def link(owner: str, seller: Seller, document: Document, *, settings: Config, now: datetime) -> None:
    """Say with which runs it is handed in (§2.7: "result linked automatically at publish")."""
    standing.use(owner, _scans(seller, document, settings=settings, now=now))


def linked(owner: str) -> list[WebScan]:
    return standing.used_by(owner)


def _scans(seller: Seller, document: Document, *, settings: Config, now: datetime) -> Iterator[WebScan]:
    for typed in addresses_of(document).values():
        url = address_of(typed, outbound=settings.outbound)
        found = standing_of(seller, url, valid=valid(settings), now=now)
        if found.scan is not None:
            yield found.scan


def check_sites(seller: Seller, document: Document, *, settings: Config, now: datetime) -> None:
    """Before it is listed: since it was handed in a newer run may have found something. Raises ``Refused``."""
    for typed in addresses_of(document).values():
        url = address_of(typed, outbound=settings.outbound)
        found = standing_of(seller, url, valid=valid(settings), now=now)
        if found.state is State.BLOCKED:
            raise Refused("review.web_site", _words(found, url), field="web_site", rule=RULE)
