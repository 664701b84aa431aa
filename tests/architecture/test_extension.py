"""A new protocol version, kind of product, kind of operation, kind of submission, scanner and source of the work queue
are one new folder or module each, without a change elsewhere.

All are added to a copy of the sources in a temporary tree. There, an order of the new kind is sold over the new
protocol, and the new operation is run on the sold service.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT

PROTOCOL = '''"""A version that exists only in a test."""

from dataclasses import dataclass

from tradepost.protocols.commands import Command
from tradepost.protocols.saas_v2 import SaasV2
from tradepost.protocols.stored import version
from tradepost.protocols.text import Text


@version(2, upgrades={1: lambda members: {**members, "tune": "none"}})
@dataclass(frozen=True, slots=True, kw_only=True)
class WindUp(Command):
    instance_id: str
    tune: str


class Toy(SaasV2):
    def __init__(self) -> None:
        super().__init__()
        self.name = "toy_v9"
        self.title = Text.same("Toy 9")
        self.activities = {**self.activities, WindUp: "windUp"}


PROTOCOL = Toy()
'''
KIND = '''"""A kind of product that exists only in a test."""

from tradepost.market.product_types.contract import ProductType, Step
from tradepost.protocols.commands import ChargingMode, Create, Query
from tradepost.protocols.text import Text

KIND = ProductType(
    code="TOY", title=Text(en="Toy", zh="玩具"), protocols=("toy_v9",), charging_modes=(ChargingMode.ONE_TIME,),
    steps={"NEW": (Step(Create), Step(Query, until_access=True))},
)
'''
OPERATION = '''"""A kind of operation that exists only in a test."""

from tradepost.market.fulfilment.contract import Defaults, Effects, NoParameters, ProtocolCommand
from tradepost.protocols.commands import Query


class Look(Defaults[NoParameters]):
    name, title, wanted = "look", "Look", NoParameters
    refundable, prolongs, ends = False, False, False

    def ask(self, case):
        return ProtocolCommand(command=Query(instance_ids=(case.held.instance_id,))) if case.said is None else None

    def on_done(self, case):
        return Effects(seller_state="unknown" if case.said.answer.instances == () else "")


KIND = Look()
'''
REVIEW = '''"""A kind of submission that exists only in a test."""

from dataclasses import dataclass

from tradepost.market.base import stored
from tradepost.market.review.contract import Defaults, Item, Question, Section


@stored.version(1)
@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    words: str = ""


class Wishing(Defaults[Wish]):
    name, title, document = "wish", "Wish", Wish
    sections = (Section(code="wish", title="Wish"),)
    questions = (Question(field="words", section="wish", label="Words"),)
    items = (Item(code="kind", words="It is a kind one.", rule="none"),)

    def blank(self, seller, *, product):
        return Wish(words="a toy")

    def self_check(self, case):
        return ()

    def approve(self, case, *, by):
        type(case.seller).objects.filter(pk=case.seller.pk).update(about=case.document.words)


KIND = Wishing()
'''
SCANNER = '''"""A scanner that exists only in a test."""

from tradepost.market.assets.scan_contract import ScanResult, Verdict


class Nose:
    name = "nose"

    def scan(self, subject):
        return ScanResult(verdict=Verdict.INFECTED, by="Nose 1")


SCANNER = Nose()
'''
QUEUE = '''"""A source of the work queue that exists only in a test."""

from tradepost.market.identity.models import Seller
from tradepost.market.work_queue.contract import Entry, key_of


class Trains:
    name, title = "trains", "Trains"

    def list_url(self):
        return "/console/sellers/"

    def rows(self):
        return Seller.objects.filter(about="a train").order_by("pk")

    def entries(self, rows, clock):
        return [Entry(key=key_of("trains", one.pk), title="A train", about=one.name, url="/console/sellers/",
                      since=one.created_at, due_at=clock.due(one.created_at)) for one in rows]


SOURCES = (Trains(),)
'''
SALE = """
import django
django.setup()
from tests.migrated import migrate_here
migrate_here()
from tests.factories import make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.factories.products import ONCE
from tests.market.working import working
from tests.waiting import until
from tradepost.kit import AppInfo, Create, Created, Seller
from tradepost.kit.testing import running
from tradepost.market.base import clock
from django.db import transaction
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.operate import OperationRequest, operate
from tradepost.market.fulfilment.registry import operation_kinds
from tradepost.market.orders.models import Order
from tradepost.market.product_types.registry import product_types
from tradepost.protocols.registry import protocols

from tradepost.market.production import calls
from tradepost.protocols.toy_v9 import WindUp
assert calls.load("WindUp", {"instance_id": "i"}) == WindUp(instance_id="i", tune="none")
assert calls.dump(WindUp(instance_id="i", tune="a"))["v"] == 2
assert "toy_v9" in protocols() and "TOY" in product_types() and "look" in operation_kinds()
kit = Seller(store=FOLDER + "/kit.db", key="a signing key of tests", protocols=("toy_v9",))
kit.on(Create)(lambda command: Created(app=AppInfo(front_end_url="https://toy.example/")))
now = clock.now()
with running(kit) as url, working():
    seller = make_seller(now=now)
    address = make_address(seller, url=url, protocol="toy_v9", now=now)
    product = make_product(seller, address=address, prices=(ONCE,), product_type="TOY", now=now)
    order = make_order(make_buyer(now=now), offer=make_offer(product), paid=True, now=now)
    until(lambda: Order.objects.get(pk=order.pk).status == "completed", what="the toy is delivered")
    with transaction.atomic():
        [held] = locked_subscriptions([order.lines.get().subscription_id])
        request = OperationRequest(kind="look", subscription=held, origin=Operation.Origin.OPERATOR)
        [looking] = operate([request], now=clock.now())
    until(lambda: Operation.objects.get(pk=looking.pk).status == "done", what="somebody looked at it")
from tests.factories import make_operator
from tradepost.market.base.config import config
from tradepost.market.review import decide, drafts, submit
from tradepost.market.review.registry import review_kinds
assert "wish" in review_kinds()
wish = drafts.begin("wish", seller, by=None, now=now)
wish = submit.submit(drafts.save(wish, {"words": "a train"}, revision=0, now=now), by=make_operator(now=now), settings=config(), now=now)
assert wish.status == "pending" and wish.due_at > now
decide.approve(wish, checklist=["kind"], by=make_operator(now=now), settings=config(), now=now)
seller.refresh_from_db()
assert seller.about == "a train"
from zoneinfo import ZoneInfo
from tradepost.market.work_queue import queue_queries
from tradepost.market.work_queue.contract import Clock
looked = Clock(now=now, settings=config(), zone=ZoneInfo("Asia/Shanghai"))
asked = queue_queries.QueueFilter(source="trains")
[train] = queue_queries.listed(asked, reader=make_operator(now=now), clock=looked).entries
assert (train.entry.key, train.late) == (f"trains:{seller.pk}", False)
from tests.factories.assets import make_asset, make_version
from tests.factories import make_buyer as person
version = make_version(make_asset(make_seller(member=person(now=now), now=now)))
assert (version.verdict, version.report["by"]) == ("infected", ["Nose 1"])
print("sold")
"""


def test_extensions_change_no_other_file(
    tmp_path: Path,
) -> None:
    tree = tmp_path / "src"
    ignore = shutil.ignore_patterns("vendor")  # compiled modules are copied: they import fast, also in a transaction
    shutil.copytree(ROOT / "src/tradepost", tree / "tradepost", ignore=ignore)
    before = {path.relative_to(tree) for path in tree.rglob("*") if path.is_file()}
    for folder, source in (
        ("protocols/toy_v9", PROTOCOL), ("market/product_types/kinds/toy", KIND), ("market/review/kinds/wish", REVIEW),
        ("market/assets/scanners/nose", SCANNER),
    ):  # fmt: skip
        (tree / "tradepost" / folder).mkdir()
        (tree / "tradepost" / folder / "__init__.py").write_text(source, encoding="utf-8")
    (tree / "tradepost/market/fulfilment/kinds/look.py").write_text(OPERATION, encoding="utf-8")
    (tree / "tradepost/market/work_queue/sources/trains.py").write_text(QUEUE, encoding="utf-8")
    after = {path.relative_to(tree) for path in tree.rglob("*") if path.is_file()}
    assert len(after - before) == 6

    environment = os.environ | {
        "PYTHONPATH": f"{tree}{os.pathsep}{ROOT}", "TRADEPOST_DATA": str(tmp_path / "data"), "TRADEPOST_DATABASE_URL": "",
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    sale = f"FOLDER = {str(tmp_path)!r}\n{SALE}"
    done = subprocess.run(
        [sys.executable, "-c", sale],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.stdout.strip().endswith("sold"), done.stderr[-3000:]
