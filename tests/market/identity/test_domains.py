"""Domains are registered, proven by a file or a DNS record, checked again and lapse (saas-v2 §1.2, issue 9)."""

from __future__ import annotations

from datetime import timedelta

import dns.exception
import dns.resolver
import pytest
from django.utils import translation

from tests.factories import make_seller
from tests.factories.people import NOW
from tradepost.market.base import leased_jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.leased_jobs import LeasedTask
from tradepost.market.base.models import Event, Job, LeasedJob, Move
from tradepost.market.base.outbound import Bounds, FailureReason, FetchedResponse, NoResponse
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX, OutboundPolicy
from tradepost.market.identity import domain_proof, domains
from tradepost.market.identity.domain_names import file_url, is_loopback, proof_text, record_name
from tradepost.market.identity.domain_proof import Lookups, ProofFinding, ProofResult, find_proof
from tradepost.market.identity.domains import Rechecks
from tradepost.market.identity.models import Domain, Seller

RECHECKS = Rechecks(timedelta(days=7), 3)
HOST, TOKEN = "api.seller.example", "t" * 32


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def refused(code: str):
    return pytest.raises(Refused, check=lambda error: error.code == code)


def register(seller: Seller, host: str = HOST, *, outbound: OutboundPolicy = PUBLIC, most: int = 50) -> Domain:
    return domains.register_domain(seller, host, outbound=outbound, most=most, now=NOW)


# --- proof checks, without a database ---


def lookups(*, files: dict[str, FetchedResponse | NoResponse] | None = None, records: object = ()) -> Lookups:
    """Answer the given files and records. All other files fail with a connection error."""

    def file(url: str, bounds: Bounds) -> FetchedResponse:
        assert (bounds.redirects, bounds.cut, bounds.most_bytes) == (0, True, 4096)
        response = (files or {}).get(url, NoResponse(FailureReason.CONNECT, "refused"))
        if isinstance(response, NoResponse):
            raise response
        return response

    def txt(name: str) -> tuple[str, ...]:
        assert name == record_name(HOST)
        if isinstance(records, Exception):
            raise records
        return tuple(records)  # type: ignore[arg-type]

    return Lookups(file, txt)


def page(body: bytes, status: int = 200, **headers: str) -> FetchedResponse:
    return FetchedResponse("", status, tuple(headers.items()), body)


def check_proof(ask: Lookups) -> ProofResult:
    return find_proof(HOST, TOKEN, outbound=PUBLIC, step=lambda _: None, lookups=ask)


PROOF = proof_text(TOKEN)


@pytest.mark.parametrize(
    ("ask", "method"),
    [
        (lookups(files={file_url(HOST): page(PROOF.encode())}), "https"),
        (lookups(files={file_url(HOST): page(b"\xef\xbb\xbf\r\n  " + PROOF.encode() + b"  \r\nmore")}), "https"),
        (lookups(files={file_url(HOST, "http"): page(PROOF.encode())}), "http"),
        (lookups(records=["v=spf1 -all", f" {PROOF} "]), "dns"),
    ],
)
def test_file_or_record_proves_the_domain(ask: Lookups, method: str) -> None:
    assert check_proof(ask) == ProofResult(method)


@pytest.mark.parametrize(
    ("answer", "code", "detail"),
    [
        (page(PROOF.encode(), 404), "status", "404"),
        (page(PROOF.encode(), 301, Location="https://evil.example/"), "redirected", "https://evil.example/"),
        (page(b""), "empty", ""),
        (page(b" \n\n"), "empty", ""),
        (page(f"x{PROOF}".encode()), "other_text", f"x{PROOF}"),
        (page(proof_text("other").encode()), "other_text", proof_text("other")),
        (page(b"\xff\xfe<html>"), "other_text", "��<html>"),
        (NoResponse(FailureReason.TLS, "expired"), "tls", "expired"),
        (NoResponse(FailureReason.ADDRESS, "10.0.0.1"), "address", "10.0.0.1"),
        (NoResponse(FailureReason.TIMEOUT, ""), "timeout", ""),
    ],
)
def test_invalid_file_is_reported_with_what_was_found(
    answer: FetchedResponse | NoResponse, code: str, detail: str
) -> None:
    result = check_proof(lookups(files={file_url(HOST): answer}))
    assert result.by == ""
    assert result.seen[0] == ProofFinding("https", code, detail)


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ((), "no_record"), (dns.resolver.NXDOMAIN(), "no_record"), (dns.exception.Timeout(), "timeout"),
        (dns.resolver.NoNameservers(), "dns"), (OSError("no network"), "dns"), (("v=spf1",), "other_text"),
        (("x",) * 50 + (PROOF,), "other_text"),
    ],
)  # fmt: skip
def test_missing_record_is_reported(records: object, code: str) -> None:
    result = check_proof(lookups(records=records))
    assert [finding.code for finding in result.seen] == ["connect", "connect", code]


def test_loopback_address_is_not_looked_up() -> None:
    """The real lookup goes through the guard: a production market does not connect to loopback addresses."""
    result = find_proof("127.0.0.1", TOKEN, outbound=PUBLIC, step=lambda _: None)
    assert [finding.code for finding in result.seen] == ["address", "address"]
    assert record_name("127.0.0.1") == ""


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("shop.localhost", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True),
     ("localhost.example", False), ("10.0.0.1", False), ("example.com", False), ("8.8.8.8", False)],
)  # fmt: skip
def test_loopback_names(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


# --- registration ---


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("entered", "host"),
    [("api.seller.example", HOST), (" API.Seller.Example ", HOST), ("https://api.seller.example", HOST),
     ("http://api.seller.example/", HOST)],
)  # fmt: skip
def test_domain_is_registered(entered: str, host: str) -> None:
    """saas-v2 §1.2: "registered first, alone and without path (example https://console.huaweicloud.com)"."""
    domain = register(make_seller(), entered)
    assert (domain.host, domain.status, len(domain.token)) == (host, "pending", 32)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "entered",
    ["", "https://", "https://api.seller.example/path", "api.seller.example:8443", "api.seller.example?x", "u@a.example",
     "localhost", "127.0.0.1", "[::1]", "8.8.8.8", "seller", "a..example", "ftp://a.example", "商埠.example", "https://[",
     "-a.example", f"{'a' * 64}.example", "a.example:99999"],
)  # fmt: skip
def test_host_that_is_not_a_public_domain_is_refused(entered: str) -> None:
    """saas-v2 §1.2: host must be a domain name, not an IP address."""
    with refused("domain.host"):
        register(make_seller(), entered)
    assert not Domain.objects.exists()


@pytest.mark.django_db
def test_sandbox_accepts_only_loopback_names_without_proof() -> None:
    seller = make_seller()
    assert [register(seller, host, outbound=SANDBOX).how for host in ("localhost", "127.0.0.1", "a.localhost")] == [
        "sandbox"
    ] * 3
    assert register(seller, HOST, outbound=SANDBOX).status == "pending"
    assert Move.objects.filter(lifecycle="domain", after="verified").count() == 3
    other = register(make_seller(), "localhost", outbound=SANDBOX)  # local names are not exclusive
    assert other.status == "verified"


@pytest.mark.django_db
def test_taken_and_repeated_domains_are_refused() -> None:
    first_seller, second_seller = make_seller(), make_seller()
    pending = register(second_seller)
    proven = register(first_seller)
    prove(proven, lookups(records=[proof_text(proven.token)]))
    with refused("domain.taken"):
        register(make_seller())
    with refused("domain.repeated"):
        register(first_seller)
    with refused("domain.too_many"):
        register(first_seller, "b.seller.example", most=1)
    # Both registered it: the first to prove it owns it.
    prove(pending, lookups(records=[proof_text(pending.token)]))
    pending.refresh_from_db()
    assert (pending.status, pending.seen) == ("pending", [{"way": "dns", "code": "taken", "detail": ""}])


# --- proof checks by the leased job ---


def prove(domain: Domain, ask: Lookups, *, now=NOW) -> LeasedJob:
    domains.start_proof_check(domain, now=now)
    task = LeasedTask(
        work=lambda running: domain_proof.run_proof_check(running, outbound=PUBLIC, lookups=ask),
        ended=lambda job, at: domains.record_proof(job, at, rechecks=RECHECKS),
        attempts=1,
    )
    assert leased_jobs.run_due({domains.PROVE: task}, now=lambda: now, wall=lambda: now, owner="test") == 1
    domain.refresh_from_db()
    job = leased_jobs.newest(domains.PROVE, str(domain.pk))
    assert job is not None
    return job


@pytest.mark.django_db
def test_proven_domain_is_verified_and_checked_again() -> None:
    domain = register(make_seller())
    prove(domain, lookups())
    assert (domain.status, [finding["code"] for finding in domain.seen]) == (
        "pending",
        ["connect", "connect", "no_record"],
    )

    prove(domain, lookups(files={file_url(HOST): page(proof_text(domain.token).encode())}))

    assert (domain.status, domain.how, domain.verified_at, domain.seen) == ("verified", "https", NOW, [])
    timer = Job.objects.get(kind=domains.RECHECK)
    assert timer.due_at == NOW + RECHECKS.every
    assert domains.recheck(timer.payload, NOW, rechecks=RECHECKS) == NOW + RECHECKS.every
    assert LeasedJob.objects.exclude(state=3).get().key == str(domain.pk)


@pytest.mark.django_db
def test_domain_lapses_after_failed_checks_and_can_be_proven_again() -> None:
    domain = register(make_seller())
    with_record = lookups(records=[proof_text(domain.token)])
    prove(domain, with_record)
    for failures in (1, 2):
        prove(domain, lookups())
        assert (domain.status, domain.failures) == ("verified", failures)
        assert Job.objects.get(kind=domains.RECHECK).due_at == NOW + timedelta(days=1)
    prove(domain, with_record)
    assert domain.failures == 0, "a successful check resets the count"
    for _ in range(3):
        prove(domain, lookups())
    assert (domain.status, Event.objects.filter(name="domain_lapsed").count()) == ("lapsed", 1)
    assert not Job.objects.filter(kind=domains.RECHECK).exists()
    with refused("address.domain"):
        domains.verified_domain(domain.seller, HOST, outbound=PUBLIC, now=NOW)
    register(make_seller())  # the name is free again
    prove(domain, with_record)
    assert domain.status == "verified"


@pytest.mark.django_db
def test_check_that_crashes_does_not_count_as_a_failure() -> None:
    domain = register(make_seller())
    prove(domain, lookups(records=[proof_text(domain.token)]))

    def crash(_name: str) -> tuple[str, ...]:
        raise RuntimeError("ours")

    prove(domain, Lookups(lookups().file, crash))
    assert (domain.status, domain.failures) == ("verified", 0)


@pytest.mark.django_db
def test_timer_of_a_deleted_domain_ends() -> None:
    domain = register(make_seller())
    payload = {"domain": domain.pk}
    assert domains.recheck(payload, NOW, rechecks=RECHECKS) is None
    with refused("domain.in_use"):
        domains.delete_domain(domain, used_by=1)
    domains.delete_domain(domain, used_by=0)
    assert domains.recheck(payload, NOW, rechecks=RECHECKS) is None
