"""A page for each part that polls, with work in progress, and the ways in which that work ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.test import Client

from tests import factories
from tests.configured import changed
from tests.factories.assets import check_uploads, make_asset, upload_version
from tests.factories.companies import applicant, draft, owner_of, send
from tests.factories.people import PASSWORD
from tests.factories.publishable import may_publish
from tests.factories.web_tasks import EXPIRED, end_run, make_web_task
from tests.market import engine
from tests.market.assets.clamd import fake_clamd
from tests.market.debugging import answering
from tests.market.review import publishing
from tests.market.sites import renewing
from tests.market.sites.seller_center.shops import enter
from tradepost.market import wiring
from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.work import State
from tradepost.market.debugging.models import DebugRun
from tradepost.market.exports.models import Export
from tradepost.market.exports.order import COPY_KIND
from tradepost.market.fulfilment.models import Operation
from tradepost.market.identity import keys
from tradepost.market.identity.models import Domain, SigningKey
from tradepost.market.orders.finish import complete_order, give_up_order
from tradepost.market.review import hand_in, submit
from tradepost.market.web.pages import export_job
from tradepost.protocols.commands import Done


@dataclass(frozen=True)
class Walk:
    """A page with a part that polls. ``ends``: outcome → how the work ends. ``has``: outcome → actions on the page
    afterwards; ``lacks``: actions that disappear with the work."""

    client: Client
    page: str
    part: str
    ends: Mapping[str, Callable[[], object]]
    has: Mapping[str, str]
    lacks: str = ""


def _jobs(outcome: str, **result: Any) -> Callable[[], object]:
    """End every open job in this way."""
    fields = {"state": State.ENDED, "outcome": outcome, "ended_at": clock.now(), "result": result or None}
    return lambda: LeasedJob.objects.exclude(state=State.ENDED).update(**fields)


def _replay() -> Walk:
    seller = factories.make_seller()
    client = enter(_owner(seller))
    case = answering.answer(answering.tried(answering.at(seller=seller), "queryInstance"), now=clock.now())
    assert case.passed
    client.post("/seller/cases/replay/", {})
    replay_button = 'action="/seller/cases/replay/"'
    return Walk(
        client, "/seller/cases/?activity=queryInstance", "sc-replay",
        {"done": _jobs("done", cases=[], passed=True), "failed": _jobs("failed"), "cancelled": _jobs("cancelled")},
        dict.fromkeys(("done", "failed", "cancelled"), replay_button), 'action="/seller/cases/stop/"',
    )  # fmt: skip


def _owner(seller: Any) -> Any:
    user = factories.make_buyer(balance="0")
    seller.members.create(user=user, role="owner")
    return user


def _tester() -> Walk:
    seller = factories.make_seller()
    address, client = answering.at(seller=seller), enter(_owner(seller))
    page = f"/seller/debug/{address.pk}/why/"
    client.post(page)
    report = {
        "url": address.url, "headline": "All passed", "headlineZh": "全部通过", "summary": "s", "summaryZh": "s", "exitCode": 0,
        "seconds": 1.0, "leftBehind": [], "results": [],
    }  # fmt: skip
    return Walk(
        client, page, "sc-why",
        {"done": _jobs("done", **report), "failed": _jobs("failed"), "cancelled": _jobs("cancelled")},
        {"done": "Run the tester again", "failed": "Run the tester again", "cancelled": "Run the tester again"},
        f'action="{page}stop/"',
    )  # fmt: skip


def _web_check() -> Walk:
    seller = may_publish(now=clock.now())
    task, client = make_web_task(seller, now=clock.now()), enter(owner_of(seller))
    page = f"/seller/web-checks/{task.pk}/"
    client.post(f"{page}start/")

    def stopped() -> None:
        client.post(f"{page}stop/")
        end_run(now=clock.now())

    return Walk(
        client, page, "sc-web-check",
        {
            "done": lambda: end_run(EXPIRED, now=clock.now()), "failed": lambda: end_run(breaks=True, now=clock.now()),
            "cancelled": stopped,
        },
        {"done": "/appeal/", "failed": "Check now", "cancelled": "Check now"}, f'action="{page}stop/"',
    )  # fmt: skip


def _domain() -> Walk:
    seller = factories.make_seller()
    client = enter(_owner(seller))
    client.post("/seller/domains/", {"host": "api.seller.example"})
    domain = Domain.objects.get(seller=seller)
    page = f"/seller/domains/{domain.pk}/"
    client.post(f"{page}check/")

    def proven() -> None:
        Domain.objects.update(status="verified", how="https", verified_at=clock.now())
        _jobs("done")()

    check = f'action="{page}check/"'
    return Walk(
        client, page, "sc-domain", {"done": proven, "failed": _jobs("failed"), "cancelled": _jobs("cancelled")},
        {"done": check, "failed": check, "cancelled": check},
    )  # fmt: skip


def _key() -> Walk:
    seller = factories.make_seller()
    address, client = factories.make_address(seller), enter(_owner(seller))
    key = SigningKey.objects.get(seller=seller, interface_class="base")
    keys.stage_signing_key(seller, "base", replaces=key.key_id, secret="", by=None, now=clock.now())
    client.post("/seller/keys/signing/base/try/", {"address": address.pk})
    act = 'action="/seller/keys/signing/base/try/"'
    outcome = {"knows": False, "code": "timeout", "detail": ""}
    return Walk(
        client, "/seller/keys/", "sc-staged-base", {"done": _jobs("done", **outcome), "failed": _jobs("failed")},
        {"done": act, "failed": act},
    )  # fmt: skip


def _address() -> Walk:
    seller = factories.make_seller()
    address, client = factories.make_address(seller), enter(_owner(seller))
    page = f"/seller/addresses/{address.pk}/"
    client.post(f"{page}test/")
    act = f'action="{page}test/"'
    outcome = {"knows": False, "code": "timeout", "detail": ""}
    return Walk(
        client, page, "sc-trial", {"done": _jobs("done", **outcome), "failed": _jobs("failed")},
        {"done": act, "failed": act},
    )  # fmt: skip


def _submission() -> Walk:
    sent = send(draft(applicant()))
    words = {"zh": "没有应答", "en": "no answer"}
    findings = [{"section": "presence", "field": "website", "code": "website", "rule": "§1.4", "words": words}]
    return Walk(
        enter(owner_of(sent.seller)), f"/seller/submissions/{sent.pk}/", "submission-state",
        {
            "done": lambda: submit.record_passed_checks(sent.pk, settings=config(), now=clock.now()),
            "failed": lambda: submit.record_failed_checks(sent.pk, findings, settings=config(), now=clock.now()),
        },
        {"done": 'data-dialog="withdraw"', "failed": "Correct and submit again"},
    )  # fmt: skip


def _product() -> Walk:
    product = publishing.ready()
    publishing.submitted(product, now=clock.now())
    page = f"/seller/products/{product.pk}/submit/"
    return Walk(
        enter(owner_of(product.seller)), page, "sc-submission",
        {
            "done": lambda: publishing.end_replay(now=clock.now()),
            "failed": lambda: publishing.end_replay(failing="newInstance", now=clock.now()),
        },
        {"done": f'action="{page}withdraw/"', "failed": "Submit the product"},
    )  # fmt: skip


def _reviewed() -> Walk:
    sent = publishing.pending(publishing.ready(), now=clock.now())
    hand_in.restart_replay(sent, by="op", settings=config(), now=clock.now())
    page = f"/console/reviews/{sent.pk}/"
    act = f'action="{page}replay/"'
    return Walk(
        enter(factories.make_operator()), page, "review-replay",
        {
            "done": lambda: publishing.end_replay(now=clock.now()),
            "failed": lambda: publishing.end_replay(failing="newInstance", now=clock.now()),
            "cancelled": _jobs("cancelled"),
        },
        {"done": act, "failed": act, "cancelled": act},
    )  # fmt: skip


def _order() -> Walk:
    buyer = factories.make_buyer(balance="150")
    order = factories.make_order(buyer, now=clock.now(), paid=True)
    subscription = factories.make_subscription(order, now=clock.now())
    operation = factories.make_operation(order, subscription=subscription)

    def delivered() -> None:
        Operation.objects.filter(pk=operation.pk).update(status=Operation.Status.DONE)
        complete_order(order, now=clock.now())

    return Walk(
        enter(buyer), f"/orders/{order.number}/", "live",
        {"done": delivered, "failed": lambda: give_up_order(order, now=clock.now(), reason="timeout")},
        {"done": f"/services/{subscription.pk}/password/", "failed": "to your balance"},
    )  # fmt: skip


def _message() -> Walk:
    seller = factories.make_seller()
    client = enter(_owner(seller))
    operation = renewing.renewed(renewing.service(seller, now=clock.now() - timedelta(days=1)))
    call = renewing.call_of(operation)
    leased = engine.lease(call, now=clock.now())
    page = f"/seller/messages/{call.pk}/"
    return Walk(
        client, page, "sc-message",
        {
            "done": lambda: engine.end(leased, Done(), now=clock.now()),
            "failed": lambda: engine.end(leased, engine.REFUSED_CONNECTION, now=clock.now()),
        },
        {"done": "Done", "failed": f'action="{page}restart/"'},
    )  # fmt: skip


def _debugged() -> Walk:
    seller = factories.make_seller()
    address, client = answering.at(seller=seller), enter(_owner(seller))
    client.post(f"/seller/debug/{address.pk}/queryInstance/", {"do": "debug", "instanceId": "i-1"})
    run = DebugRun.objects.latest("pk")

    def unanswered() -> None:
        answering.answer(run, engine.REFUSED_CONNECTION, now=clock.now())

    return Walk(
        client, f"/seller/debug/{address.pk}/queryInstance/?run={run.pk}", "sc-result",
        {"done": lambda: answering.answer(run, now=clock.now()), "failed": unanswered},
        {"done": "Succeeded and saved as a case", "failed": "Find out why"},
    )  # fmt: skip


def _version() -> Walk:
    version = upload_version(make_asset(may_publish(now=clock.now())), now=clock.now())

    def infected() -> None:
        with fake_clamd(lambda _stream: "Eicar-Test-Signature FOUND") as clamd:
            check_uploads(changed(config(), clamd_url=clamd.url), now=clock.now())

    return Walk(
        enter(owner_of(version.asset.seller)), f"/seller/assets/versions/{version.pk}/", "asset-state",
        {"done": lambda: check_uploads(now=clock.now()), "failed": infected},
        {"done": 'data-dialog="asset-withdraw"', "failed": "/appeal/"},
    )  # fmt: skip


def _asset() -> Walk:
    walk = _version()
    version = walk.page.rstrip("/").rpartition("/")[2]
    asset = AssetVersion.objects.get(pk=version).asset_id
    return Walk(
        walk.client,
        f"/seller/assets/{asset}/",
        "asset-versions",
        walk.ends,
        {"done": "/seller/assets/versions/", "failed": 'id="remarks"'},
    )


def _operation() -> Walk:
    seller = factories.make_seller()
    client = enter(_owner(seller))
    operation = renewing.renewed(renewing.service(seller, now=clock.now() - timedelta(days=1)))
    page = f"/seller/operations/{operation.pk}/"

    def to(status: str) -> Callable[[], object]:
        return lambda: Operation.objects.filter(pk=operation.pk).update(status=status)

    return Walk(
        client, page, "sc-operation", {"done": to("done"), "failed": to("stopped"), "cancelled": to("dropped")},
        {"done": "Completed.", "failed": f'action="{page}restart/"', "cancelled": "The operation was skipped"},
    )  # fmt: skip


def _service() -> Walk:
    seller = factories.make_seller()
    service = renewing.service(seller, now=clock.now() - timedelta(days=1))
    operation = renewing.renewed(service)
    page = f"/services/{service.pk}/"

    def to(status: str) -> Callable[[], object]:
        return lambda: Operation.objects.filter(pk=operation.pk).update(status=status)

    return Walk(
        enter(service.buyer), page, "sf-now", {"done": to("done"), "cancelled": to("dropped")},
        {"done": f"{page}renew/", "cancelled": f"{page}renew/"}, "Under way now",
    )  # fmt: skip


def _compared() -> Walk:
    client = enter(factories.make_operator())
    client.post("/console/reconcile/compare/")
    act = 'action="/console/reconcile/compare/"'
    return Walk(
        client, "/console/reconcile/", "comparisons",
        {"done": _jobs("done"), "failed": _jobs("failed"), "cancelled": _jobs("cancelled")},
        dict.fromkeys(("done", "failed", "cancelled"), act),
    )  # fmt: skip


def _debugged_all() -> Walk:
    seller = factories.make_seller()
    address, client = answering.at(seller=seller), enter(_owner(seller))
    page = f"/seller/debug/{address.pk}/all/"
    client.post(page)
    start_button = f'action="{page}"'
    return Walk(
        client, page, "sc-debug-all",
        {"done": _jobs("done"), "failed": _jobs("failed"), "cancelled": _jobs("cancelled")},
        dict.fromkeys(("done", "failed", "cancelled"), start_button), f'action="{page}stop/"',
    )  # fmt: skip


def _exported() -> Walk:
    buyer = factories.make_buyer()
    factories.make_order(buyer)
    client = enter(buyer)
    client.post("/exports/new/", {"path": "/orders/", "query": "", "format": "csv"})

    def written() -> None:
        leased_jobs.run_due(export_job.tasks(), now=clock.now, wall=clock.wall, owner="w")

    def failed() -> None:
        Export.objects.update(status=Export.Status.FAILED, reason="The disk is full.", ended_at=clock.now())

    return Walk(
        client, "/exports/", "exports", {"done": written, "failed": failed},
        {"done": "/file/", "failed": "The disk is full."},
    )  # fmt: skip


def _copied() -> Walk:
    client = enter(factories.make_buyer())
    client.post("/profile/data/", {"password": PASSWORD})
    tasks = {COPY_KIND: wiring.LEASED_TASKS[COPY_KIND]}

    def written() -> None:
        leased_jobs.run_due(tasks, now=clock.now, wall=clock.wall, owner="w")

    def ended(status: str) -> Callable[[], object]:
        return lambda: Export.objects.update(status=status, ended_at=clock.now())

    request_button = 'action="/profile/data/"'
    return Walk(
        client, "/profile/data/", "sf-personal-export",
        {"done": written, "failed": ended("failed"), "cancelled": ended("cancelled")},
        {"done": "/profile/data/file/", "failed": request_button, "cancelled": request_button},
    )  # fmt: skip


WALKS = {
    "replay": _replay, "tester": _tester, "web check": _web_check, "domain": _domain, "key": _key, "address": _address,
    "submission": _submission, "product": _product, "review": _reviewed, "order": _order, "message": _message,
    "debugging": _debugged, "version": _version, "asset": _asset, "operation": _operation, "service": _service,
    "comparison": _compared, "debugging all": _debugged_all, "export": _exported, "copy": _copied,
}  # fmt: skip
OUTCOMES = {
    "replay": "done failed cancelled", "tester": "done failed cancelled", "web check": "done failed cancelled",
    "domain": "done failed cancelled", "key": "done failed", "address": "done failed", "submission": "done failed",
    "product": "done failed", "review": "done failed cancelled", "order": "done failed", "message": "done failed",
    "debugging": "done failed", "version": "done failed", "asset": "done failed", "operation": "done failed cancelled",
    "service": "done cancelled", "comparison": "done failed cancelled",
    "debugging all": "done failed cancelled", "export": "done failed", "copy": "done failed cancelled",
}  # fmt: skip
