"""Pages of product probes: the seller's view and requests, the operator's decisions; products of others do not exist."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from tests.factories import NOW, make_buyer, make_operator, make_seller
from tests.factories.people import make_member
from tests.market.probes.joint import NAME, breaking, joint_product, product_of
from tests.market.probes.watching import MORNING, NIGHT, TODAY, WRONG, Market, answers, at, market, watched
from tradepost.market.base import clock
from tradepost.market.catalog.models import Product
from tradepost.market.identity.menus import VIEWER
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice
from tradepost.market.probes import failing_days
from tradepost.market.probes.models import Health, ProbeRun, ProbeSlot, WorkItem
from tradepost.market.production.models import Call
from tradepost.market.review.models import Submission
from tradepost.protocols.commands import Done

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def browser(user: User, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def failing_product(days: int = 1) -> tuple[Product, User, Market]:
    owner = make_buyer(balance="0")
    product = watched(make_seller(member=owner))
    its = market(answers(WRONG), now=MORNING)
    its.until(NIGHT + (days - 1) * DAY)
    return Product.objects.get(pk=product.pk), owner, its


def text_at(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return " ".join(answer.content.decode().split())


def test_seller_reads_state_forecast_and_each_case_in_both_languages() -> None:
    product, owner, _ = failing_product()
    for path in ("/seller/probes/", f"/seller/probes/{product.pk}/"):
        shown = text_at(browser(owner), path)
        assert "If the problem is not fixed, sales are suspended at the end of" in shown
        assert "&lt;time" not in shown
        assert "如不修复" in text_at(browser(owner, "zh-hans"), path)
    run = ProbeRun.objects.order_by("-pk")[0]
    shown = text_at(browser(owner), f"/seller/probes/runs/{run.pk}/")
    assert run.activity in shown
    assert "is failing its probes" in text_at(browser(owner), "/seller/")


@pytest.mark.slow
def test_pages_count_the_failing_day_that_the_notice_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for an unfinished day; a day that began before the sale was resumed does not count."""
    owner = make_buyer(balance="0")
    product = watched(make_seller(member=owner))
    its = market(answers(WRONG), now=MORNING)
    its.until(at(12))
    assert Notice.objects.get(kind="seller_probe_forecast", user=owner).facts["day"] == "1"
    page, console = browser(owner), browser(make_operator())
    monkeypatch.setattr(clock, "wall", lambda: at(12))
    assert '1 <span class="tp-muted">/ 5</span>' in text_at(page, f"/seller/probes/{product.pk}/")
    assert "1 / 5" in text_at(console, "/console/probes/")
    its.until(NIGHT)
    assert failing_days.failing_days_by_product(Health.objects.all(), today=TODAY + DAY) == {product.pk: 1}, "not twice"
    its.until(at(12, day=TODAY + DAY))
    assert failing_days.failing_days_by_product(Health.objects.all(), today=TODAY + DAY) == {product.pk: 2}
    Health.objects.update(counts_after=TODAY + DAY, streak=0)
    assert failing_days.failing_days_by_product(Health.objects.all(), today=TODAY + DAY) == {product.pk: 0}


def test_another_seller_finds_nothing_and_a_viewer_changes_nothing() -> None:
    product, _owner, _ = failing_product()
    other, viewer = make_buyer(balance="0"), make_buyer(balance="0")
    make_seller(member=other)
    make_member(product.seller, viewer, VIEWER)
    run = ProbeRun.objects.order_by("-pk")[0]
    for path in (
        f"/seller/probes/{product.pk}/",
        f"/seller/probes/{product.pk}/live/",
        f"/seller/probes/runs/{run.pk}/",
    ):
        assert browser(other).get(path).status_code == 404
    assert product.name_en not in text_at(browser(other), "/seller/probes/")
    before = Call.objects.count()
    assert browser(viewer).post(f"/seller/probes/{product.pk}/now/").status_code == 403
    assert browser(other).post(f"/seller/probes/{product.pk}/now/").status_code == 404
    assert browser(other).post(f"/seller/products/{product.pk}/restore/", {"repaired": "x"}).status_code == 404
    assert Call.objects.count() == before
    assert not Submission.objects.exists()


def test_one_manual_probe_at_a_time() -> None:
    product, owner, _ = failing_product()
    page = browser(owner)
    assert page.post(f"/seller/probes/{product.pk}/now/").status_code == 302
    assert ProbeSlot.objects.filter(half="hand").count() == 1
    assert "Under way" in text_at(page, f"/seller/probes/{product.pk}/live/")
    response = page.post(f"/seller/probes/{product.pk}/now/")
    assert response.status_code in {302, 409}
    assert ProbeSlot.objects.filter(half="hand").count() == 1


def test_product_that_is_not_frozen_cannot_be_restored() -> None:
    product, owner, _ = failing_product()
    answer = browser(owner).post(f"/seller/products/{product.pk}/restore/", {"repaired": "It is up."})
    assert answer.status_code == 422
    assert not Submission.objects.exists()


@pytest.mark.slow
def test_restore_of_a_frozen_product_needs_a_reason_and_passing_cases() -> None:
    """saas-v2 §6, shelf §8: re-saved cases, a passing run, an operator."""
    product, owner, _ = failing_product(days=5)
    assert product.status == Product.Status.FROZEN
    page, console = browser(owner), browser(make_operator())
    assert page.post(f"/seller/products/{product.pk}/restore/", {"repaired": " "}).status_code == 422
    product.binding.address.debug_cases.filter(activity="queryInstance").delete()
    lacking = page.post(f"/seller/products/{product.pk}/restore/", {"repaired": "The server is up."})
    assert lacking.status_code == 422
    assert "queryInstance" in lacking.content.decode()
    assert not Submission.objects.exists()
    queue = text_at(console, "/console/probes/")
    assert product.name_en in queue
    assert product.name_en in text_at(console, f"/console/products/{product.pk}/")


@pytest.mark.slow
def test_operator_resumes_sales_only_after_a_passed_probe() -> None:
    product, _owner, its = failing_product(days=5)
    console = browser(make_operator())
    console.post(f"/console/products/{product.pk}/unfreeze/")
    product.refresh_from_db()
    assert product.status == Product.Status.FROZEN
    its.server = lambda _call, _now: Done()
    its.until(NIGHT + 5 * DAY)
    console.post(f"/console/products/{product.pk}/unfreeze/")
    product.refresh_from_db()
    assert product.status == Product.Status.ON_SALE


@pytest.mark.slow
def test_entry_is_closed_with_a_note_and_an_unknown_one_is_404() -> None:
    product, _owner, _ = failing_product()
    item = WorkItem.objects.create(kind="failed_orders", product=product, occasion="2026-11-01", opened_at=NOW)
    console = browser(make_operator())
    assert "failed more orders in 2026-11" in text_at(console, "/console/probes/")
    assert console.post(f"/console/probes/items/{item.pk}/close/", {"note": " "}).status_code == 422
    assert WorkItem.objects.get(pk=item.pk).closed_at is None
    assert console.post(f"/console/probes/items/{item.pk}/close/", {"note": "Agreed."}).status_code == 302
    assert WorkItem.objects.get(pk=item.pk).note == "Agreed."
    assert console.post("/console/probes/items/4711/close/", {"note": "x"}).status_code == 404
    assert console.get("/console/probes/runs/4711/").status_code == 404


# --- joint products -------------------------------------------------------------------------------------------------------


def failing_joint_product() -> tuple[Product, User]:
    """Two calls of its application have failed since the morning."""
    owner = make_buyer(balance="0")
    product = product_of(joint_product(make_seller(member=owner)))
    its = market(breaking(WRONG, "authSync", "tenantSync"), now=MORNING)
    its.until(NIGHT)
    return product, owner


@pytest.mark.slow
@pytest.mark.parametrize(("language", "application"), [("en", "Application"), ("zh-hans", "应用")])
def test_pages_name_the_failing_interface_and_application(language: str, application: str) -> None:
    """openapi-jointkit §A.0: interface and kit share one URL, so it does not distinguish them."""
    product, owner = failing_joint_product()
    page, console = browser(owner, language), browser(make_operator(), language)
    kit = "联营kit 2.0" if language == "zh-hans" else "Joint-operation kit 2.0"
    named = f"{kit} · {NAME}"
    assert named in text_at(page, "/seller/probes/")
    shown = text_at(page, f"/seller/probes/{product.pk}/")
    assert shown.count(named) == 1 + 5 + 10, "the address, each case, each run of the day"
    assert "SaaS 2.0" in shown
    assert text_at(console, f"/console/products/{product.pk}/").count(named) == 5
    run = ProbeRun.objects.filter(activity="authSync").latest("pk")
    for path, reader in ((f"/seller/probes/runs/{run.pk}/", page), (f"/console/probes/runs/{run.pk}/", console)):
        own = text_at(reader, path)
        assert f"<dt>{application}</dt> <dd> {NAME} </dd>" in own
        assert kit in own
    plain = ProbeRun.objects.filter(activity="newInstance").latest("pk")
    assert NAME not in text_at(page, f"/seller/probes/runs/{plain.pk}/")


def test_product_with_one_interface_names_none() -> None:
    product, owner, _ = failing_product()
    assert "SaaS 2.0" not in text_at(browser(owner), f"/seller/probes/{product.pk}/")


@pytest.mark.slow
def test_manual_probe_shows_both_interfaces_while_it_runs() -> None:
    product, owner = failing_joint_product()
    page = browser(owner)
    assert page.post(f"/seller/probes/{product.pk}/now/").status_code == 302
    live = text_at(page, f"/seller/probes/{product.pk}/live/")
    assert live.count(f"Joint-operation kit 2.0 · {NAME}") == 5
    assert live.count("SaaS 2.0") == 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "says", "state"),
    [("en", "Required cases are not saved", "Unknown"), ("zh-hans", "商品所需的用例尚未保存", "未知")],
)
def test_missing_cases_are_named_with_a_link_to_save_them(language: str, says: str, state: str) -> None:
    owner = make_buyer(balance="0")
    application = joint_product(make_seller(member=owner), save=("tenantSync",))
    product = product_of(application)
    page = browser(owner, language)
    assert says not in text_at(page, f"/seller/probes/{product.pk}/"), "it was not probed yet"
    its = market(now=clock.now() - DAY)
    its.until(clock.now())
    shown = text_at(page, f"/seller/probes/{product.pk}/")
    assert says in shown
    assert "allOrgSync, applicationSync, authSync, singleOrgSync" in shown
    assert f'href="/seller/debug/{application.address_id}/"' in shown
    assert state in shown
    assert state in text_at(page, "/seller/probes/")


@pytest.mark.slow
def test_application_of_another_seller_is_not_named() -> None:
    product, _owner = failing_joint_product()
    other = make_buyer(balance="0")
    make_seller(member=other)
    run = ProbeRun.objects.filter(activity="authSync").latest("pk")
    for path in (f"/seller/probes/{product.pk}/", f"/seller/probes/runs/{run.pk}/"):
        assert browser(other).get(path).status_code == 404
    assert NAME not in text_at(browser(other), "/seller/probes/")
