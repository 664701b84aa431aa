"""Register a domain, prove it, look at it again, let its proof lapse (saas-v2 §1.2).

What a lapsed proof means: no address can be registered or changed on the domain. Calls to the addresses that stand go on,
since buyers paid for what is served there.
"""

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
from tradepost.market.base.hosts import wrong_host
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.outbound_policy import OutboundPolicy

from .domain_models import Domain
from .domain_names import is_loopback
from .domains_lifecycle import DOMAIN, DomainEvent
from .events import DomainLapsed
from .models import Seller

PROVE = "identity.prove_domain"
"""Kind of the leased job that looks for a proof; its key is the domain's."""
RECHECK = "identity.recheck_domain"
"""Kind of the timer that has a verified domain looked at again."""
PROVEN = (Domain.How.HTTPS, Domain.How.HTTP, Domain.How.DNS)
AFTER_FAILURE = timedelta(days=1)


class Rechecks(Struct, frozen=True):
    """How often a proof is looked at again, and how many looks in a row may fail."""

    every: timedelta
    failures: int


def host_of(text: str) -> str:
    """The host that somebody typed: alone, or as the beginning of an address. Raises ``Refused``."""
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong(_("This is not a domain.")) from None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        raise _wrong(_("Give a domain, for example api.example.com."))
    if parts.path not in {"", "/"} or parts.query or parts.fragment or port is not None:
        raise _wrong(_("Give the domain alone, without port and path: those belong to the address."))
    return host.lower()


def register_domain(seller: Seller, host: str, *, outbound: OutboundPolicy, most: int, now: datetime) -> Domain:
    """A domain of this seller, to be proven; in a sandbox a name of this machine is verified at once.

    Raises ``Refused`` for what is no public domain, a repetition, one that somebody else has proven, or one too many.
    """
    host = host_of(host)
    if wrong := wrong_host(host, outbound):
        raise _wrong(wrong)
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        if Domain.objects.filter(seller=seller, host=host).exists():
            raise Refused("domain.repeated", _("You have registered this domain already."), field="host")
        if taken(host, seller.pk):
            raise Refused("domain.taken", _("Another seller has proven that this domain is theirs."), field="host")
        if Domain.objects.filter(seller=seller).count() >= most:
            said = _("A company has at most %(most)s domains. Delete one that serves nothing.") % {"most": most}
            raise Refused("domain.too_many", said, field="host")
        made = Domain.objects.create(seller=seller, host=host, token=ids.secret(32), created_at=now)
        if outbound.sandbox and is_loopback(host):
            _verify(made, Domain.How.SANDBOX, now=now)
    return made


def vouch(seller: Seller, host: str, *, now: datetime) -> Domain:
    """Verified by the word of whoever runs this sandbox: for programs that set one up, never for a page."""
    host = host.lower()
    found = Domain.objects.filter(seller=seller, host=host).first() or Domain.objects.create(
        seller=seller, host=host, token=ids.secret(32), created_at=now
    )
    if found.status != Domain.Status.VERIFIED:
        _verify(found, Domain.How.SANDBOX, now=now)
    return found


def verified_domain(seller: Seller, host: str, *, outbound: OutboundPolicy, now: datetime) -> Domain:
    """The domain on which an address may be registered. In a sandbox a name of this machine needs no registration before.

    Raises ``Refused`` when it is not verified.
    """
    host = host.lower()
    found = Domain.objects.filter(seller=seller, host=host).first()
    if found is not None and found.status == Domain.Status.VERIFIED:
        return found
    if outbound.sandbox and is_loopback(host):
        return vouch(seller, host, now=now)
    raise Refused(
        "address.domain",
        _("First prove that the domain %(host)s is yours: register it under Domains.") % {"host": host},
        field="url",
    )


def hosts_of_sellers(sellers: Collection[int]) -> dict[int, list[str]]:
    """The same for many, in one query."""
    found: dict[int, list[str]] = {seller: [] for seller in sellers}
    own = Domain.objects.filter(seller__in=sellers, status=Domain.Status.VERIFIED).order_by("pk")
    for seller, host in own.values_list("seller_id", "host"):
        found[seller].append(host)
    return found


def taken(host: str, seller: int) -> bool:
    """Whether somebody else has proven this host."""
    proven = Domain.objects.filter(host=host, status=Domain.Status.VERIFIED, how__in=PROVEN)
    return proven.exclude(seller=seller).exists()


def ask_for_proof(domain: Domain, *, now: datetime) -> LeasedJob:
    """Have a worker look for the proof; one look at a time."""
    return leased_jobs.start(PROVE, str(domain.pk), payload={"domain": domain.pk}, now=now, seller_id=domain.seller_id)


def record_proof(job: LeasedJob, now: datetime, *, rechecks: Rechecks) -> None:
    """The end of that job, in its transaction: verified, or another failure, or lapsed."""
    domain = Domain.objects.select_for_update().filter(pk=job.payload["domain"]).first()
    if domain is None or job.outcome != LeasedJob.Outcome.DONE:
        return  # a look that broke off says nothing about the domain
    result = job.result or {}
    by, seen = str(result.get("by", "")), list(result.get("seen", ()))
    if by and taken(domain.host, domain.seller_id):
        by, seen = "", [{"way": by, "code": "taken", "detail": ""}]
    Domain.objects.filter(pk=domain.pk).update(checked_at=now, seen=seen)
    if by:
        _proven(domain, Domain.How(by), now=now, rechecks=rechecks)
    elif domain.status == Domain.Status.VERIFIED and domain.how in PROVEN:
        _failed_again(domain, now=now, rechecks=rechecks)


def _proven(domain: Domain, how: Domain.How, *, now: datetime, rechecks: Rechecks) -> None:
    if domain.status == Domain.Status.VERIFIED:
        Domain.objects.filter(pk=domain.pk).update(how=how, failures=0)
    else:
        _verify(domain, how, now=now)
    due = now + rechecks.every
    jobs.schedule(RECHECK, str(domain.pk), due_at=due, payload={"domain": domain.pk})
    jobs.reschedule(RECHECK, str(domain.pk), due_at=due)


def _failed_again(domain: Domain, *, now: datetime, rechecks: Rechecks) -> None:
    failures = domain.failures + 1
    Domain.objects.filter(pk=domain.pk).update(failures=failures)
    if failures < rechecks.failures:
        jobs.reschedule(RECHECK, str(domain.pk), due_at=now + AFTER_FAILURE)
        return
    DOMAIN.move_all([domain], DomainEvent.LAPSE, now=now, note=f"not found {failures} times")
    jobs.cancel(RECHECK, str(domain.pk))
    outbox.publish(DomainLapsed(domain=domain.pk, at=now), now=now)


def _verify(domain: Domain, how: Domain.How, *, now: datetime) -> None:
    DOMAIN.move_all([domain], DomainEvent.PROVE, now=now, note=how, how=how, verified_at=now, failures=0, seen=[])


def recheck(payload: Mapping[str, Any], now: datetime, *, rechecks: Rechecks) -> datetime | None:
    """Timer: have a verified domain looked at again. Ends with the domain."""
    domain = Domain.objects.filter(pk=payload["domain"], status=Domain.Status.VERIFIED, how__in=PROVEN).first()
    if domain is None:
        return None
    ask_for_proof(domain, now=now)
    return now + rechecks.every


def delete_domain(domain: Domain, *, used_by: int) -> None:
    """``used_by``: how many addresses and web checks stand on it. Raises ``Refused`` when there are any."""
    if used_by:
        raise Refused("domain.in_use", _("Addresses or web checks stand on this domain. Delete or change them first."))
    jobs.cancel(RECHECK, str(domain.pk))
    domain.delete()


def _wrong(message: str) -> Refused:
    return Refused("domain.host", message, HTTPStatus.BAD_REQUEST, field="host")
