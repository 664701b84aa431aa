"""``login_required`` in each framework, synchronous and asynchronous, against the auth centre of the tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.kit.joint import apps
from tests.kit.joint.auth_server import AuthServer, auth_server
from tests.kit.joint.directories import application, person, secrets, tenant, users
from tests.kit.joint.visitor import Visitor
from tradepost.kit.joint import JointLogin, JointSync, MemoryDirectory
from tradepost.kit.serve import running
from tradepost.protocols.sync_commands import SyncFlag

PAGES = {
    "flask": (apps.flask_app, ("/sync", "/async")),
    "django": (apps.django_app, ("/sync", "/async")),
    "fastapi": (apps.fastapi_app, ("/sync", "/async")),
    "asgi": (apps.asgi_app, ("/async",)),
    "wsgi": (apps.wsgi_app, ("/sync",)),
}


@dataclass
class Shop:
    visitor: Visitor
    server: AuthServer
    sync: JointSync
    login: JointLogin
    pages: tuple[str, ...]


@pytest.fixture(params=PAGES)
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    make, pages = PAGES[request.param]
    made: list[Any] = []

    def later(environ: Any, start_response: Any) -> Iterable[bytes]:
        """The application is created when its address is known: the callback contains the port."""
        answered: Iterable[bytes] = made[0](environ, start_response)
        return answered

    with auth_server() as server, running(later) as url:
        callback = f"{url}/signin/callback"
        server.callbacks.add(callback)
        directory = MemoryDirectory()
        sync = JointSync(directory, secrets())
        for command in (tenant(domain=server.domain()), application(), users(person())):
            sync.apply(command)
        login = JointLogin(directory=directory, secrets=secrets(), app_id="a1", callback=callback)
        made.append(make(login))
        yield Shop(Visitor(url), server, sync, login, pages)


def test_page_redirects_to_sign_in_back_and_sign_out(shop):
    """openapi-jointkit §B.2, §A.7."""
    visitor, url = shop.visitor, shop.visitor.url
    for page in shop.pages:
        status, location, _ = visitor.go(f"{url}{page}?a=1")
        assert (status, location) == (303, f"/signin?next={page.replace('/', '%2F')}%3Fa%3D1")
    assert visitor.go(f"{url}/public")[2].strip('"') == "nobody"
    status, where, text = visitor.follow(f"{url}/signin?tenant=t1&next=%2Fsync%3Fa%3D1")
    assert (status, where) == (200, f"{url}/sync?a=1")
    assert text.strip('"') == "zhang01@code-t1"
    for page in shop.pages:
        assert visitor.go(f"{url}{page}")[2].strip('"') == "zhang01@code-t1"
    # A stranger's code in the victim's browser.
    stolen = shop.server.code(callback=shop.login.callback)
    status, _, text = visitor.go(f"{url}/signin/callback?code={stolen}&state=made-up&tenant=t1")
    assert status == 400
    assert "This sign-in was not begun here" in text
    shop.sync.apply(users(person(), flag=SyncFlag.CANCEL_AUTHORISATION))
    for page in shop.pages:
        assert visitor.go(f"{url}{page}")[0] == 303
    status, _, text = visitor.follow(f"{url}/sync")
    assert status == 403
    assert "You may not use this application" in text


def test_sign_out_clears_the_local_session(shop):
    """openapi-jointkit §B.8."""
    visitor, url = shop.visitor, shop.visitor.url
    visitor.follow(f"{url}/signin?tenant=t1")
    assert "joint" in visitor.cookies
    assert visitor.go(f"{url}/signout")[0] == 200
    status, location, _ = visitor.go(f"{url}/signout", "POST")
    assert (status, location.partition("?")[0]) == (303, f"{shop.server.domain()}/api/v1/logout")
    assert visitor.cookies == {"joint_tenant": "t1"}
    assert visitor.go(f"{url}/sync")[0] == 303


def test_form_without_a_session_is_refused_and_not_redirected(shop):
    status, location, _ = shop.visitor.go(f"{shop.visitor.url}/sync", "POST")
    assert (status, location) == (401, "")
