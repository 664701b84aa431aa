"""Commands that a market sends to a seller and the possible results, typed and common to all protocol versions.

A protocol folder converts a command to a request and back, and an outcome to a response and back. Times are aware UTC
datetimes; money is a Decimal in the currency's main unit, used only where an older wire format carries it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class ChargingMode(StrEnum):
    """How a product is charged, by the names of the order query (openapi-jointkit §C.4; SaaS 1.0 sends numbers, saas-v1-license §A2.1).

    ``PERIOD``: by year, month or day. ``ONE_TIME``: once. ``ON_DEMAND``: by usage. ``ON_DEMAND_PKG``: usage bought in advance.
    """

    PERIOD = "PERIOD"
    ONE_TIME = "ONE_TIME"
    ON_DEMAND = "ON_DEMAND"
    ON_DEMAND_PKG = "ON_DEMAND_PKG"


class Scene(StrEnum):
    """Why an instance's expiry changes (saas-v2 §3.3).

    ``TRIAL_TO_FORMAL``: the buyer bought the product after a trial. ``RENEWAL``: a period was added.
    ``UNSUBSCRIBE_RENEWAL_PERIOD``: a renewal was cancelled, so the expiry moves to an earlier time. ``RENEWAL_CHANGE``:
    the renewal changes the product; only in newer editions of SaaS 2.0.
    """

    TRIAL_TO_FORMAL = "TRIAL_TO_FORMAL"
    RENEWAL = "RENEWAL"
    UNSUBSCRIBE_RENEWAL_PERIOD = "UNSUBSCRIBE_RENEWAL_PERIOD"
    RENEWAL_CHANGE = "RENEWAL_CHANGE"


class InstanceStatus(StrEnum):
    """Target status of ``SetStatus`` (saas-v2 §3.4). ``FREEZE``: keep the data and block access. ``UNFREEZE``: restore
    access. SaaS 1.0 spells it ``NORMAL`` on the wire (saas-v1-license §A2.7), and its folder translates."""

    FREEZE = "FREEZE"
    UNFREEZE = "UNFREEZE"


class Encryption(StrEnum):
    """Strength of AES-CBC for SaaS 1.0's private fields, with its value on the wire; each product selects one
    (saas-v1-license §A1.4). ``AES256``, ``AES128``."""

    AES256 = "1"
    AES128 = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """The buyer of an order (saas-v2 §1.5, saas-v1-license §A2.1). A field is empty if the product does not request it
    or the buyer did not release it.

    ``customer_id``: of the account, up to 100 characters, always present; ``customer_name``: up to 64. ``user_id`` and
    ``user_name``: of the person in the account who ordered. ``mobile_phone`` and ``email``: plain text here, encrypted
    on the wire of SaaS 1.0.
    """

    customer_id: str
    customer_name: str = ""
    user_id: str = ""
    user_name: str = ""
    mobile_phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """The purchased product. SaaS 1.0 and License 1.0 send it inline (saas-v1-license §A2.1, §B1); elsewhere the order
    query returns it (openapi-jointkit §C.4).

    ``product_id`` differs with the period's length, ``sku_code`` does not; ``product_name``: for display.
    ``charging_mode``: how it is charged. ``period_type``: ``year``, ``month`` or ``day``, empty without a period;
    ``period_number``: how many. ``quantity``: number of users, devices or other units of the product. ``disk_size``: in
    GB; ``band_width``: in Mbit/s. ``trial``: free of charge. ``started_at`` and ``expires_at``: aware UTC; the expiry
    is an estimate. ``amount``: price in main units of the currency. ``extend_params``: names and values that the buyer filled in.
    """

    product_id: str
    sku_code: str = ""
    product_name: str = ""
    charging_mode: ChargingMode = ChargingMode.PERIOD
    period_type: str = ""
    period_number: int | None = None
    quantity: int | None = None
    disk_size: int | None = None
    band_width: int | None = None
    trial: bool = False
    started_at: datetime | None = None
    expires_at: datetime | None = None
    amount: Decimal | None = None
    extend_params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Base of all commands of a market (saas-v2 §3.0). ``test`` is the wire's testFlag: answer with success and create nothing."""

    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Create(Command):
    """Create an instance (newInstance, saas-v2 §3.1, saas-v1-license §A2.1 and §B3; getLicense, §B1).

    ``order_id`` and ``order_line_id``: up to 64 characters each; together they are the idempotency key, and a repeat
    returns the same instance. SaaS 1.0 and License 1.0 have no lines, so ``order_line_id`` is empty there.
    ``business_id``: up to 64 characters, different in every attempt. ``buyer`` and ``purchase``: sent by SaaS 1.0 and
    License 1.0, else None. ``encryption``: only for SaaS 1.0. ``test``: as in ``Command``.
    """

    order_id: str
    order_line_id: str
    business_id: str
    buyer: Buyer | None = None
    purchase: Purchase | None = None
    encryption: Encryption = Encryption.AES256


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Command):
    """Return access data and usage (queryInstance, saas-v2 §3.2). ``instance_ids``: 1 to 100; the answer contains each.
    ``test``: as in ``Command``."""

    instance_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh(Command):
    """Set the expiry of an instance or a license code (refreshInstance, saas-v2 §3.3; refreshLicenseCode,
    saas-v1-license §B2.2; refreshLicense, §B1). The market repeats calls, so set the time instead of adding to it.

    ``instance_id``: the instance or the code. ``scene``: the reason. ``order_id`` and ``order_line_id``: of the
    renewal. ``expires_at``: the new expiry, aware UTC. ``product_id``: the new one if the period's length changed, else
    empty. ``purchase``: the purchased product, sent by SaaS 1.0 and License 1.0. ``test``: as in ``Command``.
    """

    instance_id: str
    scene: Scene
    order_id: str
    order_line_id: str
    expires_at: datetime
    product_id: str = ""
    purchase: Purchase | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStatus(Command):
    """Freeze or unfreeze an instance or a license code (updateInstanceStatus, saas-v2 §3.4; instanceStatus,
    saas-v1-license §A2.7; updateLicenseCodeStatus, §B2.2). The market repeats calls.

    ``instance_id``: the instance or the code. ``status``: the target status. ``order_id``: of the purchase; set only if
    an ``Expire`` is handled as a freeze. ``test``: as in ``Command``.
    """

    instance_id: str
    status: InstanceStatus
    order_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire(Command):
    """Freeze an instance whose period ended, and keep its data (expireInstance, saas-v1-license §A2.4; expireLicense, §B1).

    Only SaaS 1.0 and License 1.0 send it, for products sold by period; a later ``Refresh`` ends the freeze there. In
    other versions, and for pay-per-use and packages, ``SetStatus`` reports the expiry. ``instance_id``: the instance.
    ``order_id``: of the original purchase. ``test``: as in ``Command``.
    """

    instance_id: str
    order_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Command):
    """Delete an instance or end a license code (releaseInstance, saas-v2 §3.5, saas-v1-license §A2.5; releaseLicense,
    §B1; releaseLicenseCode, §B2.2).

    ``instance_id``: the instance or the code. ``order_id`` and ``order_line_id``: of the unsubscription that caused it,
    else empty; in SaaS 1.0 and License 1.0 always of the original purchase. ``amount``: SaaS 1.0's orderAmount, in main
    units of the currency. ``test``: as in ``Command``.
    """

    instance_id: str
    order_id: str = ""
    order_line_id: str = ""
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade(Command):
    """Change an instance to the target of a change order; the expiry does not change (upgradeInstance, saas-v2 §3.6;
    upgrade, saas-v1-license §A2.6).

    ``instance_id``: the instance. ``order_id`` and ``order_line_id``: of the change; the order query returns the
    target. Execute it once per order. ``purchase``: the target, sent by SaaS 1.0. ``test``: as in ``Command``.
    """

    instance_id: str
    order_id: str
    order_line_id: str
    purchase: Purchase | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckChange(Command):
    """Check whether a renewal may change the product to the target (changeInstanceCheck, saas-v2 §3.7).

    ``instance_id``: the instance. ``product_id``, ``sku_code``, ``product_name``: the target. ``linear_value``: its
    quantity, such as a number of users; None without a quantity. ``test``: as in ``Command``.
    """

    instance_id: str
    product_id: str
    sku_code: str
    product_name: str
    linear_value: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetLicenseAsync(Command):
    """Issue a license to an instance of an online License (getLicenseAsync, saas-v1-license §B3).

    ``instance_id``: the instance. ``event_id``: up to 64 characters; with the fingerprint it identifies an application
    for a license. A repeat returns the same license, and after ``Pending`` the seller delivers it with the upload API
    under this ID (openapi-jointkit §C.7). ``effective_at`` and ``expires_at``: start and end of validity, aware UTC;
    the end is None if it does not expire. ``device_fingerprint``: of the machine, up to 1,024 characters, empty if the
    product does not require it. ``test``: as in ``Command``.
    """

    instance_id: str
    event_id: str
    effective_at: datetime
    expires_at: datetime | None = None
    device_fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyOrder(Command):
    """Notify the seller of an order (orderNotify, saas-v1-license §D1). The market may repeat the notification.

    ``order_id`` and ``order_line_id``: up to 64 characters each; the order query returns the contents (openapi-jointkit
    §C.4). ``test``: as in ``Command``.
    """

    order_id: str
    order_line_id: str


# --- results ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AppInfo:
    """Access data that a buyer needs to use an instance, in plain text (saas-v2 §3.2, saas-v1-license §A2.2). A version
    that encrypts does so in its own folder.

    ``front_end_url``: address for users, up to 512 characters, required; ``admin_url``: address for administrators, up
    to 512. ``user_name`` and ``password``: of the first account, up to 128 each. ``memo``: notes for the buyer, up to 1,024.
    """

    front_end_url: str = ""
    admin_url: str = ""
    user_name: str = ""
    password: str = field(default="", repr=False)
    memo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageInfo:
    """Usage of an on-demand or package instance (saas-v2 §3.2).

    ``value``: up to 12 digits, 4 of them decimals, in the unit of the product: the total so far on demand, or the used
    part of a package. ``at``: time of the measurement, aware UTC. ``related_instance_id``: for a package, the on-demand
    instance that uses it. ``dashboard_url``: page that shows the usage to the buyer, up to 512 characters.
    """

    value: Decimal
    at: datetime
    related_instance_id: str = ""
    dashboard_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceInfo:
    """Data of one instance in the result of a query (saas-v2 §3.2).

    ``instance_id``: the instance. ``app``: access data; may be None only if the buyer gets them by mail or message.
    ``usage``: of on-demand and package instances, an entry for each billing item.
    """

    instance_id: str
    app: AppInfo | None = None
    usage: tuple[UsageInfo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Success: result code 000000 (saas-v2 §3.0, §4).

    ``message``: the market reads up to 255 characters. ``instance_id``: the instance that a ``Create`` made.
    ``instances``: result of a ``Query``, and of a ``Create`` in versions that return the access data at once
    (saas-v1-license §A2.2). ``license``: the text that License 1.0's getLicense returns (saas-v1-license §B1).
    """

    message: str = "success"
    instance_id: str = ""
    instances: tuple[InstanceInfo, ...] = ()
    license: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Accepted but not finished: result code 000004 (saas-v2 §3.1, saas-v1-license §B3). The market repeats the call.

    ``message``: the market reads up to 255 characters. ``instance_id``: the instance that a ``Create`` is making; empty if unknown.
    """

    message: str = "processing"
    instance_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A well-formed refusal (saas-v2 §4).

    ``code``: the result code on the wire, six digits. ``message``: the seller's text, up to 255 characters.
    ``retryable``: whether a retry may succeed; no wire format carries it, so a market follows its retry plan (saas-v2 §3.10).
    """

    code: str
    message: str = ""
    retryable: bool = True


class Fault(StrEnum):
    """Reason why a call has no acceptable answer. Each has an explanation and a remedy for sellers (saas-v2 §7)."""

    # no answer
    NO_KEY = "no_key"  # the seller has no signing key for this class of interface
    ADDRESS_BLOCKED = "address_blocked"  # the SSRF guard refused the address
    DNS = "dns"
    CONNECT = "connect"  # refused or unreachable
    TLS = "tls"
    TIMEOUT_CONNECT = "timeout_connect"
    TIMEOUT = "timeout"  # sent, but no complete answer before the timeout
    CLOSED = "closed"  # the seller closed the connection before a complete answer
    NOT_HTTP = "not_http"  # the answer is not HTTP
    INTERNAL = "internal"  # the market failed before it sent anything
    LOST = "lost"  # the worker died during the call
    # an unacceptable answer
    REDIRECT = "redirect"
    HTTP_STATUS = "http_status"
    TOO_LARGE = "too_large"
    CONTENT_ENCODING = "content_encoding"
    CONTENT_TYPE = "content_type"
    NOT_JSON = "not_json"
    MISSING_FIELD = "missing_field"
    BAD_FIELD = "bad_field"
    BODY_SIGN_MISSING = "body_sign_missing"
    BODY_SIGN_WRONG = "body_sign_wrong"
    OTHER_INSTANCE = "other_instance"  # the answer is about another instance than the call
    INSTANCE_TAKEN = "instance_taken"  # newInstance returned the ID of another order's instance


NOTHING_SENT = frozenset(
    {Fault.INTERNAL, Fault.NO_KEY, Fault.ADDRESS_BLOCKED, Fault.DNS, Fault.CONNECT, Fault.TLS, Fault.TIMEOUT_CONNECT}
)
"""Faults after which the seller cannot have acted. After every other fault it may have acted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """No acceptable answer: a transport failure, or bytes that violate the protocol (saas-v2 §3.0, §7).

    ``fault``: the reason. ``detail``: the actual and expected data, in English, without secrets.
    ``claimed_instance_id``: an ID from an answer that cannot be trusted; use it only as a hint to release an orphaned instance.
    """

    fault: Fault
    detail: str = ""
    claimed_instance_id: str = ""

    @property
    def seller_may_have_acted(self) -> bool:
        return self.fault not in NOTHING_SENT


type Outcome = Done | Pending | Rejected
type CallResult = Outcome | Unreachable
