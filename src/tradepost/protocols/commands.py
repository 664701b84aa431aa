"""What a market may ask of a seller, and what a seller may say: typed, and the same for every protocol version.

A protocol folder turns a command into a request (and back), an outcome into a response (and back). Times are aware
UTC datetimes; money is a Decimal of the currency's main unit, only where an older wire format carries it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class ChargingMode(StrEnum):
    """How a product is charged, by the words of the order query (openapi-jointkit §C.4; SaaS 1.0 sends numbers, saas-v1-license §A2.1).

    ``PERIOD``: by year, month or day. ``ONE_TIME``: once. ``ON_DEMAND``: by usage. ``ON_DEMAND_PKG``: usage bought in advance.
    """

    PERIOD = "PERIOD"
    ONE_TIME = "ONE_TIME"
    ON_DEMAND = "ON_DEMAND"
    ON_DEMAND_PKG = "ON_DEMAND_PKG"


class Scene(StrEnum):
    """Why an instance's expiry changes (saas-v2 §3.3).

    ``TRIAL_TO_FORMAL``: a trial was bought. ``RENEWAL``: a period was added. ``UNSUBSCRIBE_RENEWAL_PERIOD``: a renewal was taken
    back, so that the expiry comes earlier. ``RENEWAL_CHANGE``: renewed as another product, in newer editions of SaaS 2.0 alone.
    """

    TRIAL_TO_FORMAL = "TRIAL_TO_FORMAL"
    RENEWAL = "RENEWAL"
    UNSUBSCRIBE_RENEWAL_PERIOD = "UNSUBSCRIBE_RENEWAL_PERIOD"
    RENEWAL_CHANGE = "RENEWAL_CHANGE"


class InstanceStatus(StrEnum):
    """Target status of ``SetStatus`` (saas-v2 §3.4). ``FREEZE``: keep the data, let nobody in. ``UNFREEZE``: let the buyer in again;
    SaaS 1.0 spells it ``NORMAL`` on the wire (saas-v1-license §A2.7), and its folder translates.
    """

    FREEZE = "FREEZE"
    UNFREEZE = "UNFREEZE"


class Encryption(StrEnum):
    """AES-CBC of SaaS 1.0's private fields, by its word on the wire; a product's choice (saas-v1-license §A1.4). ``AES256``, ``AES128``."""

    AES256 = "1"
    AES128 = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who bought (saas-v2 §1.5, saas-v1-license §A2.1). What is empty was not asked for by the product, or not released.

    ``customer_id``: of the account, up to 100 characters, always there; ``customer_name``: up to 64. ``user_id`` and ``user_name``:
    of the person in the account who ordered. ``mobile_phone`` and ``email``: in clear here, encrypted on the wire of SaaS 1.0.
    """

    customer_id: str
    customer_name: str = ""
    user_id: str = ""
    user_name: str = ""
    mobile_phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What was bought: sent inline by SaaS 1.0 and License 1.0 (saas-v1-license §A2.1, §B1), asked with the order query elsewhere
    (openapi-jointkit §C.4).

    ``product_id`` differs with the period's length, ``sku_code`` does not; ``product_name``: for people. ``charging_mode``: how it is
    charged. ``period_type``: ``year``, ``month`` or ``day``, empty when there is no period, and ``period_number`` of them.
    ``quantity``: of users, devices or what the product counts. ``disk_size``: in GB; ``band_width``: in Mbit/s. ``trial``: for free.
    ``started_at`` and ``expires_at``: aware UTC, the latter an estimate. ``amount``: price in main units of the currency.
    ``extend_params``: name and value of what the buyer filled in.
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
    """Base of everything that a market asks (saas-v2 §3.0). ``test`` is the wire's testFlag: make nothing, only answer well."""

    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Create(Command):
    """Make an instance (newInstance, saas-v2 §3.1, saas-v1-license §A2.1 and §B3; getLicense, §B1).

    ``order_id`` and ``order_line_id``: up to 64 characters, together the idempotency key: the same two get the same instance. SaaS
    1.0 and License 1.0 know no lines: there ``order_line_id`` is empty. ``business_id``: up to 64 characters, another on every
    attempt. ``buyer`` and ``purchase``: sent by SaaS 1.0 and License 1.0, else None. ``encryption``: used by SaaS 1.0 alone.
    ``test``: as in ``Command``.
    """

    order_id: str
    order_line_id: str
    business_id: str
    buyer: Buyer | None = None
    purchase: Purchase | None = None
    encryption: Encryption = Encryption.AES256


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Command):
    """Tell access data and usage (queryInstance, saas-v2 §3.2). ``instance_ids``: 1 to 100, each answered. ``test``: as in ``Command``."""

    instance_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh(Command):
    """Set the expiry of an instance, or of a license code (refreshInstance, saas-v2 §3.3; refreshLicenseCode, saas-v1-license §B2.2;
    refreshLicense, §B1). Repeats come: set it, never add to it.

    ``instance_id``: of the instance, or the code. ``scene``: why. ``order_id`` and ``order_line_id``: of the renewal.
    ``expires_at``: the new expiry, aware UTC. ``product_id``: the new one when the period's length changed, else empty.
    ``purchase``: what was bought, sent by SaaS 1.0 and License 1.0. ``test``: as in ``Command``.
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
    """Freeze or unfreeze an instance, or a license code (updateInstanceStatus, saas-v2 §3.4; instanceStatus, saas-v1-license §A2.7;
    updateLicenseCodeStatus, §B2.2). Repeats come.

    ``instance_id``: of the instance, or the code. ``status``: what it is to be. ``order_id``: of the purchase, told by none but an
    ``Expire`` that is handled as a freeze. ``test``: as in ``Command``.
    """

    instance_id: str
    status: InstanceStatus
    order_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire(Command):
    """The period of an instance ended: freeze it, keep its data (expireInstance, saas-v1-license §A2.4; expireLicense, §B1).

    Only SaaS 1.0 and License 1.0 have it, for products sold by period; a later ``Refresh`` ends the freeze there. Everywhere else,
    and for pay-per-use and packages, an expiry is a ``SetStatus``. ``instance_id``: which. ``order_id``: of the original purchase.
    ``test``: as in ``Command``.
    """

    instance_id: str
    order_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Command):
    """Delete an instance, or end a license code (releaseInstance, saas-v2 §3.5, saas-v1-license §A2.5; releaseLicense, §B1;
    releaseLicenseCode, §B2.2).

    ``instance_id``: of the instance, or the code. ``order_id`` and ``order_line_id``: of the unsubscription that caused it, else
    empty; in SaaS 1.0 and License 1.0 the order of the original purchase in every case. ``amount``: SaaS 1.0's orderAmount, in main
    units of the currency. ``test``: as in ``Command``.
    """

    instance_id: str
    order_id: str = ""
    order_line_id: str = ""
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade(Command):
    """Move an instance to what a change order says; its expiry stays (upgradeInstance, saas-v2 §3.6; upgrade, saas-v1-license §A2.6).

    ``instance_id``: which. ``order_id`` and ``order_line_id``: of the change, by which the order query tells the target; once for each
    order. ``purchase``: the target, sent by SaaS 1.0. ``test``: as in ``Command``.
    """

    instance_id: str
    order_id: str
    order_line_id: str
    purchase: Purchase | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckChange(Command):
    """Ask before a renewal with change whether the target is acceptable (changeInstanceCheck, saas-v2 §3.7).

    ``instance_id``: which. ``product_id``, ``sku_code``, ``product_name``: the target. ``linear_value``: its quantity, such as a
    number of users; None when it has none. ``test``: as in ``Command``.
    """

    instance_id: str
    product_id: str
    sku_code: str
    product_name: str
    linear_value: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetLicenseAsync(Command):
    """Issue a license to an instance of an online License (getLicenseAsync, saas-v1-license §B3).

    ``instance_id``: which. ``event_id``: up to 64 characters; with the fingerprint it names one application: repeats get the same
    license, and after ``Pending`` the seller delivers it with the upload API under this id (openapi-jointkit §C.7).
    ``effective_at`` and ``expires_at``: from when to when it holds, aware UTC; the end is None for what has none.
    ``device_fingerprint``: of the machine, up to 1,024 characters, empty when none is asked for. ``test``: as in ``Command``.
    """

    instance_id: str
    event_id: str
    effective_at: datetime
    expires_at: datetime | None = None
    device_fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyOrder(Command):
    """Tell the seller that there is an order (orderNotify, saas-v1-license §D1). It may be told twice.

    ``order_id`` and ``order_line_id``: up to 64 characters each; what they hold is learned with the order query (openapi-jointkit
    §C.4). ``test``: as in ``Command``.
    """

    order_id: str
    order_line_id: str


# --- what a seller may say ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AppInfo:
    """What a buyer needs to use an instance (saas-v2 §3.2, saas-v1-license §A2.2), in clear text; a version that encrypts does it in its
    own folder.

    ``front_end_url``: where buyers go, up to 512 characters, required; ``admin_url``: where administrators go, up to 512.
    ``user_name`` and ``password``: of the first account, up to 128 each. ``memo``: notes for the buyer, up to 1,024.
    """

    front_end_url: str = ""
    admin_url: str = ""
    user_name: str = ""
    password: str = field(default="", repr=False)
    memo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageInfo:
    """Usage of an on-demand or package instance (saas-v2 §3.2).

    ``value``: up to 12 digits, 4 of them decimals, in the unit of the product: the total so far on demand, for a package what is used
    of it. ``at``: when it was counted, aware UTC. ``related_instance_id``: for a package, the on-demand instance that it serves.
    ``dashboard_url``: where the buyer sees it, up to 512 characters.
    """

    value: Decimal
    at: datetime
    related_instance_id: str = ""
    dashboard_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceInfo:
    """What a query tells of one instance (saas-v2 §3.2).

    ``instance_id``: which. ``app``: access data; may be None only when the buyer gets it by mail or message. ``usage``: of on-demand
    and package instances, an entry for each billing item.
    """

    instance_id: str
    app: AppInfo | None = None
    usage: tuple[UsageInfo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The seller did it: 000000 (saas-v2 §3.0, §4).

    ``message``: up to 255 characters reach the market. ``instance_id``: of what a ``Create`` made. ``instances``: answers of a
    ``Query``, and of a ``Create`` in versions that tell the access data at once (saas-v1-license §A2.2). ``license``: the text that
    License 1.0's getLicense answers (saas-v1-license §B1).
    """

    message: str = "success"
    instance_id: str = ""
    instances: tuple[InstanceInfo, ...] = ()
    license: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The seller accepted and is working: 000004 (saas-v2 §3.1, saas-v1-license §B3). The market asks again.

    ``message``: up to 255 characters reach the market. ``instance_id``: of what a ``Create`` is making; empty when it is not known.
    """

    message: str = "processing"
    instance_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A well-formed refusal (saas-v2 §4).

    ``code``: the wire's result code, six digits. ``message``: the seller's text, up to 255 characters. ``retryable``: whether asking
    again may help; no wire carries it, so that a market goes by its plan (saas-v2 §3.10).
    """

    code: str
    message: str = ""
    retryable: bool = True


class Fault(StrEnum):
    """Why an exchange did not produce an acceptable answer: one name each, shown to sellers with words and a remedy
    (saas-v2 §7).
    """

    # no answer
    NO_KEY = "no_key"  # the seller has no signing key for this class of interface
    ADDRESS_BLOCKED = "address_blocked"  # the SSRF guard refused the address
    DNS = "dns"
    CONNECT = "connect"  # refused or unreachable
    TLS = "tls"
    TIMEOUT_CONNECT = "timeout_connect"
    TIMEOUT = "timeout"  # sent, but no complete answer in time
    CLOSED = "closed"  # the seller closed the socket before a complete answer
    NOT_HTTP = "not_http"  # bytes came that are not HTTP
    INTERNAL = "internal"  # the market itself failed before anything was sent
    LOST = "lost"  # the worker died while the call was open
    # an answer that cannot be accepted
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
    OTHER_INSTANCE = "other_instance"  # the answer is about an instance that was not asked for
    INSTANCE_TAKEN = "instance_taken"  # newInstance answered an id that belongs to another order


NOTHING_SENT = frozenset(
    {Fault.INTERNAL, Fault.NO_KEY, Fault.ADDRESS_BLOCKED, Fault.DNS, Fault.CONNECT, Fault.TLS, Fault.TIMEOUT_CONNECT}
)
"""After these the seller cannot have acted; after every other fault it may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """No acceptable answer: transport failure, or bytes that break the protocol (saas-v2 §3.0, §7).

    ``fault``: which. ``detail``: what was seen and expected, in English, without secrets. ``claimed_instance_id``: an id found in an
    answer that could not be trusted: good only as a hint for the release of an orphan.
    """

    fault: Fault
    detail: str = ""
    claimed_instance_id: str = ""

    @property
    def seller_may_have_acted(self) -> bool:
        return self.fault not in NOTHING_SENT


type Outcome = Done | Pending | Rejected
type CallResult = Outcome | Unreachable
