"""The debugging pages: a request is shown without being sent, a response with every judgement, and no secrets."""

from __future__ import annotations

import html
import re

import pytest

from tests.factories import NOW, make_address
from tests.market.debugging.answering import answer, call_of
from tests.market.probes.watching import save_cases
from tests.market.sites.seller_center.shops import enter, make_shop
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.models import LeasedJob
from tradepost.market.debugging import find_out, replay
from tradepost.market.debugging.models import DebugCase, DebugRun
from tradepost.market.identity import keys
from tradepost.market.identity.menus import VIEWER
from tradepost.market.production import addresses
from tradepost.market.production.models import Address, Call
from tradepost.protocols.commands import Rejected
from tradepost.protocols.http import Response


@pytest.fixture
def address(shop) -> Address:
    return make_address(shop.seller)


def text(answer) -> str:
    return html.unescape(answer.content.decode())


def run_case(page, address: Address, activity: str = "queryInstance", **typed: str) -> DebugRun:
    values = {"instanceId": "i-7", "do": "debug"} | typed
    response = page.post(f"/seller/debug/{address.pk}/{activity}/", values)
    assert response.status_code == 302, text(response)
    run = DebugRun.objects.latest("pk")
    assert response["Location"] == f"/seller/debug/{address.pk}/{activity}/?run={run.pk}#sc-result"
    return run


def test_generate_shows_the_signed_request_and_sends_nothing(page, shop, address):
    """saas-v2 §5.1, 5."""
    shown = text(page.post(f"/seller/debug/{address.pk}/queryInstance/", {"instanceId": "i-7", "do": "generate"}))
    assert '"instanceId":"i-7"' in shown
    assert '"testFlag":"1"' in shown
    assert "curl --silent" in shown
    assert keys.signing_secrets(shop.seller.pk, "base", now=NOW)[0] not in shown
    assert not Call.objects.exists()
    assert 'value="i-7"' in shown, "what was typed stays"


def test_debug_sends_once_and_the_page_polls_until_the_verdict(page, address):
    run = run_case(page, address)
    following = text(page.get(f"/seller/debug/runs/{run.pk}/"))
    assert f'hx-get="/seller/debug/runs/{run.pk}/"' in following
    answer(run, now=clock.now())
    judged = text(page.get(f"/seller/debug/runs/{run.pk}/"))
    assert "hx-get" not in judged
    assert "Succeeded and saved as a case" in judged
    assert judged.count("saas-v2 §") >= 9, "each judgement with its section"
    assert "Body-Sign signs the body" in judged
    assert "s3cret-word" not in judged, "passwords are masked in what is shown"
    page_text = text(page.get(f"/seller/debug/{address.pk}/queryInstance/?run={run.pk}"))
    assert "Saved" in page_text


def test_mistake_is_shown_with_its_section_and_its_correction(page, address):
    run = run_case(page, address)
    answer(run, Rejected(code="000003", message="<script>alert(1)</script> no such instance"), now=clock.now())
    raw = page.get(f"/seller/debug/{address.pk}/queryInstance/").content.decode()
    judged = html.unescape(raw)
    assert "Not saved" in judged
    assert "saas-v2 §4" in judged
    assert "The server does not know this instanceId" in judged
    assert "<script>alert" not in raw
    assert not DebugCase.objects.exists()


def test_key_in_a_response_is_masked(page, shop, address):
    secret = keys.signing_secrets(shop.seller.pk, "base", now=NOW)[0]

    def shows(response: Response) -> Response:
        return Response(response.status, response.headers, response.body[:-1] + f',"password":"{secret}"}}'.encode())

    run = run_case(page, address)
    answer(run, change=shows, now=clock.now())
    shown = text(page.get(f"/seller/debug/runs/{run.pk}/"))
    assert "The answer shows the signing key" in shown
    assert secret not in shown


def test_wrong_values_are_shown_beside_their_fields_and_the_input_stays(page, address):
    shown = page.post(
        f"/seller/debug/{address.pk}/refreshInstance/",
        {
            "scene": "RENEWAL",
            "orderId": "",
            "orderLineId": "x",
            "instanceId": "i-7",
            "expireTime": "soon",
            "do": "debug",
        },
    )
    assert shown.status_code == 422
    written = text(shown)
    assert 'id="id_orderId_error"' in written
    assert 'value="soon"' in written
    assert not DebugRun.objects.exists()


@pytest.mark.slow
def test_every_case_of_every_protocol_has_a_page(page, shop):
    for protocol in (
        "saas_v2",
        "saas_v1",
        "license_v1",
        "license_online",
        "license_code",
        "joint_kit_v1",
        "joint_kit_v2",
    ):
        address = make_address(shop.seller, protocol=protocol)
        listed = text(page.get(f"/seller/debug/{address.pk}/"))
        links = re.findall(rf'href="(/seller/debug/{address.pk}/[A-Za-z_]+/(?:[A-Z_]+/)?)"', listed)
        assert len(links) >= 3, protocol
        for link in dict.fromkeys(links):
            assert page.get(link).status_code == 200, link


def test_fixed_values_of_a_variant_cannot_be_changed(page, shop):
    address = make_address(shop.seller, protocol="saas_v1")
    path = f"/seller/debug/{address.pk}/newInstance/TRIAL/"
    form = text(page.get(path))
    assert re.search(r'name="trialFlag"[^>]*value="1"[^>]*disabled', form)
    typed = {
        "customerId": "c", "orderId": "o", "productId": "p", "periodNumber": "7", "expireTime": "20270101000000",
        "trialFlag": "0", "chargingMode": "3",
    }  # fmt: skip
    assert page.post(path, typed | {"do": "debug"}).status_code == 302
    command = call_of(DebugRun.objects.get()).command
    assert (command["purchase"]["trial"], command["purchase"]["charging_mode"], command["test"]) == (
        True,
        "PERIOD",
        True,
    )


def test_case_of_another_protocol_is_not_found(page, address):
    assert page.get(f"/seller/debug/{address.pk}/expireInstance/").status_code == 404
    assert page.get(f"/seller/debug/{address.pk}/newInstance/TRIAL/").status_code == 404


def test_viewer_reads_and_cannot_send(db):
    shop = make_shop(VIEWER)
    address, viewer = make_address(shop.seller), enter(shop.owner)
    path = f"/seller/debug/{address.pk}/queryInstance/"
    assert "Debug and save" not in text(viewer.get(path))
    assert viewer.post(path, {"instanceId": "i", "do": "debug"}).status_code == 403
    assert viewer.post(f"/seller/debug/{address.pk}/why/").status_code == 403
    assert not Call.objects.exists()
    assert not LeasedJob.objects.exists()


def test_page_without_an_address_or_a_key_gives_instructions(page, shop, address):
    assert "Production addresses" in text(page.get("/seller/debug/"))
    shop.seller.signing_keys.all().delete()
    assert "Create the key" in text(page.get(f"/seller/debug/{address.pk}/queryInstance/"))
    refused = page.post(f"/seller/debug/{address.pk}/queryInstance/", {"instanceId": "i", "do": "debug"})
    assert (refused.status_code, DebugRun.objects.exists()) == (422, False)
    addresses.remove(address, now=clock.now())
    assert page.get(f"/seller/debug/{address.pk}/queryInstance/").status_code == 404, "one that was deleted is gone"
    assert "Register an address" in text(page.get("/seller/debug/"))


# --- cases --------------------------------------------------------------------------------------------------------------


def saved_cases(page, address: Address, *activities: str) -> list[DebugCase]:
    for activity in activities:
        more = {
            "orderId": "o",
            "orderLineId": "l",
            "scene": "RENEWAL",
            "expireTime": "20270101000000",
            "status": "FREEZE",
        }
        answer(run_case(page, address, activity, **more), now=clock.now())
    return list(DebugCase.objects.order_by("pk"))


def test_cases_are_listed_filtered_and_deleted(page, address):
    first_case, second_case = saved_cases(page, address, "queryInstance", "releaseInstance")
    listed = text(page.get("/seller/cases/"))
    assert f"/seller/debug/{address.pk}/releaseInstance/" in listed
    assert "Replay all 2" in listed
    keys.rotate_signing_key(address.seller, "base", now=clock.now())
    answer(run_case(page, address), now=clock.now())
    stale = text(page.get("/seller/cases/?standing=stale"))
    assert f'/seller/debug/{address.pk}/releaseInstance/"' in stale
    assert f'/seller/debug/{address.pk}/queryInstance/"' not in stale
    assert "No cases found" in text(page.get("/seller/cases/?standing=failed"))
    assert page.post(f"/seller/cases/{second_case.pk}/delete/").status_code == 302
    assert [case.pk for case in DebugCase.objects.all()] == [first_case.pk]


def test_one_case_or_all_filtered_cases_are_replayed_by_one_job_at_a_time(page, shop, address):
    first_case, second_case = saved_cases(page, address, "queryInstance", "releaseInstance")
    page.post("/seller/cases/replay/", {"case": second_case.pk})
    job = LeasedJob.objects.get()
    assert (job.kind, job.key, job.payload["cases"]) == (replay.KIND, f"seller:{shop.seller.pk}", [second_case.pk])
    following = text(page.get("/seller/cases/"))
    assert 'hx-get="/seller/cases/live/"' in following
    page.post("/seller/cases/replay/", {})
    assert LeasedJob.objects.count() == 1, "another one waits for its end"
    page.post("/seller/cases/stop/")
    assert LeasedJob.objects.get().cancel
    tasks = {replay.KIND: replay.task(now=clock.now)}
    leased_jobs.run_due(tasks, now=clock.now, wall=clock.wall, owner="w")
    assert "Stopped" in text(page.get("/seller/cases/live/"))
    page.post("/seller/cases/replay/", {"activity": "queryInstance"})
    assert LeasedJob.objects.latest("pk").payload["cases"] == [first_case.pk]


# --- find out why ---------------------------------------------------------------------------------------------------------


def test_report_groups_failures_by_mistake_in_the_readers_language(page, shop, address):
    def check(name: str, verdict: str, diagnosis: str = "", *, needed: bool = False) -> dict[str, object]:
        words = {"name": diagnosis, "words": f"mend {diagnosis}", "wordsZh": f"修复{diagnosis}"}
        return {
            "check": name, "group": "shape", "title": f"title {name}", "titleZh": f"标题{name}", "verdict": verdict,
            "needed": needed, "spec": "saas-v2 §3.0", "expected": "e", "expectedZh": "e", "seen": "<b>seen</b>",
            "seenZh": "见", "diagnosis": words if diagnosis else None, "exchanges": [],
        }  # fmt: skip

    def found(running: object) -> dict[str, object]:
        results = [
            check("a", "passed"), check("b", "failed", "bom"), check("c", "failed", "bom"), check("d", "warned", "odd_url"),
            check("e", "skipped", needed=True),
        ]  # fmt: skip
        return {
            "url": address.url, "headline": "2 of 5 checks failed", "headlineZh": "5项检查中2项失败", "summary": "s",
            "summaryZh": "s", "exitCode": 1, "seconds": 3.0, "leftBehind": [], "results": results,
        }  # fmt: skip

    page.post(f"/seller/debug/{address.pk}/why/")
    assert f'hx-get="/seller/debug/{address.pk}/why/live/"' in text(page.get(f"/seller/debug/{address.pk}/why/"))
    tasks = {find_out.KIND: leased_jobs.LeasedTask(work=found)}
    leased_jobs.run_due(tasks, now=clock.now, wall=clock.wall, owner="w")
    raw = page.get(f"/seller/debug/{address.pk}/why/").content.decode()
    shown = html.unescape(raw)
    assert "2 of 5 checks failed" in shown
    assert shown.count("mend bom") == 1, "a mistake once"
    assert "1 more check for the same reason" in shown
    assert shown.index("mend bom") < shown.index("mend odd_url")
    assert "<b>seen" not in raw
    Address.objects.filter(pk=address.pk).update(url="http://127.0.0.1:9/elsewhere")
    assert "The address was changed after this test. The report is about the previous address" in text(
        page.get(f"/seller/debug/{address.pk}/why/")
    )


def test_encryption_of_a_case_is_that_of_its_address(page, shop):
    """saas-v1-license A1.4: "Request fields use the strength chosen at publication"."""
    address = make_address(shop.seller, protocol="saas_v1")
    Address.objects.update(encryption="2")
    save_cases(address, "newInstance", variant="PERIOD", typed={"encryptType": "1"})
    path = f"/seller/debug/{address.pk}/newInstance/PERIOD/"
    shown = page.get(path).content.decode()
    [field] = re.findall(r'<input[^>]*name="encryptType"[^>]*>', shown)
    assert 'value="2"' in field
    assert "disabled" in field
    assert "Chosen at the production address." in shown
    page.cookies["django_language"] = "zh-hans"
    assert "在生产地址中选择。" in page.get(path).content.decode()
