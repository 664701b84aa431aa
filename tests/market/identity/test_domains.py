"""A domain is registered alone, proven by a file or a DNS record, looked at again, and lapses (saas-v2 §1.2, issue 9)."""

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
from tradepost.market.base.outbound import Bounds, Fetched, NotReached, Why
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX, OutboundPolicy
from tradepost.market.identity import domain_proof, domains
from tradepost.market.identity.domain_names import expected, file_url, is_loopback, record_name
from tradepost.market.identity.domain_proof import Looked, Lookups, Seen, look
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


# --- looking, without a database ---


def asking(*, files: dict[str, Fetched | NotReached] | None = None, records: object = ()) -> Lookups:
    """Servers that answer what they are told to; whatever else is asked for is not there."""

    def file(url: str, bounds: Bounds) -> Fetched:
        assert (bounds.redirects, bounds.cut, bounds.most_bytes) == (0, True, 4096)
        found = (files or {}).get(url, NotReached(Why.CONNECT, "refused"))
        if isinstance(found, NotReached):
            raise found
        return found

    def txt(name: str) -> tuple[str, ...]:
        assert name == record_name(HOST)
        if isinstance(records, Exception):
            raise records
        return tuple(records)  # type: ignore[arg-type]

    return Lookups(file, txt)


def page(body: bytes, status: int = 200, **headers: str) -> Fetched:
    return Fetched("", status, tuple(headers.items()), body)


def looked(ask: Lookups) -> Looked:
    return look(HOST, TOKEN, outbound=PUBLIC, step=lambda _: None, lookups=ask)


PROOF = expected(TOKEN)


@pytest.mark.parametrize(
    ("ask", "by"),
    [
        (asking(files={file_url(HOST): page(PROOF.encode())}), "https"),
        (asking(files={file_url(HOST): page(b"\xef\xbb\xbf\r\n  " + PROOF.encode() + b"  \r\nmore")}), "https"),
        (asking(files={file_url(HOST, "http"): page(PROOF.encode())}), "http"),
        (asking(records=["v=spf1 -all", f" {PROOF} "]), "dns"),
    ],
)
def test_each_way_proves(ask: Lookups, by: str) -> None:
    assert looked(ask) == Looked(by)


@pytest.mark.parametrize(
    ("answer", "code", "detail"),
    [
        (page(PROOF.encode(), 404), "status", "404"),
        (page(PROOF.encode(), 301, Location="https://evil.example/"), "redirected", "https://evil.example/"),
        (page(b""), "empty", ""),
        (page(b" \n\n"), "empty", ""),
        (page(f"x{PROOF}".encode()), "other_text", f"x{PROOF}"),
        (page(expected("other").encode()), "other_text", expected("other")),
        (page(b"\xff\xfe<html>"), "other_text", "��<html>"),
        (NotReached(Why.TLS, "expired"), "tls", "expired"),
        (NotReached(Why.ADDRESS, "10.0.0.1"), "address", "10.0.0.1"),
        (NotReached(Why.TIMEOUT, ""), "timeout", ""),
    ],
)
def test_what_is_no_proof_says_what_was_found(answer: Fetched | NotReached, code: str, detail: str) -> None:
    found = looked(asking(files={file_url(HOST): answer}))
    assert found.by == ""
    assert found.seen[0] == Seen("https", code, detail)


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ((), "no_record"), (dns.resolver.NXDOMAIN(), "no_record"), (dns.exception.Timeout(), "timeout"),
        (dns.resolver.NoNameservers(), "dns"), (OSError("no network"), "dns"), (("v=spf1",), "other_text"),
        (("x",) * 50 + (PROOF,), "other_text"),
    ],
)  # fmt: skip
def test_a_record_that_is_not_there_says_so(records: object, code: str) -> None:
    found = looked(asking(records=records))
    assert [seen.code for seen in found.seen] == ["connect", "connect", code]


def test_a_loopback_server_that_is_not_there_is_told_as_it_is() -> None:
    """The real look-up, through the guard: a real market does not even ask a name of this machine."""
    found = look("127.0.0.1", TOKEN, outbound=PUBLIC, step=lambda _: None)
    assert [seen.code for seen in found.seen] == ["address", "address"]
    assert record_name("127.0.0.1") == ""


@pytest.mark.parametrize(
    ("host", "is_one"),
    [("localhost", True), ("shop.localhost", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True),
     ("localhost.example", False), ("10.0.0.1", False), ("example.com", False), ("8.8.8.8", False)],
)  # fmt: skip
def test_names_of_this_machine(host: str, is_one: bool) -> None:
    assert is_loopback(host) is is_one


# --- registering ---


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "host"),
    [("api.seller.example", HOST), (" API.Seller.Example ", HOST), ("https://api.seller.example", HOST),
     ("http://api.seller.example/", HOST)],
)  # fmt: skip
def test_a_domain_is_registered_alone(typed: str, host: str) -> None:
    """saas-v2 §1.2: "registered first, alone and without path (example https://console.huaweicloud.com)"."""
    made = register(make_seller(), typed)
    assert (made.host, made.status, len(made.token)) == (host, "pending", 32)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed",
    ["", "https://", "https://api.seller.example/path", "api.seller.example:8443", "api.seller.example?x", "u@a.example",
     "localhost", "127.0.0.1", "[::1]", "8.8.8.8", "seller", "a..example", "ftp://a.example", "商埠.example", "https://[",
     "-a.example", f"{'a' * 64}.example", "a.example:99999"],
)  # fmt: skip
def test_what_is_no_public_domain_is_refused(typed: str) -> None:
    """saas-v2 §1.2: host must be a domain name, not an IP address."""
    with refused("domain.host"):
        register(make_seller(), typed)
    assert not Domain.objects.exists()


@pytest.mark.django_db
def test_a_sandbox_takes_names_of_this_machine_without_proof_and_no_others() -> None:
    seller = make_seller()
    assert [register(seller, host, outbound=SANDBOX).how for host in ("localhost", "127.0.0.1", "a.localhost")] == [
        "sandbox"
    ] * 3
    assert register(seller, HOST, outbound=SANDBOX).status == "pending"
    assert Move.objects.filter(lifecycle="domain", after="verified").count() == 3
    other = register(make_seller(), "localhost", outbound=SANDBOX)  # a name of this machine is nobody's own
    assert other.status == "verified"


@pytest.mark.django_db
def test_what_somebody_else_has_proven_is_refused_and_a_repetition_too() -> None:
    one, two = make_seller(), make_seller()
    waiting = register(two)
    proven = register(one)
    prove(proven, asking(records=[expected(proven.token)]))
    with refused("domain.taken"):
        register(make_seller())
    with refused("domain.repeated"):
        register(one)
    with refused("domain.too_many"):
        register(one, "b.seller.example", most=1)
    # Both had registered it before: who proves it first has it.
    prove(waiting, asking(records=[expected(waiting.token)]))
    waiting.refresh_from_db()
    assert (waiting.status, waiting.seen) == ("pending", [{"way": "dns", "code": "taken", "detail": ""}])


# --- proving, by the leased job ---


def prove(domain: Domain, ask: Lookups, *, now=NOW) -> LeasedJob:
    domains.ask_for_proof(domain, now=now)
    task = LeasedTask(
        work=lambda running: domain_proof.look_for_proof(running, outbound=PUBLIC, lookups=ask),
        ended=lambda job, at: domains.record_proof(job, at, rechecks=RECHECKS),
        attempts=1,
    )
    assert leased_jobs.run_due({domains.PROVE: task}, now=lambda: now, wall=lambda: now, owner="test") == 1
    domain.refresh_from_db()
    found = leased_jobs.newest(domains.PROVE, str(domain.pk))
    assert found is not None
    return found


@pytest.mark.django_db
def test_a_domain_is_verified_when_the_proof_is_found_and_looked_at_again() -> None:
    domain = register(make_seller())
    prove(domain, asking())
    assert (domain.status, [seen["code"] for seen in domain.seen]) == ("pending", ["connect", "connect", "no_record"])

    prove(domain, asking(files={file_url(HOST): page(expected(domain.token).encode())}))

    assert (domain.status, domain.how, domain.verified_at, domain.seen) == ("verified", "https", NOW, [])
    timer = Job.objects.get(kind=domains.RECHECK)
    assert timer.due_at == NOW + RECHECKS.every
    assert domains.recheck(timer.payload, NOW, rechecks=RECHECKS) == NOW + RECHECKS.every
    assert LeasedJob.objects.exclude(state=3).get().key == str(domain.pk)


@pytest.mark.django_db
def test_a_proof_that_is_gone_lapses_after_some_looks_and_can_be_found_again() -> None:
    domain = register(make_seller())
    there = asking(records=[expected(domain.token)])
    prove(domain, there)
    for failures in (1, 2):
        prove(domain, asking())
        assert (domain.status, domain.failures) == ("verified", failures)
        assert Job.objects.get(kind=domains.RECHECK).due_at == NOW + timedelta(days=1)
    prove(domain, there)
    assert domain.failures == 0, "a look that finds it begins anew"
    for _ in range(3):
        prove(domain, asking())
    assert (domain.status, Event.objects.filter(name="domain_lapsed").count()) == ("lapsed", 1)
    assert not Job.objects.filter(kind=domains.RECHECK).exists()
    with refused("address.domain"):
        domains.verified_domain(domain.seller, HOST, outbound=PUBLIC, now=NOW)
    register(make_seller())  # it is nobody's now
    prove(domain, there)
    assert domain.status == "verified"


@pytest.mark.django_db
def test_a_look_that_broke_off_says_nothing_about_the_domain() -> None:
    domain = register(make_seller())
    prove(domain, asking(records=[expected(domain.token)]))

    def breaks(_name: str) -> tuple[str, ...]:
        raise RuntimeError("ours")

    prove(domain, Lookups(asking().file, breaks))
    assert (domain.status, domain.failures) == ("verified", 0)


@pytest.mark.django_db
def test_a_timer_of_a_domain_that_is_gone_ends() -> None:
    domain = register(make_seller())
    payload = {"domain": domain.pk}
    assert domains.recheck(payload, NOW, rechecks=RECHECKS) is None
    with refused("domain.in_use"):
        domains.delete_domain(domain, used_by=1)
    domains.delete_domain(domain, used_by=0)
    assert domains.recheck(payload, NOW, rechecks=RECHECKS) is None
