"""Link the submission of a product with a website to its web check, and refuse it for a high finding.

Each finding names its rule (business-rules §2.7). Something that a check could not test is no reason for refusal."""

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
from tradepost.market.product_types.web_site import ADMIN, FRONT, HAS_WEB_SITE
from tradepost.market.web_scan import standing
from tradepost.market.web_scan.contract import RULE
from tradepost.market.web_scan.models import WebScan
from tradepost.market.web_scan.report import title_of
from tradepost.market.web_scan.standing import SiteState, State, site_state_of
from tradepost.market.web_scan.tasks import address_of

DETAILS, WEB_SITE = "details", "web_site"
"""Sections of findings: the input of the draft, and the result of the web check."""


def addresses_of(document: Document) -> dict[str, str]:
    """Return field → website address of the product, as entered."""
    answers = document.details.fields
    if not product_type(document.product_type).web_scan or answers.get(HAS_WEB_SITE) != YES:
        return {}
    return {name: answers[name] for name in (FRONT, ADMIN) if answers.get(name, "").strip()}


def findings_of_sites(seller: Seller, document: Document, *, settings: Config, now: datetime) -> Iterator[Finding]:
    """Yield what prevents the submission."""
    for field, address in addresses_of(document).items():
        try:
            url = address_of(address, outbound=settings.outbound)
        except Refused as refusal:
            yield Finding(
                section=DETAILS, field=f"fields.{field}", code="web_site.address", words=refusal.message, rule=RULE
            )
            continue
        site_state = site_state_of(seller, url, valid=validity_period(settings), now=now)
        if site_state.state is not State.PASSED:
            yield Finding(
                section=WEB_SITE, field=f"task.{site_state.task.pk}" if site_state.task else "task",
                code=f"web_site.{site_state.state}", words=_state_message(site_state, url), rule=RULE,
            )  # fmt: skip


def validity_period(settings: Config) -> timedelta:
    return timedelta(days=settings.web_scan.web_scan_valid_days)


def _state_message(site_state: SiteState, url: str) -> str:
    if site_state.state is State.BLOCKED:
        titles = "; ".join(title_of(finding.code) for finding in site_state.blocking[:3])
        message = _("The web check of %(url)s has a high finding: %(named)s. Fix it and check again, or appeal.")
        return message % {"url": url, "named": titles}
    messages = {
        State.NO_TASK: _("%(url)s has no web check. Create a task for it and run it."),
        State.UNPROVEN: _("The domain of %(url)s is not verified, so its web check is not valid."),
        State.NEVER: _("%(url)s was not checked yet. Run its web check."),
        State.RUNNING: _("The web check of %(url)s is still running."),
        State.UNREACHED: _("The last web check did not reach %(url)s. Run it again when the site answers."),
        State.BROKEN: _("The web check of %(url)s was interrupted by an error of this market. Run it again."),
        State.EXPIRED: _("The web check of %(url)s has expired. Run it again."),
    }
    return messages[site_state.state] % {"url": url}


def link_scans(owner: str, seller: Seller, document: Document, *, settings: Config, now: datetime) -> None:
    """Link the runs with which it is submitted (§2.7: "result linked automatically at publish")."""
    standing.store_uses(owner, _scans(seller, document, settings=settings, now=now))


def linked_scans(owner: str) -> list[WebScan]:
    return standing.scans_used_by(owner)


def _scans(seller: Seller, document: Document, *, settings: Config, now: datetime) -> Iterator[WebScan]:
    for address in addresses_of(document).values():
        url = address_of(address, outbound=settings.outbound)
        site_state = site_state_of(seller, url, valid=validity_period(settings), now=now)
        if site_state.scan is not None:
            yield site_state.scan


def check_sites(seller: Seller, document: Document, *, settings: Config, now: datetime) -> None:
    """Check again before listing, because a newer run may have findings. Raises ``Refused``."""
    for address in addresses_of(document).values():
        url = address_of(address, outbound=settings.outbound)
        site_state = site_state_of(seller, url, valid=validity_period(settings), now=now)
        if site_state.state is State.BLOCKED:
            raise Refused("review.web_site", _state_message(site_state, url), field="web_site", rule=RULE)
