"""Many people of one enterprise: authorised by a group, sent 500 a call, withdrawn (joint.md §4). A soak uses 100,000."""

from __future__ import annotations

import pytest

from tests import sampling
from tests.factories import NOW
from tests.factories.joint import make_binding, make_member_group, make_people, sync_rules
from tests.market.applications.told import command_of, tell_all, waiting
from tests.market.engine import answer, react
from tradepost.market.applications import authorise
from tradepost.market.applications.models import Authorisation, Sync, TenantBinding
from tradepost.protocols.commands import Done
from tradepost.protocols.sync_commands import SyncAuth

PEOPLE = 100_000 if sampling.SOAK else 5_000


@pytest.mark.django_db
@pytest.mark.slow
def test_very_many_people() -> None:
    binding = make_binding()
    tell_all(binding)
    binding = TenantBinding.objects.select_related("enterprise").get(pk=binding.pk)
    people = [person for _ in range(PEOPLE // 5_000) for person in make_people(binding.enterprise, 5_000)]
    group = make_member_group(binding.enterprise, people)
    authorise.authorise_group(binding, group, rules=sync_rules(), now=NOW)
    assert Authorisation.objects.filter(binding=binding, wanted=True).count() == PEOPLE
    calls, sent_people = 0, 0
    while (call := waiting(binding)) is not None:
        command = command_of(call)
        assert isinstance(command, SyncAuth)
        sent_people += len(command.users)
        answer(call, Done(), now=NOW)
        react(now=NOW)
        calls += 1
    assert (calls, sent_people) == (PEOPLE // 500, PEOPLE)
    assert authorise.withdraw_group(binding, group, rules=sync_rules(), now=NOW) == PEOPLE
    assert Sync.objects.filter(binding=binding, kind="withdraw", status="running").exists()
