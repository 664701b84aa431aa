"""An operation in the cloud as buyer, seller and operator see it: running and stopped (business-rules §5)."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import NOW, make_operator
from tests.factories.every_kind import service_of_kind
from tests.market.engine import react
from tradepost.market.base import outbox
from tradepost.market.compute.models import Server, Task
from tradepost.market.fulfilment.events import OperationStopped
from tradepost.market.fulfilment.models import Operation, lane_of
from tradepost.market.identity.models import User
from tradepost.market.notifications.messages import TEMPLATES
from tradepost.market.notifications.models import Notice

pytestmark = pytest.mark.django_db


def operation(status: str) -> Operation:
    subscription = service_of_kind("IMAGE", "ON_DEMAND")
    task = Task.objects.create(
        server=Server.objects.get(service=subscription), action="resume", status="asked", created_at=NOW
    )  # fmt: skip
    return Operation.objects.create(
        lane=lane_of(subscription), subscription=subscription, seller=subscription.seller, kind="unfreeze", origin="market", task=task,
        status=status, note="capacity" if status == "stopped" else "", created_at=NOW, started_at=NOW,
    )  # fmt: skip


def page(user: User, name: str, pk: int) -> str:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client.get(reverse(name, args=[pk])).content.decode()


def status_card(text: str) -> str:
    match = re.search(r'<div id="sf-now".*?</section>', text, re.DOTALL)
    assert match is not None
    return match[0]


def test_running_cloud_operation_is_shown_as_in_progress() -> None:
    running = operation("running")
    assert running.subscription is not None
    text = status_card(page(running.subscription.buyer, "storefront:subscription", running.subscription.pk))
    assert "The cloud is working on it." in text
    assert "every 5s" in text
    assert "tp-bad" not in text
    seller = running.seller.members.get().user
    text = page(seller, "seller_center:operation", running.pk)
    assert "The cloud is working on it." in text
    assert "every 2s" in text
    assert "The cloud is working on it." in page(make_operator(), "console:operation", running.pk)


def test_stopped_cloud_operation_refers_to_the_operator() -> None:
    stopped = operation("stopped")
    assert stopped.subscription is not None
    text = status_card(page(stopped.subscription.buyer, "storefront:subscription", stopped.subscription.pk))
    assert "The cloud could not complete it. The operator can see the error and retry." in text
    assert "seller's system" not in text
    text = page(stopped.seller.members.get().user, "seller_center:operation", stopped.pk)
    assert "The cloud could not complete it. The operator can see the error and retry." in text
    assert reverse("seller_center:operation_restart", args=[stopped.pk]) not in text
    text = page(make_operator(), "console:operation", stopped.pk)
    assert "The cloud could not complete the operation." in text
    assert reverse("console:operation_restart", args=[stopped.pk]) in text
    assert "The seller was notified" not in text


def test_cloud_failure_notices_do_not_blame_the_seller() -> None:
    stopped = operation("stopped")
    make_operator()
    react(now=NOW)
    Notice.objects.all().delete()
    outbox.publish(OperationStopped(operation=stopped.pk, call=None, at=NOW), now=NOW)
    react(now=NOW)
    kinds = set(Notice.objects.values_list("kind", flat=True))
    assert kinds == {"seller_cloud_stopped", "operator_cloud_stopped"}
    for kind in kinds:
        assert not re.search("seller must|call|interface", str(TEMPLATES[kind].body), re.IGNORECASE)
