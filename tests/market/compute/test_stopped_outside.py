"""A stop and start in the cloud's own console makes one act and one history entry of the service (§5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clouds import ec2
from tests.clouds.asking import created
from tests.factories import make_buyer
from tests.factories.images import make_image, make_server, rest
from tests.factories.people import NOW
from tradepost.market.base.models import Move
from tradepost.market.compute import tasks
from tradepost.market.compute.contract import ObservedServer, State
from tradepost.market.compute.models import Server
from tradepost.market.subscriptions.lifecycle import ACCESS_HISTORY, access_data

pytestmark = pytest.mark.django_db


def test_stop_and_start_at_ec2_is_one_entry_and_the_buyer_gets_the_new_address(moto_url: str, tmp_path: Path) -> None:
    server = make_server(make_buyer(balance="50", now=NOW), make_image(now=NOW), now=NOW)
    service = server.service
    assert service is not None
    with ec2.ec2_cloud(moto_url, tmp_path) as cloud:
        name = created(cloud).server_id

        def look() -> ObservedServer:
            observed = cloud.adapter.observe([name])[name]
            tasks.store_observation(Server.objects.get(pk=server.pk), observed, now=NOW)
            rest(NOW)
            return observed

        running = look()
        before = Move.objects.filter(lifecycle=ACCESS_HISTORY, subject=str(service.pk)).count()
        api = ec2.client(moto_url)
        api.stop_instances(InstanceIds=[name])
        stopped = look()
        assert (stopped.state, stopped.address == running.address) == (State.STOPPED, False)
        assert Server.objects.get(pk=server.pk).address == running.address
        history = Move.objects.filter(lifecycle=ACCESS_HISTORY, subject=str(service.pk))
        assert history.count() == before, "a stopped server has no address"
        api.start_instances(InstanceIds=[name])
        observed_again = look()
        assert observed_again.address not in {running.address, stopped.address}
        assert history.count() == before + 1
        service.refresh_from_db()
        access = access_data(service)
        assert access is not None
        assert access.front_end_url == f"ssh://root@{observed_again.address}"
        moves = Move.objects.filter(lifecycle="server", subject=str(server.pk)).order_by("-pk")
        assert list(moves.values_list("event", flat=True)[:2]) == ["run", "stop"]
