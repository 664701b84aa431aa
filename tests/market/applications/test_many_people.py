"""Very many people of one enterprise: authorised by a group, told 500 a call, withdrawn (joint.md §4). In a soak 100,000."""

from __future__ import annotations

import time

import pytest

from tests import sampling
from tests.factories import NOW
from tests.factories.joint import make_binding, make_people, make_people_group, sync_rules
from tests.market.applications.told import command_of, tell_all, waiting
from tests.market.engine import answer, react
from tradepost.market.applications import authorise
from tradepost.market.applications.models import Authorisation, Sync, TenantBinding
from tradepost.protocols.commands import Done
from tradepost.protocols.sync_commands import SyncAuth

PEOPLE = 100_000 if sampling.SOAK else 5_000


@pytest.mark.django_db
@pytest.mark.soak
@pytest.mark.slow
def test_very_many_people(capsys: pytest.CaptureFixture[str]) -> None:
    binding = make_binding()
    tell_all(binding)
    binding = TenantBinding.objects.select_related("enterprise").get(pk=binding.pk)
    people = [one for _ in range(PEOPLE // 5_000) for one in make_people(binding.enterprise, 5_000)]
    group = make_people_group(binding.enterprise, people)
    began = time.perf_counter()
    authorise.authorise_group(binding, group, rules=sync_rules(), now=NOW)
    authorised = time.perf_counter() - began
    assert Authorisation.objects.filter(binding=binding, wanted=True).count() == PEOPLE
    calls, longest, told = 0, 0.0, 0
    began = time.perf_counter()
    while (call := waiting(binding)) is not None:
        command = command_of(call)
        assert isinstance(command, SyncAuth)
        told += len(command.users)
        answer(call, Done(), now=NOW)
        step = time.perf_counter()
        react(now=NOW)
        longest, calls = max(longest, time.perf_counter() - step), calls + 1
    all_told = time.perf_counter() - began
    assert (calls, told) == (PEOPLE // 500, PEOPLE)
    began = time.perf_counter()
    assert authorise.withdraw_group(binding, group, rules=sync_rules(), now=NOW) == PEOPLE
    withdrawn = time.perf_counter() - began
    assert Sync.objects.filter(binding=binding, kind="withdraw", status="running").exists()
    with capsys.disabled():
        print(  # noqa: T201  # what a soak measured
            f"\n{PEOPLE:,} people: authorised in {authorised:.1f} s, told in {calls} calls within {all_told:.1f} s"
            f" (the longest step {longest * 1000:.0f} ms), withdrawn in {withdrawn:.1f} s"
        )
