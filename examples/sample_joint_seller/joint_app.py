"""A product with joint operation: people of the buyer's enterprise sign in through the market and see their account.

``tradepost seller serve joint_app:app --port 9000`` runs it from this folder; README.md lists its settings.
"""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, override

from tradepost.kit import AppInfo, CheckChange, Create, Created, Instance, Refresh, Release, Seller, SetStatus, Upgrade
from tradepost.kit.joint import ClientSecrets, JointLogin, JointSync, SignedIn, SQLiteDirectory, TenantDepartment, User
from tradepost.kit.joint.wsgi import send_to_sign_in, who, with_sign_in
from tradepost.kit.serve import Server
from tradepost.kit.wsgi import send, wsgi
from tradepost.protocols.http import Response

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

WORDS = {
    "en": {
        "title": "Sample with joint operation",
        "enterprise": "Enterprise",
        "account": "Account",
        "role": "Role",
        "department": "Department",
        "admin": "administrator",
        "user": "user",
        "people": "People who may use it (the first 50)",
        "suspended": "suspended",
        "sign_out": "Sign out",
    },
    "zh": {
        "title": "联营示例应用",
        "enterprise": "企业",
        "account": "账号",
        "role": "角色",
        "department": "部门",
        "admin": "管理员",
        "user": "普通用户",
        "people": "已授权的用户（前50名）",
        "suspended": "已停用",
        "sign_out": "退出登录",
    },
}
DATA = Path(os.environ.get("SELLER_DATA", "data"))
PUBLIC_URL = os.environ.get("SELLER_PUBLIC_URL", "http://127.0.0.1:9000").rstrip("/")

directory = SQLiteDirectory(DATA / "directory.db")
secrets = ClientSecrets(os.environ.get("SELLER_PRIVATE_KEY", ""))
login = JointLogin(
    directory=directory,
    secrets=secrets,
    app_id=os.environ.get("SELLER_APP_ID", ""),
    callback=f"{PUBLIC_URL}/signin/callback",
    market=os.environ.get("MARKET", ""),
    cas=os.environ.get("SELLER_LOGIN", "") == "cas",
)


class Shop(Seller):
    """The product: the kit stores each instance, and people sign in only by joint operation."""

    @override
    def on_create(self, command: Create) -> Created:
        return Created(app=AppInfo(front_end_url=f"{PUBLIC_URL}/"))

    @override
    def on_refresh(self, command: Refresh, instance: Instance) -> None: ...

    @override
    def on_status(self, command: SetStatus, instance: Instance) -> None: ...

    @override
    def on_upgrade(self, command: Upgrade, instance: Instance) -> None: ...

    @override
    def on_check_change(self, command: CheckChange, instance: Instance) -> bool:
        return True

    @override
    def on_release(self, command: Release, instance: Instance) -> None: ...


seller = Shop(
    store=DATA / "kit.db",
    keys={"base": os.environ.get("SELLER_KEY", ""), "kit": os.environ.get("SELLER_KIT_KEY", "")},
    protocols=("saas_v2", "joint_kit_v2", "joint_kit_v1"),
    test_page=f"{PUBLIC_URL}/",
)
JointSync(directory, secrets).take(seller)

production = wsgi(seller)
PAGE = Template((Path(__file__).parent / "home.html").read_text(encoding="utf-8"))


def pages(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer the market's calls, and one page for people who are signed in."""
    path = environ.get("PATH_INFO", "")
    if path.startswith("/produce"):
        return production(environ, start_response)
    if path != "/":
        return send(Response(404, (("Content-Type", "text/plain"),), b"Not found"), start_response)
    person = who(login, environ)
    if person is None:
        return send_to_sign_in(login, environ, start_response)
    language = "zh" if environ.get("HTTP_ACCEPT_LANGUAGE", "").lower().startswith("zh") else "en"
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"))
    return send(Response(200, headers, home(person, language).encode()), start_response)


def home(person: SignedIn, language: str) -> str:
    """Show the signed-in person; administrators also see the other users of the application. External data is
    escaped."""
    word = WORDS[language]
    rows = directory.rows(User, person.tenant_id) if person.admin else []
    # A person with access to several instances has a row for each.
    people = {row.user_name: row for row in rows if row.app_id == login.app_id and row.authorised}
    facts = {
        "language": language,
        "name": person.name,
        "own_enterprise": person.tenant_name,
        "own_account": person.account,
        "own_role": word["admin"] if person.admin else word["user"],
        "own_department": department_of(person),
    }
    shown = {name: escape(value) for name, value in (word | facts).items()}
    return PAGE.substitute(shown, list=people_list(list(people.values())[:50], word))


def department_of(person: SignedIn) -> str:
    """Return the department's name, or its code if the market has not sent the name yet."""
    known_names = {row.code: row.name for row in directory.rows(TenantDepartment, person.tenant_id)}
    return known_names.get(person.department, person.department)


def people_list(people: Sequence[User], word: dict[str, str]) -> str:
    if not people:
        return ""
    lines = []
    for row in people:
        notes = [word["admin"]] * row.admin + [word["suspended"]] * (not row.enabled)
        lines.append(f"<li>{escape(', '.join([f'{row.name} ({row.user_name})', *notes]))}</li>")
    return f"<h2>{escape(word['people'])}</h2>\n<ul>\n{chr(10).join(lines)}\n</ul>"


app = with_sign_in(login, pages)


def main() -> None:
    """Run as the market's demo starts it: ``python joint_app.py --port 9000``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9000)
    signal.signal(signal.SIGTERM, end)
    Server(app, "127.0.0.1", parser.parse_args().port).run()


def end(_number: int, _frame: object) -> None:
    """End as on Ctrl-C, after finishing answers in progress."""
    raise SystemExit(0)


if __name__ == "__main__":
    main()
