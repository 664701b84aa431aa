"""A product with joint operation: people of the buyer's enterprise sign in through the market and see who they are.

``tradepost seller serve joint_app:app --port 9000`` runs it from this folder; README.md says which settings it reads.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import override

import flask

from tradepost.kit import AppInfo, CheckChange, Create, Created, Instance, Refresh, Release, Seller, SetStatus, Upgrade
from tradepost.kit.flask import blueprint
from tradepost.kit.joint import ClientSecrets, JointLogin, JointSync, SQLiteDirectory, User
from tradepost.kit.joint import flask as joint

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
    """What is sold: the kit remembers each instance, and people get in by joint operation alone."""

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

app = flask.Flask(__name__)
app.register_blueprint(blueprint(seller, "/produce"))
app.register_blueprint(joint.blueprint(login))


@app.get("/")
@joint.login_required(login)
def home() -> str:
    """Who is signed in; administrators also see who else may use the application."""
    person = flask.g.signed_in
    language = flask.request.accept_languages.best_match(["en", "zh"]) or "en"
    rows = directory.rows(User, person.tenant_id) if person.admin else []
    # A person who may use several instances has a row for each.
    people = {row.user_name: row for row in rows if row.app_id == login.app_id and row.authorised}
    return flask.render_template(
        "home.html", person=person, people=list(people.values())[:50], word=WORDS[language], language=language
    )
