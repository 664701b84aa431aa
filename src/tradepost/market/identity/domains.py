"""Register a domain, prove it, check it again, and let its proof lapse (saas-v2 §1.2).

After a proof has lapsed, no address can be registered or changed on the domain. Calls to existing addresses continue,
because buyers paid for the services there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids, jobs, leased_jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.hosts import host_error
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.outbound_policy import OutboundPolicy

from .domain_models import Domain
from .domain_names import is_loopback
from .domains_lifecycle import DOMAIN, DomainEvent
from .events import DomainLapsed
from .models import Seller

PROVE = "identity.prove_domain"
"""Kind of the leased job that checks for a proof; its key is the domain's."""
RECHECK = "identity.recheck_domain"
"""Kind of the timer that starts a new check of a verified domain."""
PROVEN = (Domain.How.HTTPS, Domain.How.HTTP, Domain.How.DNS)
RETRY_DELAY = timedelta(days=1)


class Rechecks(Struct, frozen=True):
    """Interval between checks of a proof, and how many in a row may fail."""

    every: timedelta
    failures: int


def host_of(text: str) -> str:
    """Return the host from a user's input: a domain, or an address without path. Raises ``Refused``."""
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong(_("This is not a domain.")) from None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        raise _wrong(_("Enter a domain, for example api.example.com."))
    if parts.path not in {"", "/"} or parts.query or parts.fragment or port is not None:
        raise _wrong(_("Enter the domain only, without a port or path. Those belong to the production address."))
    return host.lower()


def register_domain(seller: Seller, host: str, *, outbound: OutboundPolicy, most: int, now: datetime) -> Domain:
    """Register a domain of this seller, to be proven; in a sandbox, loopback names are verified immediately.

    Raises ``Refused`` if it is not a public domain, is registered already, is proven by another seller, or exceeds
    the limit."""
    host = host_of(host)
    if error := host_error(host, outbound):
        raise _wrong(error)
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        if Domain.objects.filter(seller=seller, host=host).exists():
            raise Refused("domain.repeated", _("You have registered this domain already."), field="host")
        if is_taken(host, seller.pk):
            raise Refused("domain.taken", _("Another seller has already verified this domain."), field="host")
        if Domain.objects.filter(seller=seller).count() >= most:
            message = _("A company can have at most %(most)s domains. Delete one that you no longer use.") % {
                "most": most
            }
            raise Refused("domain.too_many", message, field="host")
        domain = Domain.objects.create(seller=seller, host=host, token=ids.secret(32), created_at=now)
        if outbound.sandbox and is_loopback(host):
            _verify(domain, Domain.How.SANDBOX, now=now)
    return domain


def verify_without_proof(seller: Seller, host: str, *, now: datetime) -> Domain:
    """Mark a domain as verified without a proof: for programs that set up a sandbox, never for a page."""
    host = host.lower()
    domain = Domain.objects.filter(seller=seller, host=host).first() or Domain.objects.create(
        seller=seller, host=host, token=ids.secret(32), created_at=now
    )
    if domain.status != Domain.Status.VERIFIED:
        _verify(domain, Domain.How.SANDBOX, now=now)
    return domain


def verified_domain(seller: Seller, host: str, *, outbound: OutboundPolicy, now: datetime) -> Domain:
    """Return the domain for an address. In a sandbox, loopback names need no registration.

    Raises ``Refused`` if it is not verified."""
    host = host.lower()
    domain = Domain.objects.filter(seller=seller, host=host).first()
    if domain is not None and domain.status == Domain.Status.VERIFIED:
        return domain
    if outbound.sandbox and is_loopback(host):
        return verify_without_proof(seller, host, now=now)
    raise Refused(
        "address.domain",
        _("Verify the domain %(host)s first. Register it under Domains.") % {"host": host},
        field="url",
    )


def hosts_of_sellers(sellers: Collection[int]) -> dict[int, list[str]]:
    """Return the verified hosts of many sellers, in one query."""
    hosts: dict[int, list[str]] = {seller: [] for seller in sellers}
    domains = Domain.objects.filter(seller__in=sellers, status=Domain.Status.VERIFIED).order_by("pk")
    for seller, host in domains.values_list("seller_id", "host"):
        hosts[seller].append(host)
    return hosts


def is_taken(host: str, seller: int) -> bool:
    """Return whether another seller has proven this host."""
    proven = Domain.objects.filter(host=host, status=Domain.Status.VERIFIED, how__in=PROVEN)
    return proven.exclude(seller=seller).exists()


def start_proof_check(domain: Domain, *, now: datetime) -> LeasedJob:
    """Start a leased job that checks for the proof; at most one at a time."""
    return leased_jobs.start(PROVE, str(domain.pk), payload={"domain": domain.pk}, now=now, seller_id=domain.seller_id)


def record_proof(job: LeasedJob, now: datetime, *, rechecks: Rechecks) -> None:
    """Record the result of that job, in its transaction: verified, failed again, or lapsed."""
    domain = Domain.objects.select_for_update().filter(pk=job.payload["domain"]).first()
    if domain is None or job.outcome != LeasedJob.Outcome.DONE:
        return  # an unfinished check has no result
    result = job.result or {}
    by, findings = str(result.get("by", "")), list(result.get("seen", ()))
    if by and is_taken(domain.host, domain.seller_id):
        by, findings = "", [{"way": by, "code": "taken", "detail": ""}]
    Domain.objects.filter(pk=domain.pk).update(checked_at=now, seen=findings)
    if by:
        _proven(domain, Domain.How(by), now=now, rechecks=rechecks)
    elif domain.status == Domain.Status.VERIFIED and domain.how in PROVEN:
        _count_failure(domain, now=now, rechecks=rechecks)


def _proven(domain: Domain, method: Domain.How, *, now: datetime, rechecks: Rechecks) -> None:
    if domain.status == Domain.Status.VERIFIED:
        Domain.objects.filter(pk=domain.pk).update(how=method, failures=0)
    else:
        _verify(domain, method, now=now)
    due_at = now + rechecks.every
    jobs.schedule(RECHECK, str(domain.pk), due_at=due_at, payload={"domain": domain.pk})
    jobs.reschedule(RECHECK, str(domain.pk), due_at=due_at)


def _count_failure(domain: Domain, *, now: datetime, rechecks: Rechecks) -> None:
    failures = domain.failures + 1
    Domain.objects.filter(pk=domain.pk).update(failures=failures)
    if failures < rechecks.failures:
        jobs.reschedule(RECHECK, str(domain.pk), due_at=now + RETRY_DELAY)
        return
    DOMAIN.move_all([domain], DomainEvent.LAPSE, now=now, note=f"not found {failures} times")
    jobs.cancel(RECHECK, str(domain.pk))
    outbox.publish(DomainLapsed(domain=domain.pk, at=now), now=now)


def _verify(domain: Domain, method: Domain.How, *, now: datetime) -> None:
    DOMAIN.move_all([domain], DomainEvent.PROVE, now=now, note=method, how=method, verified_at=now, failures=0, seen=[])


def recheck(payload: Mapping[str, Any], now: datetime, *, rechecks: Rechecks) -> datetime | None:
    """Timer task: check a verified domain again. Ends with the domain."""
    domain = Domain.objects.filter(pk=payload["domain"], status=Domain.Status.VERIFIED, how__in=PROVEN).first()
    if domain is None:
        return None
    start_proof_check(domain, now=now)
    return now + rechecks.every


def delete_domain(domain: Domain, *, used_by: int) -> None:
    """Delete a domain. ``used_by``: the number of its addresses and web checks. Raises ``Refused`` if there are
    any."""
    if used_by:
        raise Refused("domain.in_use", _("Addresses or web checks use this domain. Delete or change them first."))
    jobs.cancel(RECHECK, str(domain.pk))
    domain.delete()


def _wrong(message: str) -> Refused:
    return Refused("domain.host", message, HTTPStatus.BAD_REQUEST, field="host")
