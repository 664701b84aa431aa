"""Guess passwords, names and codes from hundreds of networks, and check that others can still sign in.

``python -m tests.chaos.guessing [SECONDS]`` prints figures of an idle and of an attacked market as JSON. The server
trusts a proxy on loopback, so each request has its own client address in ``X-Forwarded-For``.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests import waiting
from tests.architecture.source import ROOT
from tests.chaos.guessed import MEMBER
from tests.chaos.people import PASSWORD, email
from tests.chaos.served import LOGIN, Server, served
from tests.cli.running import WITHIN

HOME, OFFICE, ABROAD, SOMEWHERE = "198.51.100.1", "198.51.100.2", "192.0.2.1", "192.0.2.2"
FORM = re.compile(r'csrfmiddlewaretoken" value="(\w+)"')


@dataclass
class Browser:
    """A visitor behind the proxy, with cookies."""

    server: Server
    address: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Return status, page and redirect."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=WITHIN)
        headers = {
            "X-Forwarded-For": self.address, "Accept-Language": "en",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        connection.request(method, path, urlencode(fields) if fields else None, headers)
        answer = connection.getresponse()
        page = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        connection.close()
        return answer.status, page, urlsplit(answer.headers.get("Location") or "").path

    def send(self, path: str, **fields: str) -> tuple[int, str, str]:
        """Fill in and send the form at ``path``."""
        status, page, leads = self.ask("GET", path)
        found = FORM.search(page)
        if found is None:
            return status, page, leads
        return self.ask("POST", path, {"csrfmiddlewaretoken": found[1], **fields})


def main(seconds: float) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="tradepost-guesses-", ignore_cleanup_errors=True) as name,
        served(Path(name), trusted_proxies="127.0.0.0/8") as server,
    ):
        made = _prepared(server)
        known = Browser(server, HOME), Browser(server, OFFICE), Browser(server, HOME)
        idle = _count_sign_ins(server, made, known)
        over = threading.Event()
        attacks: dict[str, Callable[[int], bool]] = {
            "passwords_of_one_account": lambda n: _password(server, n),
            "names_of_one_enterprise": lambda n: _name(server, made["home"], n),
            "codes_of_one_account": lambda n: _code(server, n),
        }
        with ThreadPoolExecutor(len(attacks)) as threads:
            running = {
                name: threads.submit(_attack, attack, over, at * 20_000)
                for at, (name, attack) in enumerate(attacks.items())
            }
            time.sleep(seconds / 2)
            attacked = _count_sign_ins(server, made, known, codes=1)
            time.sleep(seconds / 2)
            over.set()
            tried = {name: one.result(waiting.TIMEOUT) for name, one in running.items()}
        return {
            "seconds": seconds,
            "idle": idle,
            "attacked": attacked,
            "guesses": {name: {"tried": all_of, "judged": judged} for name, (all_of, judged) in tried.items()},
        }


def _count_sign_ins(
    server: Server, made: dict[str, Any], known: tuple[Browser, Browser, Browser], *, codes: int = 0
) -> dict[str, bool]:
    owner, member, careful = known
    at_home, member_sign_in = Browser(server, HOME), f"{made['home']}sign-in/"
    by_mail = Browser(server, ABROAD)
    by_mail.send(made["link"])
    owner.address, member.address, careful.address = (
        (SOMEWHERE, SOMEWHERE, SOMEWHERE) if codes else (HOME, OFFICE, HOME)
    )
    for one in known:
        one.cookies.pop("sessionid", None)
    careful.send(LOGIN, login=email(1), password=PASSWORD)
    return {
        "owner_in_a_known_browser": owner.send(LOGIN, login=email(0), password=PASSWORD)[0] == 302,
        "owner_in_a_known_network": at_home.send(LOGIN, login=email(0), password=PASSWORD)[0] == 302,
        "owner_by_the_link_of_the_mail": by_mail.send(LOGIN, login=email(0), password=PASSWORD)[0] == 302,
        "owner_by_a_recovery_code": careful.send("/account/login/code/", code=made["codes"][codes])[0] == 302,
        "member_in_a_known_browser": member.send(member_sign_in, name=MEMBER, password=PASSWORD)[0] == 302,
        "member_in_the_office": Browser(server, OFFICE).send(member_sign_in, name=MEMBER, password=PASSWORD)[0] == 302,
    }


def _attack(attack: Callable[[int], bool], over: threading.Event, begin: int) -> tuple[int, int]:
    tried = judged = 0
    while not over.is_set():
        judged += attack(begin + tried)
        tried += 1
    return tried, judged


def _network(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _password(server: Server, number: int) -> bool:
    page = Browser(server, _network(number)).send(LOGIN, login=email(0), password=f"Summer{number}!")[1]
    return "Too many" not in page


def _name(server: Server, home: str, number: int) -> bool:
    return (
        Browser(server, _network(number)).send(f"{home}sign-in/", name=f"user{number}", password="Summer2026!")[0]
        == 422
    )


def _code(server: Server, number: int) -> bool:
    """Guess a code with the right password."""
    browser = Browser(server, _network(number))
    browser.send(LOGIN, login=email(1), password=PASSWORD)
    return browser.send("/account/login/code/", code="000000")[0] == 422


def _prepared(server: Server) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.guessed"], env=server.environment, cwd=ROOT, check=True,
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    made: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return made


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30), indent=1) + "\n")
