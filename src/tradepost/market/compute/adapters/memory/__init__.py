"""A cloud that a sandbox plays: servers are rows. They do at once what they are told, and can be made to fail (``Fault``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from django.db import transaction

from tradepost.market.compute.contract import CloudError, Login, NewServer, Offered, Owned, Seen, State, SystemImage
from tradepost.market.compute.models import SandboxServer
from tradepost.protocols.text import Text

Fault = SandboxServer.Fault


class Memory:
    def __init__(self) -> None:
        self.name = "memory"
        self.title = Text(en="Sandbox cloud", zh="沙箱云")
        self.observe_every: timedelta | None = None
        self.sizes: Sequence[Offered] = (
            Offered(code="s1", title=Text(en="Small: 1 CPU, 2 GB", zh="小型：1 核 2 GB")),
            Offered(code="m2", title=Text(en="Medium: 2 CPUs, 8 GB", zh="中型：2 核 8 GB")),
            Offered(code="l8", title=Text(en="Large: 8 CPUs, 32 GB", zh="大型：8 核 32 GB")),
        )
        self.images: Sequence[Offered] = (
            Offered(code="ubuntu-24.04", title=Text(en="Ubuntu 24.04", zh="Ubuntu 24.04")),
            Offered(code="openeuler-24.03", title=Text(en="openEuler 24.03", zh="openEuler 24.03")),
        )

    def create(self, wanted: NewServer, *, token: str) -> Seen:
        with transaction.atomic():
            made, _new = SandboxServer.objects.get_or_create(
                token=token, defaults={"name": wanted.name, "size": wanted.size, "image": wanted.image.reference}
            )
        return _willing(made)

    def start(self, server_id: str, *, token: str) -> Seen:
        del token  # what is done already stays so
        return self._set(server_id, running=True)

    def stop(self, server_id: str, *, token: str) -> Seen:
        del token
        return self._set(server_id, running=False)

    def replace_system(self, server_id: str, image: SystemImage, login: Login, *, token: str) -> Seen:
        del login, token
        return self._set(server_id, running=True, image=image.reference)

    def release(self, server_id: str, *, token: str) -> Seen:
        known = SandboxServer.objects.filter(token=server_id or token).first()
        if known is None:
            return Seen(server_id=server_id, state=State.GONE)
        return self._set(known.token, running=False, deleted=True)

    def observe(self, server_ids: Collection[str]) -> Mapping[str, Seen]:
        return {one.token: _seen(one) for one in SandboxServer.objects.filter(token__in=list(server_ids))}

    def owned(self, market: str) -> Sequence[Owned]:
        del market  # a sandbox has its cloud to itself
        existing = SandboxServer.objects.filter(deleted=False).order_by("pk")
        return [Owned(server_id=one.token, token=one.token, name=one.name) for one in existing]

    def _set(self, server_id: str, **columns: object) -> Seen:
        with transaction.atomic():
            found = SandboxServer.objects.filter(token=server_id).first()
            if found is None or (found.deleted and "deleted" not in columns):
                raise CloudError(f"no server {server_id}", final=True)
            _willing(found)
            SandboxServer.objects.filter(pk=found.pk).update(**columns)
        return _seen(SandboxServer.objects.get(pk=found.pk))


def _willing(one: SandboxServer) -> Seen:
    if one.fault == Fault.REFUSES:
        raise CloudError("the sandbox was told to refuse everything about this server")
    return _seen(one)


def _seen(one: SandboxServer) -> Seen:
    if one.deleted:
        return Seen(server_id=one.token, state=State.GONE)
    state = State.RUNNING if one.running else State.STOPPED
    return Seen(
        server_id=one.token,
        state=state,
        healthy=one.fault != Fault.BROKEN,
        address=f"10.0.{one.pk >> 8 & 255}.{one.pk & 255}",
    )


CLOUD = Memory()
