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
    PERIOD = "PERIOD"
    ONE_TIME = "ONE_TIME"
    ON_DEMAND = "ON_DEMAND"
    ON_DEMAND_PKG = "ON_DEMAND_PKG"


class Scene(StrEnum):
    """Why an instance's expiry changes (saas-v2 §3.3)."""

    TRIAL_TO_FORMAL = "TRIAL_TO_FORMAL"
    RENEWAL = "RENEWAL"
    UNSUBSCRIBE_RENEWAL_PERIOD = "UNSUBSCRIBE_RENEWAL_PERIOD"
    RENEWAL_CHANGE = "RENEWAL_CHANGE"


class InstanceStatus(StrEnum):
    """Target status of SetStatus. SaaS 1.0 spells UNFREEZE as NORMAL on the wire; its folder translates."""

    FREEZE = "FREEZE"
    UNFREEZE = "UNFREEZE"


class Encryption(StrEnum):
    """AES-CBC of SaaS 1.0's private fields, by its word on the wire; a product's choice (saas-v1-license A1.4)."""

    AES256 = "1"
    AES128 = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who bought. Privacy fields are filled only when the product asked for them (saas-v2 §1.5)."""

    customer_id: str
    customer_name: str = ""
    user_id: str = ""
    user_name: str = ""
    mobile_phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What was bought: sent inline by SaaS 1.0 and License 1.0, fetched with the order query in newer versions."""

    product_id: str
    sku_code: str = ""
    product_name: str = ""
    charging_mode: ChargingMode = ChargingMode.PERIOD
    period_type: str = ""
    """``year``, ``month`` or ``day``; empty when there is no period."""
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
    """Base of everything that a market asks. ``test`` is the wire's testFlag: create nothing, only answer well."""

    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Create(Command):
    """Make an instance. ``business_id`` differs on every attempt; (order_id, order_line_id) is the idempotency key.

    SaaS 1.0 and License 1.0 send ``buyer`` and ``purchase`` inline and know no order lines: sellers open them with an
    empty ``order_line_id``. ``encryption`` is used by SaaS 1.0 alone.
    """

    order_id: str
    order_line_id: str
    business_id: str
    buyer: Buyer | None = None
    purchase: Purchase | None = None
    encryption: Encryption = Encryption.AES256


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Command):
    instance_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh(Command):
    """Set the absolute expiry of an instance (or of a license code, when ``instance_id`` holds the code)."""

    instance_id: str
    scene: Scene
    order_id: str
    order_line_id: str
    expires_at: datetime
    product_id: str = ""
    purchase: Purchase | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStatus(Command):
    instance_id: str
    status: InstanceStatus
    order_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire(Command):
    """The period of an instance ended: freeze it, keep its data. ``order_id`` is that of the original purchase.

    Only versions with an activity for it have it (SaaS 1.0, License 1.0), for products sold by period; a later Refresh
    ends the freeze there. Everywhere else, and for pay-per-use and packages, an expiry is a ``SetStatus``.
    """

    instance_id: str
    order_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Command):
    """Delete an instance. The order is the one whose unsubscription caused the release, empty otherwise.

    SaaS 1.0 and License 1.0 want the order of the original purchase in every case; ``amount`` is SaaS 1.0's orderAmount.
    """

    instance_id: str
    order_id: str = ""
    order_line_id: str = ""
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade(Command):
    instance_id: str
    order_id: str
    order_line_id: str
    purchase: Purchase | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckChange(Command):
    """Ask before a renewal with change whether the target is acceptable (saas-v2 §3.7)."""

    instance_id: str
    product_id: str
    sku_code: str
    product_name: str
    linear_value: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetLicenseAsync(Command):
    """Issue a license to an instance of an online License (saas-v1-license §B3).

    ``event_id`` (with the fingerprint) names one application: repeats get the same license. After ``Pending`` the
    seller delivers it with the upload API under this id.
    """

    instance_id: str
    event_id: str
    effective_at: datetime
    expires_at: datetime | None = None
    device_fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyOrder(Command):
    """Tell the seller that there is an order; what it holds is learned with the order query (saas-v1-license §D)."""

    order_id: str
    order_line_id: str


# --- what a seller may say ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AppInfo:
    """What a buyer needs to use an instance, in clear text; a version that encrypts does it in its own folder."""

    front_end_url: str = ""
    admin_url: str = ""
    user_name: str = ""
    password: str = field(default="", repr=False)
    memo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageInfo:
    """Usage of an on-demand or package instance (saas-v2 §3.2)."""

    value: Decimal
    at: datetime
    related_instance_id: str = ""
    dashboard_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceInfo:
    instance_id: str
    app: AppInfo | None = None
    usage: tuple[UsageInfo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The seller did it (000000)."""

    message: str = "success"
    instance_id: str = ""
    """Set for Create."""
    instances: tuple[InstanceInfo, ...] = ()
    """Set for Query, and for Create in versions that answer the access data at once."""
    license: str = field(default="", repr=False)
    """Set by License 1.0's getLicense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The seller accepted and is working (000004)."""

    message: str = "processing"
    instance_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A well-formed refusal: ``code`` is the wire's result code, ``message`` the seller's text."""

    code: str
    message: str = ""
    retryable: bool = True


class Fault(StrEnum):
    """Why an exchange did not produce an acceptable answer: one name each, shown to sellers with words and a remedy."""

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
    """No acceptable answer: transport failure, or bytes that break the protocol.

    ``detail`` says what was seen and expected, in English, without secrets. ``claimed_instance_id`` is an id found in
    an answer that could not be trusted: good only as a hint for the release of an orphan.
    """

    fault: Fault
    detail: str = ""
    claimed_instance_id: str = ""

    @property
    def seller_may_have_acted(self) -> bool:
        return self.fault not in NOTHING_SENT


type Outcome = Done | Pending | Rejected
type CallResult = Outcome | Unreachable
