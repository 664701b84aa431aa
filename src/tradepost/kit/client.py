"""Client of the market's open APIs, signed with the seller's access key (AK/SK).

Retries never repeat an effect. Queries, and records with their own IDs, are always retried; other calls only if the
market certainly received nothing.
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
from tradepost.protocols.open_api.errors import ApiFailure, header_time, read_api_answer
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
FINAL_CODES = frozenset(
    f"{prefix}.{number}" for prefix in ("MKT", "CBC") for number in ("0100", "9001", "9002", "9003", "9004")
)
"""Refusals with HTTP status 500, under both documented prefixes (openapi-jointkit §C.4)."""
MOCK_ORDER_ID = "MOCKONDEMAND"
JSON = (("Content-Type", "application/json"),)
MIN_NOTABLE_SKEW = timedelta(minutes=5)


def utc_now() -> datetime:
    return datetime.now(UTC)


def random_text() -> str:
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class MarketClient(BuyerCalls):
    """Thread-safe client. ``market``: scheme and host, such as ``https://mkt.myhuaweicloud.com``.

    Certificates are verified. Plain http is accepted only for this machine, unless ``insecure_http`` declares the
    network between as trusted. The environment's proxy is used (``HTTPS_PROXY``, ``NO_PROXY``), but never for this
    machine. ``timeout``: seconds for connecting and for each read. ``tries``: maximum attempts of a repeatable call for
    an unreachable market or a server error; an answer with ``Retry-After`` is not retried. ``base_key``: the signing
    key of the base interfaces, which signs usage pushes.
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
    """For a market with its own certificate authority: ``ssl.create_default_context(cafile=…)``."""
    base_key: str = field(default="", repr=False)
    chance: Callable[[], str] = random_text

    def __post_init__(self) -> None:
        parts = urlsplit(self.market)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{self.market!r} is not an address like https://market.example.com")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK and not self.insecure_http:
            raise ValueError(f"{self.market} is not https: its answers could be read and changed on the way")
        if self.tls is not None and (self.tls.verify_mode is not ssl.CERT_REQUIRED or not self.tls.check_hostname):
            raise ValueError("the TLS context must verify certificates and host names")

    def order(self, order_id: str, order_line_id: str = "") -> OrderInfo:
        """Return an order with its products and buyer (saas-v2 §3.8). Raises ``MarketError``."""
        parameters = {"orderId": order_id, **({"orderLineId": order_line_id} if order_line_id else {})}
        url = self._url(f"{order_query.PATH}?{urlencode(parameters)}")
        members = self._ask(Request("GET", url, JSON), repeatable=True)
        return read_answer(lambda: order_query.load_answer(members))

    def market_time(self) -> datetime:
        """Return the time that usage is judged by: a sandbox's time, whose clock may have been moved, or else real
        time.

        Queries a mock order, which every market has. Raises ``MarketError``.
        """
        url = self._url(f"{order_query.PATH}?{urlencode({'orderId': MOCK_ORDER_ID})}")
        response = self._call(lambda: self._signed(Request("GET", url, JSON)), repeatable=True)
        self.parse_answer(response)
        return sandbox_time.load(response) or self.clock()

    def push_usage(self, records: Sequence[UsageRecord]) -> Mapping[str, str]:
        """Push 1 to 1,000 usage records (openapi-jointkit §C.5). Return the errors of records that were refused at
        once, by ID.

        Retried without an answer, since the market ignores known records. It judges most records later and shows the
        result in the seller center. Raises ``MarketError``, or ``ValueError`` for records that the interface cannot
        carry.
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
            # Signed for each attempt, since the market accepts a nonce once.
            return usage_push.push_request(
                wire, market=self.market, key=self.base_key, now=self.clock(), nonce=self.chance()
            )

        response = self._call(request, repeatable=True)
        result = usage_push.read_pushed(response)
        if isinstance(result, ApiFailure):
            raise self._error(response, result, "; base_key is the signing key of the base interfaces, not the SK")
        return {
            refused_record.metering_sn: f"{refused_record.code}: {refused_record.message}" for refused_record in result
        }

    def push_usage_old(self, records: Sequence[UsageRecord]) -> Mapping[str, str]:
        """Push with the older interface (§C.6), signed with AK/SK; every record needs its ``product_id``.

        The interface names no records, so the result is empty. Retried as well: the same instance and time is the same
        usage.
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

        Never retried after it was sent: after ``unreachable``, check the seller center before you upload again.
        """
        text_upload = upload.TextUpload(event_id=event_id, characters=characters)
        self._ask(upload.text_request(text_upload, market=self.market, boundary=self.chance()), repeatable=False)

    def upload_file(self, event_id: str, file_name: str, content: bytes) -> None:
        """Deliver a file for a market event (§C.7), like ``upload_text``. For large files and resumable uploads, see
        ``uploading``."""
        content_hash = hashlib.sha256(content).hexdigest()
        form = upload.file_form(event_id, file_name, content_hash, market=self.market, boundary=self.chance())
        body = form.before + content + form.after
        stated_header = (CONTENT_HASH, hashlib.sha256(body).hexdigest())
        self._ask(
            Request("POST", form.url, (("Content-Type", form.content_type), stated_header), body), repeatable=False
        )

    # --- licenses --------------------------------------------------------------------------------------------------

    def activate_license(self, code: str, *, since: datetime | None = None) -> LicenseInfo:
        """Activate a license code (§C.8). The returned expiry is an estimate; ``license`` returns the exact one.

        Never retried after it was sent, since a second activation is refused: after ``unreachable``, call ``license``.
        """
        activation = license_calls.Activate(licenses=(code,), since=since)
        members = self._ask(license_calls.activate_v1_request(activation, market=self.market), repeatable=False)
        return read_answer(lambda: license_calls.load_activated(members, code))

    def activate_licenses(self, codes: Sequence[str], *, since: datetime | None = None) -> None:
        """Activate up to 100 codes (§C.8, v2). Never retried, like ``activate_license``."""
        activation = license_calls.Activate(licenses=tuple(codes), since=since)
        self._ask(license_calls.activate_v2_request(activation, market=self.market), repeatable=False)

    def license(self, code: str) -> LicenseInfo:
        """Return the market's data about a code (§C.9); call it at the first use of each day."""
        query = license_calls.QueryLicenses(licenses=(code,))
        members = self._ask(license_calls.query_v1_request(query, market=self.market), repeatable=True)
        infos = read_answer(lambda: license_calls.load_queried(members))
        if not infos:
            raise MarketError("unreadable", "the answer tells about no license", status=200)
        return infos[0]

    def licenses(self, codes: Sequence[str]) -> tuple[LicenseInfo, ...]:
        """Return the market's data about up to 100 codes (§C.9, v2)."""
        query = license_calls.QueryLicenses(licenses=tuple(codes))
        members = self._ask(license_calls.query_v2_request(query, market=self.market), repeatable=True)
        return read_answer(lambda: license_calls.load_queried(members))

    def report_software_usage(self, usages: Sequence[software_usage.SoftwareUsage]) -> tuple[str, ...]:
        """Report the clients active today (§C.10). Return the licenses whose report was not accepted.

        Never retried after it was sent: the documents do not say whether reports of one day add up.
        """
        return software_usage.load_failed(
            self._ask(software_usage.usage_request(usages, market=self.market), repeatable=False)
        )

    # --- app keys --------------------------------------------------------------------------------------------------

    def verify_app_key(self, app_key: str, app_secret: str) -> app_keys.AppKeyCheck:
        """Verify the app key of a call that a gateway received. Cache the answer for at most
        ``app_keys.CACHE_SECONDS``."""
        members = self._ask(app_keys.verify_request(app_key, app_secret, market=self.market), repeatable=True)
        return read_answer(lambda: app_keys.load_verified(members))

    # --- assets ----------------------------------------------------------------------------------------------------

    def deployed_objects(self, query: assets.DeployedQuery) -> tuple[assets.DeployedObject, ...]:
        """Return where an asset's images or packages are deployed (§C.11)."""
        members = self._ask(assets.query_request(query, market=self.market), repeatable=True)
        return read_answer(lambda: assets.load_answer(members))

    def _ask(self, request: Request, *, repeatable: bool) -> dict[str, object]:
        return self.parse_answer(self._call(lambda: self._signed(request), repeatable=repeatable))

    def parse_answer(self, response: Response) -> dict[str, object]:
        """Return the members of an answer. Raises ``MarketError`` for a refusal."""
        answer = read_api_answer(response)
        if isinstance(answer, ApiFailure):
            raise self._error(response, answer)
        return answer

    def send_once(
        self, request: Request, *, signed: bool = True, body: Iterable[bytes] | None = None, timeout: float = 0.0
    ) -> Response:
        """Send a request once and return any answer. ``body``: iterator that replaces the request's own body.
        ``timeout``: overrides a shorter timeout of the client. Raises ``MarketError`` without an answer."""
        try:
            request = self._signed(request) if signed else request
            return exchange(request, timeout=max(timeout, self.timeout), tls=self.tls, body=body)
        except NotSentError as error:
            raise _unreachable(self.market, error.__cause__, sent=False) from error
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(self.market, error, sent=True) from error

    # --- calls
    # ---------------------------------------------------------------------------------------------------------

    def _url(self, target: str) -> str:
        return self.market.rstrip("/") + target

    def _signed(self, request: Request) -> Request:
        return sign(request, ak=self.ak, sk=self.sk, now=self.clock())

    def _call(self, make_request: Callable[[], Request], *, repeatable: bool) -> Response:
        """Return the market's answer. Raises ``MarketError`` if all attempts fail."""
        tries, was_sent = max(self.tries, 1), False
        for attempt in range(1, tries + 1):
            try:
                response = self._send(make_request())
            except NotSentError as error:
                failure = error.__cause__
            except (OSError, http.client.HTTPException) as error:
                failure, was_sent = error, True
            else:
                if not repeatable or attempt == tries or not _is_temporary(response):
                    return response
                time.sleep(self.pause * attempt)
                continue
            if (was_sent and not repeatable) or attempt == tries:
                raise _unreachable(self.market, failure, sent=was_sent) from failure
            time.sleep(self.pause * attempt)
        raise AssertionError("every try returns, raises or goes on")

    def _send(self, request: Request) -> Response:
        return exchange(request, timeout=self.timeout, tls=self.tls)

    def _error(self, response: Response, failure: ApiFailure, hint: str = "") -> MarketError:
        """Return the failure with advice; ``hint``: for an invalid signature."""
        message = failure.message
        if not failure.code:
            message = f"HTTP status {failure.status}{_redirect_target(response)}: {message}"
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
        """A signature is valid for a few minutes, so a wrong clock looks like a wrong key."""
        market_time = header_time(response, "Date")
        if market_time is None or abs(difference := self.clock() - market_time) < MIN_NOTABLE_SKEW:
            return ""
        side = "ahead of" if difference > timedelta(0) else "behind"
        return f"; this machine's clock is {abs(difference) / timedelta(minutes=1):.0f} minutes {side} the market's"


def _unreachable(market: str, failure: BaseException | None, *, sent: bool) -> MarketError:
    problem = "did not answer; it may have done what was asked" if sent else "could not be reached; nothing was sent"
    return MarketError("unreachable", f"{market} {problem}: {failure!r}", sent=sent)


def _is_temporary(response: Response) -> bool:
    """Return whether the server error may be temporary: without ``Retry-After``, and not a refusal with status 500."""
    if response.status < SERVER_ERROR or response.header("Retry-After") is not None:
        return False
    answer = read_api_answer(response)
    return not (isinstance(answer, ApiFailure) and answer.code in FINAL_CODES)


def _redirect_target(response: Response) -> str:
    """Return the target of a redirect, which is not followed, since the signature is for this address."""
    if not 300 <= response.status < 400:
        return ""
    try:
        target = urlsplit(response.header("Location") or "")
    except ValueError:
        return ", a redirect"
    return f", a redirect to {target.scheme}://{target.netloc}" if target.netloc else ", a redirect"
