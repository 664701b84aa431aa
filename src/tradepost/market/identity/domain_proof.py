"""Looks whether a seller has put its token where only the owner of a domain can: a file at a well-known path, or a DNS record.

Runs in a leased job, outside of any transaction. What a stranger's servers decide is bounded: the file through the guard
without redirects, the record in time and number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from tradepost.market.base.leased_jobs import Running
from tradepost.market.base.outbound import Bounds, Fetched, NotReached, fetch
from tradepost.market.base.outbound_policy import OutboundPolicy

from .domain_models import Domain
from .domain_names import expected, file_url, record_name

WAYS = 3
MOST_BYTES = 4096
MOST_RECORDS = 50
WITHIN = 8.0
"""Seconds that each way may take."""
LONGEST_DETAIL = 200


def txt(name: str) -> Sequence[str]:
    """TXT records of a name, each joined, by the machine's own name servers. Raises ``DNSException``."""
    import dns.resolver  # takes long to load, and most processes prove no domain

    answer = dns.resolver.Resolver().resolve(name, "TXT", lifetime=WITHIN, search=False)
    return [b"".join(record.strings).decode("utf-8", "replace") for record in list(answer)[:MOST_RECORDS]]


class Lookups(Struct, frozen=True):
    """How others' servers are asked: for a file, raising ``NotReached``, and for TXT records."""

    file: Callable[[str, Bounds], Fetched] = fetch
    records: Callable[[str], Sequence[str]] = txt


LOOKUPS = Lookups()


class Seen(Struct, frozen=True):
    """What was found instead of the token. ``code`` is for words, ``detail`` says what was seen: untrusted text."""

    way: str
    code: str
    detail: str = ""

    def plain(self) -> dict[str, str]:
        # PostgreSQL keeps no NUL.
        return {"way": self.way, "code": self.code, "detail": self.detail[:LONGEST_DETAIL].replace("\0", "\ufffd")}


class Looked(Struct, frozen=True):
    """``by``: the way that proved it, empty for none; then ``seen`` says why of each."""

    by: str
    seen: tuple[Seen, ...] = ()


def look_for_proof(running: Running, *, outbound: OutboundPolicy, lookups: Lookups = LOOKUPS) -> Mapping[str, Any]:
    """The work of the leased job ``domains.PROVE``."""
    found = Domain.objects.filter(pk=running.payload["domain"]).first()
    if found is None:
        return {"by": "", "seen": []}
    looked = look(
        found.host, found.token, outbound=outbound, lookups=lookups, step=lambda done: running.progress(done, WAYS)
    )
    return {"by": looked.by, "seen": [one.plain() for one in looked.seen]}


def look(
    host: str, token: str, *, outbound: OutboundPolicy, step: Callable[[int], object], lookups: Lookups = LOOKUPS
) -> Looked:
    """Try the ways one after the other; the first that shows the token proves it. ``step`` is told how many were tried."""
    seen: list[Seen] = []
    ways: list[tuple[str, Callable[[], Seen | None]]] = [
        ("https", lambda: _file(host, token, "https", lookups, outbound=outbound)),
        ("http", lambda: _file(host, token, "http", lookups, outbound=outbound)),
    ]
    if record_name(host):
        ways.append(("dns", lambda: _record(host, token, lookups)))
    for number, (way, tried) in enumerate(ways):
        step(number)
        missing = tried()
        if missing is None:
            return Looked(way)
        seen.append(missing)
    step(WAYS)
    return Looked("", tuple(seen))


def _file(host: str, token: str, scheme: str, lookups: Lookups, *, outbound: OutboundPolicy) -> Seen | None:
    bounds = Bounds(outbound=outbound, within=WITHIN, most_bytes=MOST_BYTES, cut=True)
    try:
        got = lookups.file(file_url(host, scheme), bounds)
    except NotReached as error:
        return Seen(scheme, error.why, error.detail)
    return _of_file(got, token, scheme)


def _of_file(got: Fetched, token: str, scheme: str) -> Seen | None:
    if 300 <= got.status < 400:
        return Seen(scheme, "redirected", got.header("Location") or str(got.status))
    if got.status != 200:
        return Seen(scheme, "status", str(got.status))
    text = got.body.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = [line.strip() for line in text.splitlines()]
    if expected(token) in lines:
        return None
    first = next((line for line in lines if line), "")
    return Seen(scheme, "other_text" if first else "empty", first)


def _record(host: str, token: str, lookups: Lookups) -> Seen | None:
    import dns.exception
    import dns.resolver

    try:
        records = list(lookups.records(record_name(host)))[:MOST_RECORDS]
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return Seen("dns", "no_record")
    except dns.exception.Timeout:
        return Seen("dns", "timeout")
    except (dns.exception.DNSException, OSError) as error:
        return Seen("dns", "dns", str(error))
    if expected(token) in (record.strip() for record in records):
        return None
    return Seen("dns", "other_text", records[0]) if records else Seen("dns", "no_record")
