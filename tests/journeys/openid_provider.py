"""The OpenID provider of a company: ``oidc-provider`` from npm as a process in the company's network, over HTTPS."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.factories.tls_sites import authority
from tests.interop.sellers.starting import node
from tests.journeys.browsing import Forms
from tests.journeys.corporate_network import COMPANY_SIDE, PROVIDER_HOST, end, nginx, wait
from tests.journeys.real_market import ahead_by
from tests.journeys.visitor import Visitor

SCRIPT = Path(__file__).with_name("openid_provider.mjs")
CLIENT, SECRET = "market", "a secret of the provider for its market"


@dataclass(frozen=True, slots=True)
class Provider:
    """``people``: the file of the employees. ``issuer``: its address."""

    issuer: str
    people: Path

    def set_employees(self, **people: Mapping[str, Any]) -> None:
        """Set the employees, each name with its claims. Names that are missing have left."""
        self.people.write_text(json.dumps(people))

    def sign_in(self, browser: Visitor, name: str) -> str:
        """Follow the market's redirect to the provider, sign in, and return the address to which the provider
        redirects."""
        there = Visitor(self.issuer, authority().trust)
        there.read(browser.left)
        while not there.left:
            form = next(iter(Forms(there.text, at=there.at).found.values()))
            typed = {"login": name, "password": "a password"} if "login" in form.values else {}
            there.send(form.action, typed)
        return browser.read(there.left)


@contextmanager
def openid_provider(
    folder: Path, inside: Sequence[str], *, issuer: str, redirect: str, ahead: timedelta = timedelta()
) -> Iterator[Provider]:
    """Run the provider in the namespace, where the market calls it. People reach it through a proxy on this machine.
    ``ahead``: its clock, like the market's, runs so far ahead."""
    folder.mkdir(parents=True)
    provider = Provider(issuer, folder / "people.json")
    provider.set_employees()
    certificate, log = authority().issue(PROVIDER_HOST), folder / "provider.log"
    client = {
        "client_id": CLIENT, "client_secret": SECRET, "redirect_uris": [redirect],
        "grant_types": ["authorization_code", "refresh_token"],
    }  # fmt: skip
    given = {
        "issuer": issuer, "host": COMPANY_SIDE, "certificate": str(certificate), "client": client, "people": str(provider.people),
    }  # fmt: skip
    program, *_script = node().seller
    with log.open("wb") as printed:
        process = subprocess.Popen(
            [*inside, *ahead_by(ahead), program, str(SCRIPT), json.dumps(given)],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
        )
    try:
        wait(lambda: "ready" in log.read_text() or process.poll() is not None, "the provider starts")
        assert process.poll() is None, log.read_text()
        with nginx(folder, _front(issuer, certificate)):
            yield provider
    finally:
        end(process)


def _front(issuer: str, certificate: Path) -> str:
    port = re.findall(r"\d+$", issuer)[0]
    return f"""
        access_log off;
        server {{
            listen 127.0.0.1:{port} ssl;
            server_name {PROVIDER_HOST};
            ssl_certificate {certificate}; ssl_certificate_key {certificate};
            location / {{ proxy_pass https://{COMPANY_SIDE}:{port}; proxy_set_header Host $http_host; }}
        }}
    """
