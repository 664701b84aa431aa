"""Check an app key that a seller's gateway received from a buyer's program.

An API of this market: KooGallery's shared gateway checks keys itself and has no such call (business-rules §2.5). Signed with
AK/SK. The answer says whether the call may pass, and which instance its usage is counted for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_fields import Field
from tradepost.protocols.wire_time import dump_seconds

from .bodies import ApiRefused, BadBody, Members, check, given, kept, moment, post, read, success, text
from .errors import ApiError

VERIFY = "/api/mkp-openapi-public/global/v1/app-key/verify"
SUCCESS = "MKT.0000"
VALID = "VALID"
CACHE_SECONDS = 60
"""How long a gateway may rely on an answer: a freeze or a revocation is effective within this time."""

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
    """``verdict``: VALID, UNKNOWN, REVOKED, FROZEN or ENDED; a newer market may answer others, which let nothing pass.

    ``instance_id``: by which usage is pushed. The rest is empty with UNKNOWN.
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
    """The call, to be signed with AK/SK. Raises ``ValueError``."""
    return post(f"{market.rstrip('/')}{VERIFY}", kept(BODY, {"app_key": app_key, "app_secret": app_secret}))


def load_verified(members: Members) -> AppKeyCheck:
    """The data of a successful call. Raises ``BadBody``."""
    data = members.get("data")
    if not isinstance(data, Mapping) or not text(cast("Members", data), "verdict"):
        raise BadBody("data is missing or has no verdict")
    told = cast("Members", data)
    return AppKeyCheck(
        verdict=text(told, "verdict"),
        instance_id=text(told, "instance_id"),
        product_id=text(told, "product_id"),
        sku_code=text(told, "sku_code"),
        order_id=text(told, "order_id"),
        api_group=text(told, "api_group"),
        expires_at=moment(told, "expire_time"),
    )


def load_verify(body: bytes) -> tuple[str, str]:
    """Key and secret of a verified call. Raises ``ApiRefused``."""
    try:
        members = read(body)
        check(BODY, members)
    except BadBody as error:
        raise ApiRefused(ERRORS["MKT.0101"], str(error)) from None
    key, secret = text(members, "app_key"), text(members, "app_secret")
    if not all(value.isascii() and value.isprintable() for value in (key, secret)):
        raise ApiRefused(ERRORS["MKT.0101"], "keys and secrets have printable ASCII characters only")
    return key, secret


def verified(checked: AppKeyCheck) -> Response:
    """The answer."""
    data = given(
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
