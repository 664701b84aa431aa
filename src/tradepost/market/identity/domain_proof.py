"""Check whether a seller has published its token where only a domain's owner can: in a file at a well-known path, or
a DNS record.

Runs in a leased job, outside of any transaction. Input from other parties' servers is limited: the file is fetched
through the guard without redirects, the record is limited in time and number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from tradepost.market.base.leased_jobs import RunningJob
from tradepost.market.base.outbound import Bounds, FetchedResponse, NoResponse, fetch
from tradepost.market.base.outbound_policy import OutboundPolicy

from .domain_models import Domain
from .domain_names import file_url, proof_text, record_name

METHODS = 3
MAX_BYTES = 4096
MAX_RECORDS = 50
TIMEOUT = 8.0
"""Timeout of each method in seconds."""
MAX_DETAIL_LENGTH = 200


def txt_records(name: str) -> Sequence[str]:
    """Return the TXT records of a name, each joined, from the machine's name servers. Raises ``DNSException``."""
    import dns.resolver  # takes long to load, and most processes prove no domain

    answer = dns.resolver.Resolver().resolve(name, "TXT", lifetime=TIMEOUT, search=False)
    return [b"".join(record.strings).decode("utf-8", "replace") for record in list(answer)[:MAX_RECORDS]]


class Lookups(Struct, frozen=True):
    """Functions that query other parties' servers: for a file, which raises ``NotReached``, and for TXT records."""

    file: Callable[[str, Bounds], FetchedResponse] = fetch
    records: Callable[[str], Sequence[str]] = txt_records


LOOKUPS = Lookups()


class ProofFinding(Struct, frozen=True):
    """What was found instead of the token. ``code`` selects the message; ``detail`` has untrusted text."""

    way: str
    code: str
    detail: str = ""

    def plain(self) -> dict[str, str]:
        # PostgreSQL text cannot contain NUL.
        return {"way": self.way, "code": self.code, "detail": self.detail[:MAX_DETAIL_LENGTH].replace("\0", "\ufffd")}


class ProofResult(Struct, frozen=True):
    """``by``: the method that found the token; empty for none. ``seen``: then the results of all methods."""

    by: str
    seen: tuple[ProofFinding, ...] = ()


def run_proof_check(running: RunningJob, *, outbound: OutboundPolicy, lookups: Lookups = LOOKUPS) -> Mapping[str, Any]:
    """The work of the leased job ``domains.PROVE``."""
    domain = Domain.objects.filter(pk=running.payload["domain"]).first()
    if domain is None:
        return {"by": "", "seen": []}
    result = find_proof(
        domain.host, domain.token, outbound=outbound, lookups=lookups, step=lambda done: running.progress(done, METHODS)
    )
    return {"by": result.by, "seen": [finding.plain() for finding in result.seen]}


def find_proof(
    host: str, token: str, *, outbound: OutboundPolicy, step: Callable[[int], object], lookups: Lookups = LOOKUPS
) -> ProofResult:
    """Try the methods one after the other until one finds the token. ``step`` receives the number of methods
    tried."""
    findings: list[ProofFinding] = []
    methods: list[tuple[str, Callable[[], ProofFinding | None]]] = [
        ("https", lambda: _file(host, token, "https", lookups, outbound=outbound)),
        ("http", lambda: _file(host, token, "http", lookups, outbound=outbound)),
    ]
    if record_name(host):
        methods.append(("dns", lambda: _record(host, token, lookups)))
    for number, (method, try_method) in enumerate(methods):
        step(number)
        finding = try_method()
        if finding is None:
            return ProofResult(method)
        findings.append(finding)
    step(METHODS)
    return ProofResult("", tuple(findings))


def _file(host: str, token: str, scheme: str, lookups: Lookups, *, outbound: OutboundPolicy) -> ProofFinding | None:
    bounds = Bounds(outbound=outbound, within=TIMEOUT, most_bytes=MAX_BYTES, cut=True)
    try:
        response = lookups.file(file_url(host, scheme), bounds)
    except NoResponse as error:
        return ProofFinding(scheme, error.why, error.detail)
    return _judge_file(response, token, scheme)


def _judge_file(response: FetchedResponse, token: str, scheme: str) -> ProofFinding | None:
    if 300 <= response.status < 400:
        return ProofFinding(scheme, "redirected", response.header("Location") or str(response.status))
    if response.status != 200:
        return ProofFinding(scheme, "status", str(response.status))
    text = response.body.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = [line.strip() for line in text.splitlines()]
    if proof_text(token) in lines:
        return None
    first_line = next((line for line in lines if line), "")
    return ProofFinding(scheme, "other_text" if first_line else "empty", first_line)


def _record(host: str, token: str, lookups: Lookups) -> ProofFinding | None:
    import dns.exception
    import dns.resolver

    try:
        records = list(lookups.records(record_name(host)))[:MAX_RECORDS]
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ProofFinding("dns", "no_record")
    except dns.exception.Timeout:
        return ProofFinding("dns", "timeout")
    except (dns.exception.DNSException, OSError) as error:
        return ProofFinding("dns", "dns", str(error))
    if proof_text(token) in (record.strip() for record in records):
        return None
    return ProofFinding("dns", "other_text", records[0]) if records else ProofFinding("dns", "no_record")
