"""The demo's enterprise: a listed product with joint operation, people from a table, bound and authorised
(openapi-jointkit §A.0, §B.1), by the verbs of the pages, with the real sample seller; a second start changes nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories.joint import KIT_KEY, private_pem, public_pem
from tests.kit.joint.sample import sample
from tests.market.working import working
from tests.waiting import until
from tradepost.market import seed
from tradepost.market.applications.models import Application, Authorisation, TenantBinding
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.catalog.models import Product
from tradepost.market.identity import keys
from tradepost.market.identity.models import SigningKey
from tradepost.market.organisations.models import Department, ImportRun, Member
from tradepost.market.production.models import Attempt, Call
from tradepost.market.review.models import Submission
from tradepost.market.seed.joint_data import joint

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
]
STATUS = TenantBinding.Status


def test_enterprise_uses_a_product_and_the_next_start_changes_nothing(tmp_path: Path) -> None:
    loaded = seed.load(clock.now(), seller_address="http://127.0.0.1:9/produce")
    keys.rotate_signing_key(loaded.seller, SigningKey.InterfaceClass.KIT, now=clock.now(), secret=KIT_KEY)
    assert seed.joint_keys(clock.now()) == (loaded.signing_key, KIT_KEY)
    own = {"SELLER_KEY": loaded.signing_key, "SELLER_KIT_KEY": KIT_KEY, "SELLER_PRIVATE_KEY": private_pem()}
    with sample(tmp_path, **own) as url, working():
        server = seed.JointServer(root=url, public_key=public_pem())
        road = seed.Road(seller_address=server.address, settings=config(), now=clock.now)
        for _ in range(2):
            seed.open_enterprise(road, seed.ensure_listed(road, server, seed.ensure_credential(road, server)))
        bound = TenantBinding.objects.get(subscription__isnull=False)
        authorisations = Authorisation.objects.filter(binding=bound, acked_version__gt=0)
        until(lambda: authorisations.count() == len(joint().enterprise.in_group) + 1, what="authSync is acknowledged")
    product = Product.objects.get(slug="qingxie-together")
    assert (product.status, Application.objects.get().product, bound.status) == ("on_sale", product, STATUS.BOUND)
    assert Submission.objects.filter(product=product).count() == 1
    assert (ImportRun.objects.get().status, Member.objects.filter(enterprise=bound.enterprise).count()) == ("done", 10)
    assert Department.objects.filter(enterprise=bound.enterprise).count() == 1 + len(joint().enterprise.department)
    member = Member.objects.select_related("user").get(user_name=seed.MEMBER_LOGIN.email)
    assert member.user.check_password(seed.MEMBER_LOGIN.password)
    assert_messages_contain_only_accounts()


def assert_messages_contain_only_accounts() -> None:
    """Only the accounts of people are stored (§A.7)."""
    sent = Attempt.objects.filter(call__purpose=Call.Purpose.SYNC, call__kind="SyncAuth")
    bodies = list(sent.values_list("request_body", flat=True))
    assert bodies
    assert all("userName" in body for body in bodies)
    assert not any("赵敏" in body or "工程师" in body for body in bodies)
