"""The sandbox's own cloud. It has no tags, quotas or credentials, so tests of these skip it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tradepost.market.compute.adapters.memory import Memory
from tradepost.market.compute.models import SandboxServer


class UnderTest:
    real = False

    def __init__(self) -> None:
        self.adapter = Memory()

    def servers(self) -> list[str]:
        return list(SandboxServer.objects.filter(deleted=False).order_by("pk").values_list("token", flat=True))

    def image_of(self, server_id: str) -> str:
        return SandboxServer.objects.get(token=server_id).image

    def disks(self) -> int:
        return len(self.servers())

    def disk_changes(self) -> int:
        """Another image is written over the first, so there are as many changes as servers with another image."""
        return SandboxServer.objects.exclude(image="asset:1").count()


@contextmanager
def memory_cloud() -> Iterator[UnderTest]:
    yield UnderTest()
