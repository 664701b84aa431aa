"""The seller of each protocol; each protocol has its own register and path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codes import CodeSeller
from licenses import LicenseSeller
from notices import NoticeSeller
from tenants import JointSeller

if TYPE_CHECKING:
    from pathlib import Path

    from tradepost.kit.client import MarketClient

ACCOUNTS = ("saas_v2", "saas_v1")
OTHERS = ("license_v1", "license_online", "license_code", "joint_kit_v1", "joint_kit_v2", "order_notice")

type Other = LicenseSeller | CodeSeller | JointSeller | NoticeSeller


@dataclass(frozen=True, slots=True)
class Shop:
    """Common arguments of the sellers. ``page``: the address shown in answers to test calls."""

    data: Path
    key: str
    page: str
    market: MarketClient | None
    codes: tuple[str, ...]
    private_key: str
    license_files: bool = False

    def other(self, protocol: str) -> Other:
        data, key, page = self.data, self.key, self.page
        match protocol:
            case "license_v1" | "license_online":
                return LicenseSeller(
                    data=data, key=key, protocol=protocol, page=page, market=self.market, as_files=self.license_files
                )
            case "license_code":
                return CodeSeller(data=data, key=key, page=page, codes=self.codes)
            case "joint_kit_v1" | "joint_kit_v2":
                return JointSeller(data=data, key=key, protocol=protocol, page=page, private_key=self.private_key)
            case "order_notice":
                return NoticeSeller(data=data, key=key, page=page, market=self.market)
        raise ValueError(f"no offer speaks {protocol!r}")
