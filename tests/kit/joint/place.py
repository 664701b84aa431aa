"""A seller with one tenant, the auth centre of the tests, and a browser that signs in."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.kit.joint.auth_server import AuthServer, auth_server
from tests.kit.joint.directories import NOW, application, person, secrets, tenant, users
from tradepost.kit.joint import JointLogin, JointSync, MemoryDirectory, SignedIn, problems
from tradepost.kit.joint.replies import Reply

CALLBACK = "https://app.example.com/signin/callback"


@dataclass
class Browser:
    """Follow the redirects of the sign-in as a browser would, with cookies."""

    login: JointLogin
    cookies: dict[str, str] = field(default_factory=dict)

    def take(self, reply: Reply) -> Reply:
        for cookie in reply.cookies:
            if cookie.value:
                self.cookies[cookie.name] = cookie.value
            else:
                self.cookies.pop(cookie.name, None)
        return reply

    def begin(self, tenant_id: str = "t1", onward: str = "") -> Reply:
        return self.take(self.login.begin(tenant_id, onward, self.cookies))

    def callback(self, query: dict[str, str]) -> Reply:
        return self.take(self.login.finish(query, self.cookies))

    def sign_in(self, tenant_id: str = "t1", onward: str = "") -> Reply:
        return self.callback(visit(self.begin(tenant_id, onward).location))

    @property
    def who(self) -> SignedIn | None:
        return self.login.who(self.cookies)

    @property
    def is_in(self) -> bool:
        return any(name.endswith("joint") for name in self.cookies)


def visit(location: str) -> dict[str, str]:
    """Open the auth centre's page and return the parameters that it redirects with."""
    parts = urlsplit(location)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.request("GET", f"{parts.path}?{parts.query}")
    back = connection.getresponse().getheader("Location") or ""
    connection.close()
    assert back.startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


@dataclass
class Place:
    server: AuthServer
    sync: JointSync
    browser: Browser
    now: list[datetime]

    def later(self, by: timedelta) -> None:
        self.now[0] += by

    def tell(self, *commands: object) -> None:
        for command in commands:
            self.sync.apply(command)  # type: ignore[arg-type]  # each is a command


@pytest.fixture(scope="module")
def server() -> Iterator[AuthServer]:
    with auth_server(CALLBACK) as made:
        yield made


@pytest.fixture
def place(server: AuthServer) -> Place:
    fresh = AuthServer(url=server.url, callbacks={CALLBACK})
    server.__dict__.update(fresh.__dict__)
    directory, now = MemoryDirectory(), [NOW]
    sync = JointSync(directory, secrets())
    login = JointLogin(
        directory=directory, secrets=secrets(), app_id="a1", callback=CALLBACK, clock=lambda: now[0],
        market="https://market.example.com",
    )  # fmt: skip
    found = Place(server, sync, Browser(login), now)
    found.tell(tenant(domain=server.domain()), application(), users(person(), person("li02", admin=True)))
    return found


def with_cas(place: Place) -> Browser:
    return Browser(replace(place.browser.login, cas=True))


def problem_of(reply: Reply) -> problems.Problem:
    assert reply.problem is not None
    assert reply.location == ""
    return reply.problem
