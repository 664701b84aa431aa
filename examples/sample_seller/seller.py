"""A small but complete seller: accounts with a password, sold through a market with SaaS 2.0 or 1.0.

``--protocol`` selects other protocols, which ``offers.py`` maps to sellers.

Run it from any folder: ``python examples/sample_seller/seller.py --key KEY --data DIR``. See README.md.
"""

from __future__ import annotations

import argparse
import hmac
import logging
import os
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread, Timer
from typing import TYPE_CHECKING, override

from accounts import Account, Accounts
from offers import ACCOUNTS, OTHERS, Shop
from orders import purchase_of
from pages import Pages, ignore
from silence import Silenced
from usage import Usage

from tradepost.kit import (
    AppInfo,
    CheckChange,
    Create,
    Created,
    Instance,
    InstanceInfo,
    InstanceStatus,
    Pending,
    Query,
    Refresh,
    Reject,
    Release,
    Scene,
    Seller,
    SetStatus,
    Upgrade,
    UsageInfo,
)
from tradepost.kit.client import MarketClient, utc_now
from tradepost.kit.serve import Server
from tradepost.kit.usage import UsageOutbox

if TYPE_CHECKING:
    from collections.abc import Callable

MEMO = "初始密码仅在首次登录前可见。 The first password is shown until the first sign-in."


class SampleSeller(Seller):
    """The functions of the seller. The kit handles signatures, repeats, test calls and result codes."""

    def __init__(
        self,
        *,
        data: Path,
        key: str,
        public_url: str,
        market: MarketClient | None = None,
        delay: float = 0,
        protocol: str = "saas_v2",
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        store = data / ("kit.db" if protocol == "saas_v2" else f"kit-{protocol}.db")
        super().__init__(store=store, key=key, protocols=(protocol,), test_page=f"{public_url}/")
        self.accounts = Accounts(data / "accounts.db")
        self.public_url = public_url
        self._market = market
        self._delay = delay
        self._now = now
        # SaaS 1.0 expects the access data in the answer to the create, and the same data for every repeat.
        self._at_once = protocol == "saas_v1"

    @override
    def on_create(self, command: Create) -> Created | Pending:
        self.accounts.make(command.business_id, purchase_of(command, self._market))
        if self._delay:
            self._finish_later(command.business_id)
            return Pending()
        return Created(app=self._told_at_once(command.business_id))

    @override
    def on_query(self, command: Query, instance: Instance) -> AppInfo | InstanceInfo:
        app, used = self._access(instance.instance_id), self.accounts.used(instance.instance_id)
        if used is None:
            return app
        usage = UsageInfo(value=Decimal(used.value), at=self._now(), related_instance_id=used.related)
        return InstanceInfo(instance_id=instance.instance_id, app=app, usage=(usage,))

    @override
    def on_refresh(self, command: Refresh, instance: Instance) -> None:
        if command.scene in {Scene.TRIAL_TO_FORMAL, Scene.RENEWAL_CHANGE}:
            bought = purchase_of(command, self._market)
            if bought.plan:
                self.accounts.set_plan(instance.instance_id, bought)
            elif self._market is not None and command.purchase is None:
                # The market is currently unreachable and will retry. Without a market to query, the plan does not
                # change.
                raise Reject("000005", "the order cannot be read")
        self.accounts.set_expiry(instance.instance_id, command.expires_at)

    @override
    def on_status(self, command: SetStatus, instance: Instance) -> None:
        self.accounts.set_frozen(instance.instance_id, frozen=command.status is InstanceStatus.FREEZE)

    @override
    def on_release(self, command: Release, instance: Instance) -> None:
        self.accounts.delete(instance.instance_id)

    @override
    def on_upgrade(self, command: Upgrade, instance: Instance) -> None:
        bought = purchase_of(command, self._market)
        if not bought.plan:
            # Without the order the target is unknown; the market retries for three hours.
            raise Reject("000005", "the change order cannot be read")
        self.accounts.set_plan(instance.instance_id, bought)

    @override
    def on_check_change(self, command: CheckChange, instance: Instance) -> bool:
        # A workspace contains nothing that exceeds a smaller plan.
        return command.linear_value is None or command.linear_value > 0

    def resume(self) -> None:
        """Finish provisioning that was in progress when the process ended."""
        for instance in self.store.pending():
            self._finish_later(instance.instance_id)

    def _finish_later(self, instance_id: str) -> None:
        timer = Timer(self._delay, self.finish, [instance_id, self._told_at_once(instance_id)])
        timer.daemon = True
        timer.start()

    def _access(self, instance_id: str) -> AppInfo:
        account = self._account(instance_id)
        return AppInfo(
            front_end_url=f"{self.public_url}/login/{account.instance_id}",
            user_name=account.user_name,
            password=account.first_password,
            memo=MEMO,
        )

    def _told_at_once(self, instance_id: str) -> AppInfo | None:
        return self._access(instance_id) if self._at_once else None

    def _account(self, instance_id: str) -> Account:
        account = self.accounts.get(instance_id)
        if account is None:
            raise LookupError(f"the account of {instance_id} is missing")
        return account


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A sample seller that a Tradepost market can sell.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000, help="0 takes a free one")
    parser.add_argument("--key", default=os.environ.get("SELLER_KEY", ""), help="signing key; also SELLER_KEY")
    parser.add_argument(
        "--protocol",
        action="append",
        type=_names,
        help="what to speak, default saas_v2; repeat it or give several with commas: " + ", ".join(ACCOUNTS + OTHERS),
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the databases; made when missing")
    parser.add_argument("--public-url", default="", help="address that buyers see; default http://HOST:PORT")
    parser.add_argument("--delay", type=float, default=0, help="seconds that provisioning takes (asynchronous)")
    parser.add_argument("--market", default="", help="address of the market, to ask what was bought")
    parser.add_argument("--ak", default=os.environ.get("SELLER_AK", ""), help="access key; also SELLER_AK")
    parser.add_argument("--sk", default=os.environ.get("SELLER_SK", ""), help="secret key; also SELLER_SK")
    parser.add_argument(
        "--report-every", type=float, default=60, help="seconds between two reports of usage; with --market"
    )
    parser.add_argument(
        "--pretend",
        type=int,
        default=0,
        metavar="N",
        help="as if each workspace on demand had N sign-ins an hour: for a demo",
    )
    parser.add_argument("--code", action="append", default=[], help="an authorization code to know; repeat it")
    parser.add_argument(
        "--license-files",
        action="store_true",
        help="bring licenses to the market as files, not as texts; with --market",
    )
    parser.add_argument("--silent-while", type=Path, metavar="FILE", help="answer nobody while this file exists")
    parser.add_argument("--private-key", type=Path, help="PEM of the joint-operation credential's RSA key")
    parsed = parser.parse_args(arguments)
    named = (name for names in parsed.protocol or [("saas_v2",)] for name in names)
    parsed.protocol = list(dict.fromkeys(named))
    if not parsed.key:
        parser.error("--key or SELLER_KEY is missing: the market's seller center shows it")
    if parsed.market and not (parsed.ak and parsed.sk):
        parser.error("--market needs --ak and --sk")
    return parsed


def _names(text: str) -> tuple[str, ...]:
    names = tuple(filter(None, (name.strip() for name in text.split(","))))
    unknown = [name for name in names if name not in ACCOUNTS + OTHERS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"no protocol {text!r}; there are: {', '.join(ACCOUNTS + OTHERS)}")
    return names


def main(arguments: list[str] | None = None) -> None:
    parsed = parse(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    parsed.data.mkdir(parents=True, exist_ok=True)
    # A single short attempt: the market waits five seconds for the answer to a create.
    market = (
        MarketClient(parsed.market, parsed.ak, parsed.sk, timeout=2, tries=1, base_key=parsed.key)
        if parsed.market
        else None
    )
    pages = Pages()
    server = Server(Silenced(pages, parsed.silent_while) if parsed.silent_while else pages, parsed.host, parsed.port)
    public_url = (parsed.public_url or server.url).rstrip("/")
    private_key = parsed.private_key.read_text("ascii") if parsed.private_key else ""
    shop = Shop(
        parsed.data, parsed.key, f"{public_url}/", market, tuple(parsed.code), private_key, parsed.license_files
    )
    accounts = Accounts(parsed.data / "accounts.db")
    usage = _report_usage(parsed, accounts, market) if market else None
    pages.open(None, accounts, secure=public_url.startswith("https:"), signed_in=usage.signed_in if usage else ignore)
    offices = []
    for protocol in parsed.protocol:
        if protocol in ACCOUNTS:
            sample = SampleSeller(
                data=parsed.data,
                key=parsed.key,
                public_url=public_url,
                market=market,
                delay=parsed.delay,
                protocol=protocol,
                now=usage.now if usage else utc_now,
            )
            sample.resume()
            pages.mount(protocol, sample)
        else:
            other = shop.other(protocol)
            pages.mount(protocol, other)
            offices.append(other)
    print(f"Sample seller: {server.url}  (production interface: {server.url}/produce)", flush=True)
    if offices:
        # Only holders of the key may open it, since tenants and licenses are private.
        path = "/office/" + hmac.digest(parsed.key.encode(), b"office", "sha256").hex()[:32]
        pages.open_office(path, offices)
        print(f"What was sold, for your eyes only: {server.url}{path}", flush=True)
    server.run()


def _report_usage(parsed: argparse.Namespace, accounts: Accounts, market: MarketClient) -> Usage:
    """In a separate thread while the process lives; unfinished reports are in the outbox."""
    market = replace(market, timeout=20, tries=3)  # no request waits for it
    outbox = UsageOutbox(parsed.data / "usage-outbox.db", market.push_usage)
    usage = Usage(parsed.data, accounts, market, outbox, parsed.pretend)
    every = timedelta(seconds=parsed.report_every)
    Thread(target=usage.run, args=(Event(),), kwargs={"every": every}, name="usage", daemon=True).start()
    return usage


if __name__ == "__main__":
    main()
