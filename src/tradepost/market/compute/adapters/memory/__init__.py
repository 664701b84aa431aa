"""The sandbox's cloud: servers are rows. They change state immediately and can be made to fail (``Fault``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from django.db import transaction

from tradepost.market.compute.contract import (
    CloudError,
    Login,
    NewServer,
    ObservedServer,
    OfferedItem,
    OwnedServer,
    State,
    SystemImage,
)
from tradepost.market.compute.models import SandboxServer
from tradepost.protocols.text import Text

Fault = SandboxServer.Fault


class Memory:
    def __init__(self) -> None:
        self.name = "memory"
        self.title = Text(en="Sandbox cloud", zh="沙箱云")
        self.observe_every: timedelta | None = None
        self.sizes: Sequence[OfferedItem] = (
            OfferedItem(code="s1", title=Text(en="Small: 1 CPU, 2 GB", zh="小型：1 核 2 GB")),
            OfferedItem(code="m2", title=Text(en="Medium: 2 CPUs, 8 GB", zh="中型：2 核 8 GB")),
            OfferedItem(code="l8", title=Text(en="Large: 8 CPUs, 32 GB", zh="大型：8 核 32 GB")),
        )
        self.images: Sequence[OfferedItem] = (
            OfferedItem(code="ubuntu-24.04", title=Text(en="Ubuntu 24.04", zh="Ubuntu 24.04")),
            OfferedItem(code="openeuler-24.03", title=Text(en="openEuler 24.03", zh="openEuler 24.03")),
        )

    def create(self, new_server: NewServer, *, token: str) -> ObservedServer:
        with transaction.atomic():
            server, _new = SandboxServer.objects.get_or_create(
                token=token,
                defaults={"name": new_server.name, "size": new_server.size, "image": new_server.image.reference},
            )
        return _check_fault(server)

    def start(self, server_id: str, *, token: str) -> ObservedServer:
        del token  # repeating a step changes nothing
        return self._set(server_id, running=True)

    def stop(self, server_id: str, *, token: str) -> ObservedServer:
        del token
        return self._set(server_id, running=False)

    def replace_system(self, server_id: str, image: SystemImage, login: Login, *, token: str) -> ObservedServer:
        del login, token
        return self._set(server_id, running=True, image=image.reference)

    def release(self, server_id: str, *, token: str) -> ObservedServer:
        server = SandboxServer.objects.filter(token=server_id or token).first()
        if server is None:
            return ObservedServer(server_id=server_id, state=State.GONE)
        return self._set(server.token, running=False, deleted=True)

    def observe(self, server_ids: Collection[str]) -> Mapping[str, ObservedServer]:
        return {
            server.token: _observed_server(server)
            for server in SandboxServer.objects.filter(token__in=list(server_ids))
        }

    def is_gone(self, server_id: str) -> bool:
        return not SandboxServer.objects.filter(token=server_id, deleted=False).exists()

    def place(self) -> str:
        return "sandbox"

    def owned(self, market: str) -> Sequence[OwnedServer]:
        del market  # a sandbox does not share its cloud
        existing = SandboxServer.objects.filter(deleted=False).order_by("pk")
        return [OwnedServer(server_id=server.token, token=server.token, name=server.name) for server in existing]

    def _set(self, server_id: str, **columns: object) -> ObservedServer:
        with transaction.atomic():
            server = SandboxServer.objects.filter(token=server_id).first()
            if server is None or (server.deleted and "deleted" not in columns):
                raise CloudError(f"no server {server_id}", final=True)
            _check_fault(server)
            SandboxServer.objects.filter(pk=server.pk).update(**columns)
        return _observed_server(SandboxServer.objects.get(pk=server.pk))


def _check_fault(server: SandboxServer) -> ObservedServer:
    if server.fault == Fault.REFUSES:
        raise CloudError("the sandbox was told to refuse everything about this server")
    return _observed_server(server)


def _observed_server(server: SandboxServer) -> ObservedServer:
    if server.deleted:
        return ObservedServer(server_id=server.token, state=State.GONE)
    state = State.RUNNING if server.running else State.STOPPED
    return ObservedServer(
        server_id=server.token,
        state=state,
        healthy=server.fault != Fault.BROKEN,
        address=f"10.0.{server.pk >> 8 & 255}.{server.pk & 255}",
    )


CLOUD = Memory()
