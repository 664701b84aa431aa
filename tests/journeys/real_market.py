"""A market in production mode as its operator runs it: ``tradepost up`` on PostgreSQL behind nginx with a private authority."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from tests import postgres
from tests.cli.command_line import MAIN
from tests.factories.tls_sites import authority
from tests.journeys.corporate_network import MARKET_HOST, NETWORK, in_its_own_hosts, market_front, nginx, wait
from tests.journeys.visitor import Visitor
from tests.market.notifications import mail_server
from tradepost.cli.serve import free_port

BANK = [
    {
        "currency": "CNY",
        "holder": "商埠科技有限公司",
        "bank": "中国工商银行",
        "branch": "深圳分行",
        "number": "6200000000000017",
    }
]
STARTS_WITHIN = 300.0
"""Seconds, for a busy machine: three hundred migrations, then the pages."""


@dataclass(frozen=True, slots=True)
class RealMarket:
    url: str
    environment: dict[str, str]
    folder: Path
    mails: mail_server.Server

    def tradepost(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            in_its_own_hosts(self.folder, [*MAIN, *arguments]), env=self.environment, cwd=self.folder, input=stdin,
            capture_output=True, text=True, timeout=STARTS_WITHIN, check=False,
        )  # fmt: skip

    def visitor(self, language: str = "en") -> Visitor:
        return Visitor(self.url, authority().trust, language)

    def mail_to(self, address: str) -> EmailMessage:
        """The newest mail to somebody, once there is one."""
        found = wait(
            lambda: [mail for mail in self.mails.received if address in str(mail["To"])], f"a mail to {address}"
        )
        return found[-1]

    def link_in_mail(self, address: str, path: str) -> str:
        """The link to ``path`` in the newest mail to somebody."""
        body = self.mail_to(address).get_body(("plain",))
        assert body is not None
        link = re.search(rf"\S+{path}\S*", body.get_content())
        assert link, body.get_content()
        assert link[0].startswith(self.url), link[0]
        return link[0].removeprefix(self.url)


@contextmanager
def open_market(folder: Path, *, sslyze: str = "") -> Iterator[RealMarket]:
    """Everything but the people: database, mail server, proxy, and the market started by ``tradepost up``."""
    folder.mkdir(parents=True)
    port, inner = free_port(), free_port()
    with mail_server.running() as mails, nginx(folder, market_front(port, inner)):
        url = f"https://{MARKET_HOST}:{port}"
        market = RealMarket(url, _environment(folder, url, inner, mails.port, sslyze), folder, mails)
        with (folder / "up.log").open("wb") as log:
            up = subprocess.Popen(
                in_its_own_hosts(folder, [*MAIN, "up"]), env=market.environment, cwd=folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
            )  # fmt: skip
        try:
            wait(lambda: _ready(market, up), "the market is ready", STARTS_WITHIN)
            yield market
        finally:
            up.terminate()
            up.wait(60)


def _environment(folder: Path, url: str, port: int, mail_port: int, sslyze: str) -> dict[str, str]:
    """As the operator's guide sets it; nothing of the sandbox."""
    authorities = folder / "authorities.pem"
    authorities.write_text(authority().pem)
    own = {"PORT", "DATABASE_URL"}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRADEPOST_", "DJANGO_")) and k not in own}
    return kept | {
        "DATABASE_URL": postgres.new_database("real_market"), "TRADEPOST_DATA": str(folder / "data"), "TRADEPOST_PUBLIC_URL": url,
        "PORT": str(port), "TRADEPOST_MAIL_URL": f"smtp://127.0.0.1:{mail_port}", "TRADEPOST_NETWORKS": NETWORK,
        "TRADEPOST_CA_FILE": str(authorities), "TRADEPOST_BANK_ACCOUNTS": json.dumps(BANK), "TRADEPOST_SSLYZE": sslyze,
        "TRADEPOST_SUPPORT_EMAIL": "support@market.corp.internal", "TRADEPOST_LOG_LEVEL": "WARNING", "LC_ALL": "C.UTF-8",
    }  # fmt: skip


def _ready(market: RealMarket, up: subprocess.Popen[bytes]) -> bool:
    assert up.poll() is None, (market.folder / "up.log").read_text()[-3000:]
    try:
        market.visitor().read("/readyz")
    except (OSError, AssertionError):
        return False
    return True
