"""Pages of *Debug all*, of the activities by charging mode, and both views of a body (issue 27, item 7)."""

from __future__ import annotations

import html
import re

import pytest
from django.utils import translation

from tests.factories import make_address
from tests.market.debugging.answering import answer
from tests.market.sites.seller_center.shops import enter, make_shop
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.models import LeasedJob
from tradepost.market.debugging import debug_all, modes
from tradepost.market.debugging.models import DebugRun
from tradepost.market.identity.menus import VIEWER
from tradepost.market.identity.models import SigningKey
from tradepost.market.production.models import Address, Call
from tradepost.market.sites.seller_center import cases


@pytest.fixture
def address(shop) -> Address:
    return make_address(shop.seller)


def text(answer) -> str:
    return html.unescape(answer.content.decode())


def test_debug_all_is_started_followed_and_read_in_both_languages(page, address, monkeypatch):
    path = f"/seller/debug/{address.pk}/all/"
    assert f'href="{path}"' in text(page.get(f"/seller/debug/{address.pk}/"))
    before = text(page.get(path))
    assert "Debug 7 activities" in before
    assert page.post(path)["Location"] == path
    following = text(page.get(path))
    assert f'hx-get="{path}live/"' in following
    assert "7 of" not in following
    assert following.count("Waiting") == 7
    monkeypatch.setattr(debug_all, "wait_for", lambda run, running: answer(run, now=clock.now()))
    tasks = {debug_all.KIND: debug_all.task(now=clock.now)}
    leased_jobs.run_due(tasks, now=clock.now, wall=clock.wall, owner="w")
    ended = text(page.get(f"{path}live/"))
    assert "hx-get" not in ended
    assert "7 of 7 succeeded and are saved." in ended
    assert "Every activity of this address has a valid case." in ended
    first = DebugRun.objects.earliest("pk")
    assert f'href="/seller/debug/{address.pk}/newInstance/?run={first.pk}#sc-result"' in ended
    chinese = text(page.get(path, headers={"accept-language": "zh-hans"}))
    assert "共 7 个接口，已成功并保存 7 个。" in chinese
    page.post(path)
    assert "Every activity of this address has a valid case." in text(page.get(path)), "refused in words"
    assert LeasedJob.objects.count() == 1


def test_debug_all_is_stopped(page, address):
    path = f"/seller/debug/{address.pk}/all/"
    page.post(path)
    page.post(f"{path}stop/")
    tasks = {debug_all.KIND: debug_all.task(now=clock.now)}
    leased_jobs.run_due(tasks, now=clock.now, wall=clock.wall, owner="w")
    stopped = text(page.get(path))
    assert "Stopped" in stopped
    assert stopped.count("Not debugged") == 7
    assert "Debug 7 activities" in stopped, "it can be begun again"
    assert not Call.objects.exists()


def test_debug_all_says_why_it_could_not_finish(page, address):
    path = f"/seller/debug/{address.pk}/all/"
    page.post(path)
    SigningKey.objects.filter(seller=address.seller).update(valid_until=clock.now())
    tasks = {debug_all.KIND: debug_all.task(now=clock.now)}
    leased_jobs.run_due(tasks, now=clock.now, wall=clock.wall, owner="w")
    assert "There is no signing key of this interface class yet" in text(page.get(path))
    chinese = text(page.get(path, headers={"accept-language": "zh-hans"}))
    assert "There is no signing key" not in chinese
    LeasedJob.objects.update(error="Traceback\n  a line of code")
    failed = text(page.get(path))
    assert "a line of code" not in failed
    assert "could not be finished" in failed


def test_replay_says_why_a_case_was_not_sent(shop):
    refused = [
        {"case": 1, "activity": "queryInstance", "variant": "", "passed": False, "diagnosis": code, "call": None}
        for code in ("debug.no_key", "debug.values", "wrong_key")
    ]
    with translation.override("en"):
        words = [str(result["repair"]) for result in cases._results(LeasedJob(result={"cases": refused}))]
    assert "no signing key" in words[0]
    assert "saved values" in words[1]
    assert all(words)


def test_viewer_and_another_seller_cannot_start_it(db):
    shop = make_shop(VIEWER)
    address, viewer = make_address(shop.seller), enter(shop.owner)
    path = f"/seller/debug/{address.pk}/all/"
    assert "Debug 7 activities" not in text(viewer.get(path))
    assert viewer.post(path).status_code == 403
    assert enter(make_shop().owner).post(path).status_code == 404
    assert not LeasedJob.objects.exists()


def test_activities_by_charging_mode_are_linked_from_debugging_and_show_every_mark(page, address):
    assert f'href="/seller/debug/modes/#{address.protocol}"' in text(page.get(f"/seller/debug/{address.pk}/"))
    shown = text(page.get("/seller/debug/modes/"))
    marks = sum(len(row.offers) for table in modes.tables() for row in (*table.cases, *table.proofs))
    assert shown.count(">Required<") == marks
    places = {table.protocol: shown.index(f'id="{table.protocol}"') for table in modes.tables()}
    assert min(places, key=lambda protocol: places[protocol]) == address.protocol, "one's own come first"
    assert "包周期" in text(page.get("/seller/debug/modes/", headers={"accept-language": "zh-hans"}))


def test_response_body_is_shown_formatted_and_raw_with_masked_secrets(page, address):
    page.post(f"/seller/debug/{address.pk}/queryInstance/", {"instanceId": "i-7", "do": "debug"})
    run = answer(DebugRun.objects.get(), now=clock.now())
    raw = page.get(f"/seller/debug/runs/{run.pk}/").content.decode()
    blocks = [
        html.unescape(block)
        for block in re.findall(r'<code[^>]*data-language="json"[^>]*>(.*?)</code>', raw, re.DOTALL)
    ]
    assert run.call is not None
    attempt = run.call.tries.get()
    assert attempt.response_body in blocks, "as it was stored"
    assert any(block.startswith('{\n  "') for block in blocks)
    assert "s3cret-word" not in raw
