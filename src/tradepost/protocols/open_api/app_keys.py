"""Verify an app key that a seller's gateway received from a buyer's program.

Only this market has this API: KooGallery's shared gateway verifies keys without a call (business-rules §2.5). Signed
with AK/SK. The answer contains whether the call is permitted, and the instance that its usage belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_fields import Field
from tradepost.protocols.wire_time import dump_seconds

from .bodies import (
    ApiRefused,
    BadBody,
    Members,
    check_members,
    moment,
    parse_body,
    post,
    success,
    text,
    validated,
    without_empty,
)
from .errors import ApiError

VERIFY = "/api/mkp-openapi-public/global/v1/app-key/verify"
SUCCESS = "MKT.0000"
VALID = "VALID"
CACHE_SECONDS = 60
"""How long a gateway may cache an answer. A freeze or a revocation takes effect within this time."""

ERRORS: Mapping[str, ApiError] = {
    error.code: error
    for error in (
        ApiError(400, "MKT.0101", "Invalid parameter."),
        ApiError(415, "MKT.0102", "The Content-Type must be application/json."),
        ApiError(500, "MKT.0999", "System internal error."),
    )
}
BODY = (Field("app_key", 64), Field("app_secret", 128))


@dataclass(frozen=True, slots=True, kw_only=True)
class AppKeyCheck:
    """``verdict``: VALID, UNKNOWN, REVOKED, FROZEN or ENDED. A newer market may return others; treat them as invalid.

    ``instance_id``: the instance to report usage for. The remaining fields are empty with UNKNOWN.
    """

    verdict: str
    instance_id: str = ""
    product_id: str = ""
    sku_code: str = ""
    order_id: str = ""
    api_group: str = ""
    expires_at: datetime | None = None

    @property
    def valid(self) -> bool:
        return self.verdict == VALID


def verify_request(app_key: str, app_secret: str, *, market: str) -> Request:
    """Return the call, to be signed with AK/SK. Raises ``ValueError``."""
    return post(f"{market.rstrip('/')}{VERIFY}", validated(BODY, {"app_key": app_key, "app_secret": app_secret}))


def load_verified(members: Members) -> AppKeyCheck:
    """Return the data of a successful call. Raises ``BadBody``."""
    data = members.get("data")
    if not isinstance(data, Mapping) or not text(cast("Members", data), "verdict"):
        raise BadBody("data is missing or has no verdict")
    check = cast("Members", data)
    return AppKeyCheck(
        verdict=text(check, "verdict"),
        instance_id=text(check, "instance_id"),
        product_id=text(check, "product_id"),
        sku_code=text(check, "sku_code"),
        order_id=text(check, "order_id"),
        api_group=text(check, "api_group"),
        expires_at=moment(check, "expire_time"),
    )


def load_verify(body: bytes) -> tuple[str, str]:
    """Return key and secret of a verified call. Raises ``ApiRefused``."""
    try:
        members = parse_body(body)
        check_members(BODY, members)
    except BadBody as error:
        raise ApiRefused(ERRORS["MKT.0101"], str(error)) from None
    key, secret = text(members, "app_key"), text(members, "app_secret")
    if not all(value.isascii() and value.isprintable() for value in (key, secret)):
        raise ApiRefused(ERRORS["MKT.0101"], "keys and secrets have printable ASCII characters only")
    return key, secret


def verified_response(checked: AppKeyCheck) -> Response:
    """Return the answer."""
    data = without_empty(
        verdict=checked.verdict,
        instance_id=checked.instance_id,
        product_id=checked.product_id,
        sku_code=checked.sku_code,
        order_id=checked.order_id,
        api_group=checked.api_group,
        expire_time=checked.expires_at and dump_seconds(checked.expires_at),
        cache_seconds=CACHE_SECONDS,
    )
    return success(SUCCESS, "success", {"data": data})
