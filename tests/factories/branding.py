"""A market with its own name, and the names that its pages must not show."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

from tests.factories.people import NOW
from tests.factories.pictures import picture_file
from tradepost.market.assets.models import Picture
from tradepost.market.assets.picture_rules import Limits
from tradepost.market.assets.pictures import store_picture
from tradepost.market.base.config import config
from tradepost.market.base.files import Files
from tradepost.market.branding import change, face
from tradepost.market.branding.face import Values
from tradepost.market.identity.models import User

OWN_BRANDING = Values(
    name="云集市", name_en="Cloud Bazaar", colour="#7a1f5c", footer="云上好软件", footer_en="Good software",
    company="云集市网络有限公司", company_en="Cloud Bazaar Networks Ltd", address="深圳市南山区一号", address_en="1 Nanshan Road, Shenzhen",
    icp="粤ICP备12345678号-1", hours="周一至周五 9:00–18:00", hours_en="Monday to Friday, 9:00–18:00",
    support_email="help@bazaar.example", support_phone="+86 755 1234 5678", powered_by=False,
)  # fmt: skip
OLD_NAME = re.compile(r"商埠|tradepost", re.IGNORECASE)
ALLOWED_NAMES = re.compile(
    r"(?<![a-z])tradepost (?:check|operator|sign|worker)(?![a-z])|tradepost(?:\.|%2E)kit\b|\btradepost-domain\b|_tradepost\b|TRADEPOST_[A-Z_]+"
)
"""Commands, packages, settings and records that people type or copy (decision 0105)."""


def old_names(text: str) -> list[str]:
    """Return each occurrence of the software's name with the text around it."""
    plain = ALLOWED_NAMES.sub("", text)
    return [plain[max(found.start() - 60, 0) : found.end() + 40] for found in OLD_NAME.finditer(plain)]


def rename_market(by: User, values: Values = OWN_BRANDING, *, pictures: bool = False) -> None:
    change.save(values, version=face.read().version, by=by, now=NOW)
    if pictures:
        for use, purpose in change.PICTURE_PURPOSES.items():
            change.set_picture(use, market_picture(purpose).sha256, version=face.read().version, by=by, now=NOW)


def market_picture(purpose: Picture.Purpose, **options: Any) -> Picture:
    """Return a picture of the market that nothing refers to yet."""
    given: dict[str, Any] = {"width": 400, "height": 120, "colour": (122, 31, 92)} | options
    content = picture_file(**given)
    return store_picture(
        BytesIO(content), name="logo.png", seller=None, purpose=purpose, by=None, files=Files(config().files),
        limits=Limits(), a_day=0, now=NOW,
    )  # fmt: skip
