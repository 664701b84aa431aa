"""The smallest honest seller: accounts with a password, sold through a market that speaks SaaS 2.0.

Run it by its path, from anywhere: ``python examples/sample_seller/seller.py --key KEY --data DIR``. README.md tells more.
"""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path
from threading import Timer
from typing import override

from accounts import Account, Accounts, Bought
from pages import Pages

from tradepost.kit import (
    AppInfo,
    CheckChange,
    Create,
    Created,
    Instance,
    InstanceStatus,
    Pending,
    Query,
    Refresh,
    Reject,
    Release,
    Seller,
    SetStatus,
    Upgrade,
)
from tradepost.kit.client import MarketClient, MarketError
from tradepost.kit.serve import Server

log = logging.getLogger("sample_seller")

MEMO = "初始密码仅在首次登录前可见。 The first password is shown until the first sign-in."


class SampleSeller(Seller):
    """What a seller writes. Signatures, repeats, test calls and result codes are the kit's business."""

    def __init__(
        self, *, data: Path, key: str, public_url: str, market: MarketClient | None = None, delay: float = 0
    ) -> None:
        super().__init__(store=data / "kit.db", key=key, test_page=f"{public_url}/")
        self.accounts = Accounts(data / "accounts.db")
        self.public_url = public_url
        self._market = market
        self._delay = delay

    @override
    def on_create(self, command: Create) -> Created | Pending:
        self.accounts.make(command.business_id, self._bought(command.order_id, command.order_line_id))
        if self._delay:
            self._finish_later(command.business_id)
            return Pending()
        return Created()

    @override
    def on_query(self, command: Query, instance: Instance) -> AppInfo:
        account = self._account(instance)
        return AppInfo(
            front_end_url=f"{self.public_url}/login/{account.instance_id}",
            user_name=account.user_name,
            password=account.first_password,
            memo=MEMO,
        )

    @override
    def on_refresh(self, command: Refresh, instance: Instance) -> None:
        self.accounts.set_expiry(instance.instance_id, command.expires_at)

    @override
    def on_status(self, command: SetStatus, instance: Instance) -> None:
        self.accounts.set_frozen(instance.instance_id, frozen=command.status is InstanceStatus.FREEZE)

    @override
    def on_release(self, command: Release, instance: Instance) -> None:
        self.accounts.delete(instance.instance_id)

    @override
    def on_upgrade(self, command: Upgrade, instance: Instance) -> None:
        bought = self._bought(command.order_id, command.order_line_id)
        if not bought.plan:
            # Without the order nobody knows to what: the market tries again, for three hours.
            raise Reject("000005", "the change order cannot be read")
        self.accounts.set_plan(instance.instance_id, bought)

    @override
    def on_check_change(self, command: CheckChange, instance: Instance) -> bool:
        # A workspace holds nothing yet that a smaller plan could not hold.
        return command.linear_value is None or command.linear_value > 0

    def resume(self) -> None:
        """After a restart: finish what was being provisioned when the process ended."""
        for instance in self.store.pending():
            self._finish_later(instance.instance_id)

    def _finish_later(self, instance_id: str) -> None:
        timer = Timer(self._delay, self.finish, [instance_id])
        timer.daemon = True
        timer.start()

    def _account(self, instance: Instance) -> Account:
        account = self.accounts.get(instance.instance_id)
        if account is None:
            raise LookupError(f"the account of {instance.instance_id} is missing")
        return account

    def _bought(self, order_id: str, order_line_id: str) -> Bought:
        """Unknown when the market cannot be asked: a buyer who paid still gets the account."""
        if self._market is None:
            return Bought()
        try:
            order = self._market.order(order_id, order_line_id)
        except MarketError as error:
            log.warning("the order %s stays unknown: %s", order_id, error)
            return Bought()
        for line in order.lines:
            if line.order_line_id == order_line_id and line.products:
                product = line.products[0]
                return Bought(product.product_name, product.linear_value, line.expires_at)
        return Bought()


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A sample seller that a Tradepost market can sell.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000, help="0 takes a free one")
    parser.add_argument("--key", default=os.environ.get("SELLER_KEY", ""), help="signing key; also SELLER_KEY")
    parser.add_argument("--data", type=Path, required=True, help="folder of the two databases; made when missing")
    parser.add_argument("--public-url", default="", help="address that buyers see; default http://HOST:PORT")
    parser.add_argument("--delay", type=float, default=0, help="seconds that provisioning takes (asynchronous)")
    parser.add_argument("--market", default="", help="address of the market, to ask what was bought")
    parser.add_argument("--ak", default=os.environ.get("SELLER_AK", ""), help="access key; also SELLER_AK")
    parser.add_argument("--sk", default=os.environ.get("SELLER_SK", ""), help="secret key; also SELLER_SK")
    parsed = parser.parse_args(arguments)
    if not parsed.key:
        parser.error("--key or SELLER_KEY is missing: the market's seller center shows it")
    if parsed.market and not (parsed.ak and parsed.sk):
        parser.error("--market needs --ak and --sk")
    return parsed


def main(arguments: list[str] | None = None) -> None:
    parsed = parse(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    parsed.data.mkdir(parents=True, exist_ok=True)
    # One short try: the market waits five seconds for the answer to a create.
    market = MarketClient(parsed.market, parsed.ak, parsed.sk, timeout=2, tries=1) if parsed.market else None
    pages = Pages()
    server = Server(pages, parsed.host, parsed.port)
    public_url = (parsed.public_url or server.url).rstrip("/")
    seller = SampleSeller(data=parsed.data, key=parsed.key, public_url=public_url, market=market, delay=parsed.delay)
    pages.open(seller, seller.accounts, secure=public_url.startswith("https:"))
    seller.resume()
    print(f"Sample seller: {server.url}  (production interface: {server.url}/produce)", flush=True)
    server.run()


if __name__ == "__main__":
    main()
