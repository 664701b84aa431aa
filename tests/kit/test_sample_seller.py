"""The sample seller with a market and a buyer: a separate process, over a socket."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from tests.kit import wire
from tests.kit.market import SK, open_market
from tests.kit.visits import Page, visit
from tests.waiting import until
from tradepost.kit import AppInfo
from tradepost.kit.sample import folder
from tradepost.protocols.commands import Done, Pending, Rejected, Upgrade
from tradepost.protocols.http import Request, Response
from tradepost.protocols.open_api import usage_push
from tradepost.protocols.open_api.errors import api_response, result_envelope
from tradepost.protocols.open_api.order_query import OrderInfo, OrderLine, ProductInfo, dump_answer

ROOT = Path(__file__).parents[2]


@contextmanager
def sample(data: Path, *options: str, program: tuple[str, ...] = ()) -> Iterator[str]:
    command = [
        sys.executable,
        *(program or (str(folder() / "seller.py"),)),
        "--port",
        "0",
        "--data",
        str(data),
        *options,
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "SELLER_KEY": wire.KEY}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert line.startswith("Sample seller: http://"), line
            yield line.split()[2]
        finally:
            process.kill()


def access(produce: str, instance_id: str) -> AppInfo:
    answer = wire.send(produce, wire.query(instance_id))
    assert isinstance(answer, Done), answer
    assert answer.instances[0].app is not None
    return answer.instances[0].app


def sign_in(app: AppInfo, password: str = "") -> Page:
    return visit(app.front_end_url, form={"user_name": app.user_name, "password": password or app.password})


@pytest.mark.slow
def test_instance_from_purchase_to_release(tmp_path):
    with sample(tmp_path) as url:
        produce = f"{url}/produce"
        assert wire.send(produce, wire.create(business_id="b1")) == Done(instance_id="b1")
        assert wire.send(produce, wire.create(business_id="b2")) == Done(instance_id="b1")
        app = access(produce, "b1")
        assert app.front_end_url == f"{url}/login/b1"
        assert len(app.password) == 14
        assert access(produce, "b1") == app

        assert "<h1>Sign in</h1>" in visit(app.front_end_url).text
        wrong = sign_in(app, "guess")
        assert (wrong.status, wrong.cookie) == (401, "")
        assert "User name or password is wrong." in wrong.text
        right = sign_in(app)
        assert (right.status, right.location) == (303, "/workspace/b1")

        expires_at = datetime(2027, 12, 31, 16, 0, tzinfo=UTC)
        assert wire.send(produce, wire.refresh("b1", expires_at)) == Done()
        workspace = visit(f"{url}{right.location}", cookie=right.cookie)
        assert workspace.status == 200
        assert "2027-12-31 16:00 UTC" in workspace.text
        assert "<dd>Active</dd>" in workspace.text

        assert wire.send(produce, wire.freeze("b1")) == Done()
        assert sign_in(app).status == 403
        frozen = visit(f"{url}/workspace/b1", cookie=right.cookie)
        assert frozen.status == 403
        assert "This workspace is frozen" in frozen.text

        assert wire.send(produce, wire.unfreeze("b1")) == Done()
        assert sign_in(app).status == 303
        assert visit(f"{url}/workspace/b1", cookie=right.cookie).status == 200

        assert wire.send(produce, wire.release("b1")) == Done()
        gone = sign_in(app)
        assert (gone.status, gone.cookie) == (404, "")
        assert visit(f"{url}/workspace/b1", cookie=right.cookie).location == "/login/b1"
        assert wire.send(produce, wire.release("b1")) == Done()


def test_first_password_is_returned_until_the_first_sign_in(tmp_path):
    with sample(tmp_path) as url:
        wire.send(f"{url}/produce", wire.create(business_id="b1"))
        app = access(f"{url}/produce", "b1")
        assert sign_in(app).status == 303
        assert access(f"{url}/produce", "b1").password == ""
        assert sign_in(app).status == 303
    assert app.password.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("kit.db*"))


@pytest.mark.slow
def test_session_opens_only_its_workspace_and_ends_with_sign_out(tmp_path):
    with sample(tmp_path) as url:
        wire.send(f"{url}/produce", wire.create("A", business_id="a"))
        wire.send(f"{url}/produce", wire.create("B", business_id="b"))
        a = sign_in(access(f"{url}/produce", "a"))
        assert visit(f"{url}/workspace/b", cookie=a.cookie).location == "/login/b"
        assert visit(f"{url}/logout/a", form={}, cookie=a.cookie).location == "/login/a"
        assert visit(f"{url}/workspace/a", cookie=a.cookie).location == "/login/a"


@pytest.mark.slow
def test_asynchronous_provisioning_continues_after_a_kill(tmp_path):
    with sample(tmp_path, "--delay", "600") as url:
        assert wire.send(f"{url}/produce", wire.create(business_id="b1")) == Pending(instance_id="b1")
        assert isinstance(wire.send(f"{url}/produce", wire.query("b1")), Pending)
    pause = Event()
    with sample(tmp_path, "--delay", "0.2") as url:
        while isinstance(answer := wire.send(f"{url}/produce", wire.query("b1")), Pending):
            pause.wait(0.02)
        assert isinstance(answer, Done)
        assert answer.instances[0].app is not None
        assert sign_in(answer.instances[0].app).status == 303


def order(plan: str, quantity: int, *, mode: str = "PERIOD", line: int = 1) -> Response:
    bought = OrderLine(
        order_line_id=f"CS1-{line:06}",
        charging_mode=mode,
        products=(ProductInfo(product_id="OFFI1", sku_code="sku", product_name=plan, linear_value=quantity),),
        expires_at=datetime(2027, 11, 24, 16, 0, tzinfo=UTC),
    )
    told = OrderInfo(order_id="CS1", order_type="NEW", created_at=datetime(2026, 11, 24, tzinfo=UTC), lines=(bought,))
    return api_response(200, dump_answer(told))


def test_purchase_is_queried_from_the_market(tmp_path):
    """saas-v2 §3.1, §3.6: only ids are sent; product, quantity and period come from the query-order API."""
    with (
        open_market(lambda: datetime.now(UTC)) as market,
        sample(tmp_path, "--market", market.url, "--ak", "AK", "--sk", SK) as url,
    ):
        market.answers = [order("云端团队版 <Team>", 12)]
        assert wire.send(f"{url}/produce", wire.create("CS1", business_id="b1")) == Done(instance_id="b1")
        page = sign_in(access(f"{url}/produce", "b1"))
        workspace = visit(f"{url}{page.location}", cookie=page.cookie).text
        for shown in ("云端团队版 &lt;Team&gt;", "<dd>12</dd>", "2027-11-24 16:00 UTC"):
            assert shown in workspace

        upgrade = Upgrade(instance_id="b1", order_id="CS1", order_line_id="CS1-000001")
        market.answers = [api_response(404, result_envelope("MKT.0101", "no such order"))]
        assert wire.send(f"{url}/produce", upgrade) == Rejected(
            code="000005", message="the change order cannot be read"
        )
        market.answers = [order("企业版", 30)]
        assert wire.send(f"{url}/produce", upgrade) == Done()
        assert "<dd>企业版</dd>" in visit(f"{url}{page.location}", cookie=page.cookie).text


@pytest.mark.slow
def test_usage_shows_sign_ins_and_a_package_its_service(tmp_path):
    """saas-v2 §3.2: on demand the cumulative usage, a package the part used with relatedInstanceId."""

    def used(instance_id: str) -> list[tuple[float, str]]:
        answer = wire.send(f"{url}/produce", wire.query(instance_id))
        assert isinstance(answer, Done), answer
        return [(float(usage.value), usage.related_instance_id) for usage in answer.instances[0].usage]

    with (
        open_market(lambda: datetime.now(UTC)) as market,
        sample(tmp_path, "--market", market.url, "--ak", "AK", "--sk", SK) as url,
    ):
        modes = (("open", "ON_DEMAND"), ("pack", "ON_DEMAND_PKG"), ("month", "PERIOD"))
        app = AppInfo()
        for line, (instance, mode) in enumerate(modes, start=1):
            market.answers = [order("按量", 1, mode=mode, line=line)]
            wire.send(f"{url}/produce", wire.create("CS1", line=line, business_id=instance))
            if instance == "open":
                assert used("open") == [(0, "")]
                app = access(f"{url}/produce", "open")
                sign_in(app)
        assert (used("open"), used("pack"), used("month")) == ([(1, "")], [(0, "open")], [])
        for _ in range(2):
            sign_in(app)
        assert (used("open"), used("pack")) == ([(3, "")], [(2, "open")])


@pytest.mark.slow
def test_sign_ins_are_reported_as_usage_in_the_market_s_time(tmp_path):
    """openapi-jointkit §C.5: only counted on demand, pushed once, with times of a sandbox's clock 40 days ahead."""
    moved = timedelta(days=40)

    def answer(request: Request) -> Response:
        if request.method == "POST":
            pushed.extend(usage_push.load_records(request.body))
            return usage_push.push_response()
        said = ("X-Sandbox-Time", f"{datetime.now(UTC) + moved:%Y-%m-%dT%H:%M:%SZ}")
        mode = "ON_DEMAND" if len(bought) < 1 else "PERIOD"
        if "MOCK" not in request.url:
            bought.append(mode)
        found = order("按量", 1, mode=mode, line=max(len(bought), 1))
        return Response(found.status, (*found.headers, said), found.body)

    pushed: list[usage_push.UsageRecord] = []
    bought: list[str] = []
    options = ("--report-every", "0.1", "--pretend", "0")
    with (
        open_market(lambda: datetime.now(UTC)) as market,
        sample(tmp_path, "--market", market.url, "--ak", "AK", "--sk", SK, *options) as url,
    ):
        market.answers = [answer]
        for line, instance in enumerate(("open", "month"), start=1):
            wire.send(f"{url}/produce", wire.create("CS1", line=line, business_id=instance))
            app = access(f"{url}/produce", instance)
            assert [sign_in(app).status for _ in range(2)] == [303, 303]
        until(lambda: sum(record.value for record in pushed) == 2, what="both sign-ins are reported")
        until(lambda: len([asked for asked in market.asked if "MOCK" in asked.url]) > 5, what="it asks again")
    assert {record.instance_id for record in pushed} == {"open"}
    assert sum(record.value for record in pushed) == 2
    for record in pushed:
        assert timedelta(0) <= datetime.now(UTC) + moved - record.begin_at < timedelta(minutes=2)
        assert record.begin_at <= record.end_at <= record.recorded_at


def test_silent_market_costs_the_plan_but_not_the_account(tmp_path):
    with sample(tmp_path, "--market", "http://127.0.0.1:1", "--ak", "AK", "--sk", "SK") as url:
        assert wire.send(f"{url}/produce", wire.create(business_id="b1")) == Done(instance_id="b1")
        page = sign_in(access(f"{url}/produce", "b1"))
        assert "Not known here" in visit(f"{url}{page.location}", cookie=page.cookie).text


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "示例工作台"), ("en;q=0.5, zh;q=0.4", "Sample Workspace"), ("fr", "Sample Workspace")],
)
def test_pages_use_the_language_of_the_browser(tmp_path, language, words):
    with sample(tmp_path) as url:
        assert words in visit(url, language=language).text


def test_health_unknown_pages_and_test_calls(tmp_path):
    with sample(tmp_path, program=("-m", "tradepost.kit.sample")) as url:
        assert visit(f"{url}/healthz").text == '{"status": "ok"}'
        assert visit(f"{url}/login/nobody").status == 404
        assert visit(f"{url}/some/where").status == 404
        assert visit(f"{url}/logout/%0d%0aX:%201", form={}).location == "/login/%0D%0AX%3A%201"
        test_call = wire.send(f"{url}/produce", wire.query("x", test=True))
        assert isinstance(test_call, Done)
        assert test_call.instances[0].app is not None
        assert visit(test_call.instances[0].app.front_end_url).status == 200
        unknown = wire.send(f"{url}/produce", wire.query("x"))
        assert isinstance(unknown, Rejected)
        assert unknown.code == "000003"


def test_missing_settings_are_named(tmp_path):
    command = [sys.executable, str(folder() / "seller.py"), "--data", str(tmp_path)]
    environment = {name: value for name, value in os.environ.items() if name != "SELLER_KEY"}
    environment["PYTHONPATH"] = str(ROOT / "src")
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert ended.returncode == 2
    assert "--key or SELLER_KEY is missing" in ended.stderr


def test_both_languages_have_the_same_texts():
    import runpy

    texts = runpy.run_path(str(folder() / "translations.py"))["TRANSLATIONS"]
    assert set(texts["en"]) == set(texts["zh"])


def test_sample_only_uses_public_names_of_the_kit():
    """Sellers copy it, so its imports must be stable public names of the kit."""
    text = "".join(path.read_text(encoding="utf-8") for path in folder().glob("*.py"))
    protocols = set(re.findall(r"tradepost\.protocols\S*", text))
    assert protocols == {f"tradepost.protocols.{name}" for name in ("commands", "sync_commands", "client_secret")}
    named = set(re.findall(r"from tradepost\.protocols\.commands import (.*)", text))
    assert named == {"GetLicenseAsync", "NotifyOrder"}
    assert "tradepost.market" not in text
