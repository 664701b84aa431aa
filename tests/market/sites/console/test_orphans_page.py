"""The page of servers without an order: known facts, the last check, and confirmation of a deletion (business-rules
§5)."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import NOW, make_operator
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.work import State
from tradepost.market.compute import orphans
from tradepost.market.compute.models import OrphanServer

pytestmark = pytest.mark.django_db
KNOWN = "Every server has an order"


def page(settings) -> str:
    settings.CLOUD = "memory"
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    return re.sub(r"\s+", " ", client.get(reverse("console:orphans")).content.decode())


def checked(outcome: str) -> None:
    job = orphans.start("memory", now=NOW)
    if outcome:
        LeasedJob.objects.filter(pk=job.pk).update(state=State.ENDED, outcome=outcome, ended_at=NOW)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (None, "Not checked yet"), ("", "A check is in progress."), ("done", KNOWN),
        ("failed", "The last check failed, so the result is unknown."),
        ("cancelled", "The last check failed, so the result is unknown."),
    ],
)  # fmt: skip
def test_only_a_successful_check_reports_that_every_server_has_an_order(
    outcome: str | None, words: str, settings
) -> None:
    if outcome is not None:
        checked(outcome)
    text = page(settings)
    assert words in text
    assert (KNOWN in text) is (outcome == "done")
    follows = 'id="c-orphans" role="status" hx-get="/console/servers/orphans/" hx-trigger="every 2s"'
    assert (follows in text) is (outcome == "")


def test_deletion_is_confirmed(settings) -> None:
    orphan = OrphanServer.objects.create(
        cloud="memory", provider_id="left", name="web-9", found_at=NOW, seen_at=NOW
    )  # fmt: skip
    text = page(settings)
    assert f'data-dialog="c-delete-{orphan.pk}"' in text
    dialog = re.search(rf'<dialog[^>]*id="c-delete-{orphan.pk}".*?</dialog>', text)
    assert dialog is not None
    assert "Delete the server web-9?" in dialog[0]
    action = f'action="{reverse("console:orphan_release", args=[orphan.pk])}"'
    assert action in dialog[0]
    assert text.count(action) == 1
