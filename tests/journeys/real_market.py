"""A market in production mode as its operator runs it: ``tradepost up`` on PostgreSQL, behind nginx with a private
authority.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

from tests import postgres, waiting
from tests.cli.command_line import MAIN
from tests.factories.tls_sites import authority
from tests.journeys.corporate_network import MARKET_HOST, NETWORK, market_front, nginx, wait, with_own_hosts_file
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
START_TIMEOUT = 300.0
"""Seconds, for a busy machine: three hundred migrations, then the pages."""


@dataclass(slots=True)
class RealMarket:
    """``ahead``: how far its clock is ahead of real time. ``up``: the process of the market while it runs."""

    url: str
    environment: dict[str, str]
    folder: Path
    mails: mail_server.Server
    ahead: timedelta = timedelta()
    up: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start ``tradepost up`` and wait until it is ready."""
        with (self.folder / "up.log").open("ab") as log:
            self.up = subprocess.Popen(
                self._command("up"),
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait(self._is_ready, "the market is ready", START_TIMEOUT)

    def stop(self) -> None:
        if self.up is not None:
            self.up.terminate()
            self.up.wait(60)

    def _command(self, *arguments: str) -> list[str]:
        return with_own_hosts_file(self.folder, [*ahead_by(self.ahead), *MAIN, *arguments])

    def _is_ready(self) -> bool:
        assert self.up is not None
        assert self.up.poll() is None, (self.folder / "up.log").read_text()[-3000:]
        try:
            self.visitor().read("/readyz")
        except (OSError, AssertionError):
            return False
        return True

    def tradepost(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*arguments), env=self.environment, cwd=self.folder, input=stdin,
            capture_output=True, text=True, timeout=START_TIMEOUT, check=False,
        )  # fmt: skip

    def visitor(self, language: str = "en") -> Visitor:
        return Visitor(self.url, authority().trust, language)

    def mail_to(self, address: str, having: str = "") -> EmailMessage:
        """Return the newest mail to this address with these words in its text, once there is one."""
        found = wait(
            lambda: [mail for mail in self.mails.received if address in str(mail["To"]) and having in text_of(mail)],
            f"a mail to {address} with {having!r}",
        )
        return found[-1]

    def link_in_mail(self, address: str, path: str) -> str:
        """Return the link to ``path`` in the newest mail to this address that has one."""
        text = text_of(self.mail_to(address, path))
        link = re.search(rf"\S+{path}\S*", text)
        assert link, text
        assert link[0].startswith(self.url), link[0]
        return link[0].removeprefix(self.url)


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def ahead_by(distance: timedelta) -> list[str]:
    """Return the start of a command that shifts its clock by this much (Debian's ``faketime`` library). Waits take as
    long as ever. The program ``faketime`` is not used, because signals would end it instead of the command."""
    if not distance:
        return []
    asked = subprocess.run(
        ["faketime", "-m", "-f", "+0s", "printenv", "LD_PRELOAD"],
        capture_output=True,
        text=True,
        check=True,
        timeout=waiting.PROGRAM_TIMEOUT,
    )
    # Keep the times of files, or Python compiles every module again. With that fix, threads wait for each other in a busy loop.
    settings = {
        "LD_PRELOAD": asked.stdout.strip(), "FAKETIME": f"+{distance.total_seconds():.0f}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0", "NO_FAKE_STAT": "1",
    }  # fmt: skip
    return ["env", *(f"{name}={value}" for name, value in settings.items())]


@contextmanager
def open_market(folder: Path, *, sslyze: str = "", database: str = "") -> Iterator[RealMarket]:
    """Start everything but the people: database, mail server, proxy, and the market by ``tradepost up``. ``database``:
    an existing one, else one on the server of this run."""
    folder.mkdir(parents=True)
    port, inner = free_port(), free_port()
    with mail_server.running() as mails, nginx(folder, market_front(port, inner)):
        url = f"https://{MARKET_HOST}:{port}"
        own = {"DATABASE_URL": database or postgres.new_database("real_market"), "TRADEPOST_SSLYZE": sslyze}
        market = RealMarket(url, _environment(folder, url, inner, mails.port) | own, folder, mails)
        try:
            market.start()
            yield market
        finally:
            market.stop()


def _environment(folder: Path, url: str, port: int, mail_port: int) -> dict[str, str]:
    """Return the environment that the operators' guide sets, without the sandbox."""
    authorities = folder / "authorities.pem"
    authorities.write_text(authority().pem)
    own = {"PORT", "DATABASE_URL"}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRADEPOST_", "DJANGO_")) and k not in own}
    return kept | {
        "TRADEPOST_DATA": str(folder / "data"), "TRADEPOST_PUBLIC_URL": url,
        "PORT": str(port), "TRADEPOST_MAIL_URL": f"smtp://127.0.0.1:{mail_port}", "TRADEPOST_NETWORKS": NETWORK,
        "TRADEPOST_CA_FILE": str(authorities), "TRADEPOST_BANK_ACCOUNTS": json.dumps(BANK),
        "TRADEPOST_SUPPORT_EMAIL": "support@market.corp.internal", "TRADEPOST_MAIL_FROM": "noreply@market.corp.internal", "TRADEPOST_LOG_LEVEL": "WARNING", "LC_ALL": "C.UTF-8",
    }  # fmt: skip
