"""A seller asks the market: the open APIs, signed with the seller's access key (AK/SK).

Nothing is done twice by asking again: questions, and records that carry their own ids, are repeated; everything else only
while it is certain that nothing of it was sent.
"""

from __future__ import annotations

import hashlib
import http.client
import secrets
import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from tradepost.protocols.http import Request, Response
from tradepost.protocols.open_api import (
    app_keys,
    assets,
    license_calls,
    order_query,
    sandbox_time,
    software_usage,
    upload,
    usage_push,
    usage_push_old,
)
from tradepost.protocols.open_api.errors import ApiFailure, date_of, read_api_answer
from tradepost.protocols.open_api.order_query import OrderInfo
from tradepost.protocols.open_api.signing import CONTENT_HASH, sign

from .buyer_calls import BuyerCalls
from .connecting import LOOPBACK
from .exchanging import NotSentError, exchange
from .market_error import MarketError, read_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tradepost.protocols.open_api.license_calls import LicenseInfo

    from .usage_record import UsageRecord

__all__ = ["MarketClient", "MarketError"]

SERVER_ERROR = 500
FINAL = frozenset(
    f"{prefix}.{number}" for prefix in ("MKT", "CBC") for number in ("0100", "9001", "9002", "9003", "9004")
)
"""Refusals that travel with status 500, under either of the prefixes that are printed (openapi-jointkit §C.4)."""
MOCK = "MOCKONDEMAND"
JSON = (("Content-Type", "application/json"),)
NOTABLE_SKEW = timedelta(minutes=5)


def utc_now() -> datetime:
    return datetime.now(UTC)


def fresh_text() -> str:
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class MarketClient(BuyerCalls):
    """Thread-safe. ``market``: scheme and host, for example ``https://mkt.myhuaweicloud.com``.

    Certificates are verified; plain http is accepted for this machine only, unless ``insecure_http`` says that the
    network between is your own. The environment's proxy is used (``HTTPS_PROXY``, ``NO_PROXY``), though never for this
    machine. ``timeout``: seconds for connecting and for each read. ``tries``: how often a call that may be repeated is
    made before an unreachable market or a server error is believed; one that says ``Retry-After`` is believed at once.
    ``base_key``: the signing key of the base interfaces, which signs pushes of usage.
    """

    market: str
    ak: str
    sk: str = field(repr=False)
    timeout: float = 5.0
    tries: int = 3
    pause: float = 0.2
    insecure_http: bool = False
    clock: Callable[[], datetime] = utc_now
    tls: ssl.SSLContext | None = None
    """For a market with a certificate authority of its own: ``ssl.create_default_context(cafile=…)``."""
    base_key: str = field(default="", repr=False)
    chance: Callable[[], str] = fresh_text

    def __post_init__(self) -> None:
        parts = urlsplit(self.market)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{self.market!r} is not an address like https://market.example.com")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK and not self.insecure_http:
            raise ValueError(f"{self.market} is not https: its answers could be read and changed on the way")
        if self.tls is not None and (self.tls.verify_mode is not ssl.CERT_REQUIRED or not self.tls.check_hostname):
            raise ValueError("the TLS context must verify certificates and host names")

    def order(self, order_id: str, order_line_id: str = "") -> OrderInfo:
        """What was bought, by whom (saas-v2 §3.8). Raises ``MarketError``."""
        asked = {"orderId": order_id, **({"orderLineId": order_line_id} if order_line_id else {})}
        url = self._url(f"{order_query.PATH}?{urlencode(asked)}")
        members = self._ask(Request("GET", url, JSON), repeatable=True)
        return read_answer(lambda: order_query.load_answer(members))

    def market_time(self) -> datetime:
        """By which usage is judged: the time of a sandbox, whose clock may have been moved; real time anywhere else.

        Asks a mock order, which every market has. Raises ``MarketError``.
        """
        url = self._url(f"{order_query.PATH}?{urlencode({'orderId': MOCK})}")
        response = self._call(lambda: self._signed(Request("GET", url, JSON)), repeatable=True)
        self.told(response)
        return sandbox_time.load(response) or self.clock()

    def push_usage(self, records: Sequence[UsageRecord]) -> Mapping[str, str]:
        """Push 1 to 1,000 usage records (openapi-jointkit §C.5); gives what is wrong with those found bad at once, by id.

        Repeated when there is no answer: the market drops records that it has. Most are judged later, and shown in the
        seller center. Raises ``MarketError``, and ``ValueError`` for what the interface cannot carry.
        """
        if not self.base_key:
            raise ValueError("pushing usage needs base_key, the signing key of the base interfaces")
        wire = [
            usage_push.UsageRecord(
                instance_id=record.instance_id,
                recorded_at=record.recorded_at,
                begin_at=record.begins_at,
                end_at=record.ends_at,
                value=record.value,
                metering_sn=record.record_id,
                package_instance_id=record.package_id,
            )
            for record in records
        ]

        def request() -> Request:
            # Signed anew for each try: the market accepts a nonce once.
            return usage_push.push_request(
                wire, market=self.market, key=self.base_key, now=self.clock(), nonce=self.chance()
            )

        response = self._call(request, repeatable=True)
        said = usage_push.read_pushed(response)
        if isinstance(said, ApiFailure):
            raise self._error(response, said, "; base_key is the signing key of the base interfaces, not the SK")
        return {bad.metering_sn: f"{bad.code}: {bad.message}" for bad in said}

    def push_usage_old(self, records: Sequence[UsageRecord]) -> Mapping[str, str]:
        """The same by the older interface (§C.6), signed with AK/SK; every record needs its ``product_id``.

        It names no records, so nothing is given. Repeated as well: the same instance and time is the same usage.
        """
        wire = [
            usage_push_old.OldUsageRecord(
                instance_id=record.instance_id,
                product_id=record.product_id,
                recorded_at=record.recorded_at,
                begin_at=record.begins_at,
                end_at=record.ends_at,
                value=record.value,
                package_instance_id=record.package_id,
            )
            for record in records
        ]
        request = usage_push_old.push_request(wire, market=self.market)
        self._ask(request, repeatable=True)
        return {}

    def upload_text(self, event_id: str, characters: str) -> None:
        """Deliver a text, such as a license, for a market event (§C.7). Raises ``MarketError``.

        Not repeated once it was sent: after ``unreachable`` look in the seller center before you upload again.
        """
        what = upload.TextUpload(event_id=event_id, characters=characters)
        self._ask(upload.text_request(what, market=self.market, boundary=self.chance()), repeatable=False)

    def upload_file(self, event_id: str, file_name: str, content: bytes) -> None:
        """Deliver a file for a market event (§C.7), as ``upload_text`` does. For one that is too large to be held, and to go on
        where an upload broke off, see ``uploading``."""
        hashed = hashlib.sha256(content).hexdigest()
        form = upload.file_form(event_id, file_name, hashed, market=self.market, boundary=self.chance())
        body = form.before + content + form.after
        stated = (CONTENT_HASH, hashlib.sha256(body).hexdigest())
        self._ask(Request("POST", form.url, (("Content-Type", form.content_type), stated), body), repeatable=False)

    # --- licenses --------------------------------------------------------------------------------------------------

    def activate_license(self, code: str, *, since: datetime | None = None) -> LicenseInfo:
        """Take a license code into use (§C.8). The expiry that is given is an estimate; that of ``license`` counts.

        Not repeated once it was sent, since a second activation is refused: after ``unreachable`` ask ``license``.
        """
        asked = license_calls.Activate(licenses=(code,), since=since)
        members = self._ask(license_calls.activate_v1_request(asked, market=self.market), repeatable=False)
        return read_answer(lambda: license_calls.load_activated(members, code))

    def activate_licenses(self, codes: Sequence[str], *, since: datetime | None = None) -> None:
        """Take up to 100 codes into use (§C.8, v2); not repeated, as ``activate_license``."""
        asked = license_calls.Activate(licenses=tuple(codes), since=since)
        self._ask(license_calls.activate_v2_request(asked, market=self.market), repeatable=False)

    def license(self, code: str) -> LicenseInfo:
        """What the market knows of a code (§C.9); to be asked at the first use of each day."""
        asked = license_calls.QueryLicenses(licenses=(code,))
        members = self._ask(license_calls.query_v1_request(asked, market=self.market), repeatable=True)
        infos = read_answer(lambda: license_calls.load_queried(members))
        if not infos:
            raise MarketError("unreadable", "the answer tells about no license", status=200)
        return infos[0]

    def licenses(self, codes: Sequence[str]) -> tuple[LicenseInfo, ...]:
        """The same for up to 100 codes (§C.9, v2)."""
        asked = license_calls.QueryLicenses(licenses=tuple(codes))
        members = self._ask(license_calls.query_v2_request(asked, market=self.market), repeatable=True)
        return read_answer(lambda: license_calls.load_queried(members))

    def report_software_usage(self, usages: Sequence[software_usage.SoftwareUsage]) -> tuple[str, ...]:
        """Clients that were active today (§C.10); gives the licenses whose report was not accepted.

        Not repeated once it was sent: whether numbers of one day add up is not documented.
        """
        return software_usage.load_failed(
            self._ask(software_usage.usage_request(usages, market=self.market), repeatable=False)
        )

    # --- app keys --------------------------------------------------------------------------------------------------

    def verify_app_key(self, app_key: str, app_secret: str) -> app_keys.AppKeyCheck:
        """Check the app key of a call that a gateway received. Keep the answer for at most ``app_keys.CACHE_SECONDS``."""
        members = self._ask(app_keys.verify_request(app_key, app_secret, market=self.market), repeatable=True)
        return read_answer(lambda: app_keys.load_verified(members))

    # --- assets ----------------------------------------------------------------------------------------------------

    def deployed_objects(self, query: assets.DeployedQuery) -> tuple[assets.DeployedObject, ...]:
        """Where an asset's images or packages are (§C.11)."""
        members = self._ask(assets.query_request(query, market=self.market), repeatable=True)
        return read_answer(lambda: assets.load_answer(members))

    def _ask(self, request: Request, *, repeatable: bool) -> dict[str, object]:
        return self.told(self._call(lambda: self._signed(request), repeatable=repeatable))

    def told(self, response: Response) -> dict[str, object]:
        """The members of an answer. Raises ``MarketError`` for a refusal."""
        answer = read_api_answer(response)
        if isinstance(answer, ApiFailure):
            raise self._error(response, answer)
        return answer

    def send_once(
        self, request: Request, *, signed: bool = True, body: Iterable[bytes] | None = None, timeout: float = 0.0
    ) -> Response:
        """An answer to one try, whatever it says; ``body`` as it is read, in the place of the request's own. ``timeout``: where
        the client's own is too short. Raises ``MarketError`` when there is none."""
        try:
            request = self._signed(request) if signed else request
            return exchange(request, timeout=max(timeout, self.timeout), tls=self.tls, body=body)
        except NotSentError as error:
            raise _unreachable(self.market, error.__cause__, sent=False) from error
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(self.market, error, sent=True) from error

    # --- asking ----------------------------------------------------------------------------------------------------

    def _url(self, target: str) -> str:
        return self.market.rstrip("/") + target

    def _signed(self, request: Request) -> Request:
        return sign(request, ak=self.ak, sk=self.sk, now=self.clock())

    def _call(self, make_request: Callable[[], Request], *, repeatable: bool) -> Response:
        """The market's answer. Raises ``MarketError`` when there is none after all tries."""
        tries, sent = max(self.tries, 1), False
        for attempt in range(1, tries + 1):
            try:
                response = self._send(make_request())
            except NotSentError as error:
                failure = error.__cause__
            except (OSError, http.client.HTTPException) as error:
                failure, sent = error, True
            else:
                if not repeatable or attempt == tries or not _may_pass_later(response):
                    return response
                time.sleep(self.pause * attempt)
                continue
            if (sent and not repeatable) or attempt == tries:
                raise _unreachable(self.market, failure, sent=sent) from failure
            time.sleep(self.pause * attempt)
        raise AssertionError("every try returns, raises or goes on")

    def _send(self, request: Request) -> Response:
        return exchange(request, timeout=self.timeout, tls=self.tls)

    def _error(self, response: Response, failure: ApiFailure, hint: str = "") -> MarketError:
        """The failure with what helps to end it; ``hint`` for a signature that does not hold."""
        message = failure.message
        if not failure.code:
            message = f"HTTP status {failure.status}{_elsewhere(response)}: {message}"
        if failure.status == HTTPStatus.UNAUTHORIZED:
            message += self._clock_hint(response) or hint
        return MarketError(
            failure.code or "unreadable",
            message,
            status=failure.status,
            retry_after=failure.retry_after,
            wrong_records=failure.wrong_records,
        )

    def _clock_hint(self, response: Response) -> str:
        """A signature holds for some minutes only: a clock that is off looks like a wrong key."""
        theirs = date_of(response, "Date")
        if theirs is None or abs(off := self.clock() - theirs) < NOTABLE_SKEW:
            return ""
        side = "ahead of" if off > timedelta(0) else "behind"
        return f"; this machine's clock is {abs(off) / timedelta(minutes=1):.0f} minutes {side} the market's"


def _unreachable(market: str, failure: BaseException | None, *, sent: bool) -> MarketError:
    what = "did not answer; it may have done what was asked" if sent else "could not be reached; nothing was sent"
    return MarketError("unreachable", f"{market} {what}: {failure!r}", sent=sent)


def _may_pass_later(response: Response) -> bool:
    """A server error that may be over soon: not one that says when to come back, nor a refusal that travels as one."""
    if response.status < SERVER_ERROR or response.header("Retry-After") is not None:
        return False
    answer = read_api_answer(response)
    return not (isinstance(answer, ApiFailure) and answer.code in FINAL)


def _elsewhere(response: Response) -> str:
    """Where a redirect leads: not followed, since the signature is for this address."""
    if not 300 <= response.status < 400:
        return ""
    try:
        place = urlsplit(response.header("Location") or "")
    except ValueError:
        return ", a redirect"
    return f", a redirect to {place.scheme}://{place.netloc}" if place.netloc else ", a redirect"
