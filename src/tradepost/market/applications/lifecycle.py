"""The states of bindings and of runs of sync calls as tables (joint-operation kit, openapi-jointkit §A.0)."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Sync, TenantBinding


class BindingEvent(StrEnum):
    FINISH = "finish"
    FAIL = "fail"
    RESTART = "restart"
    UNBIND = "unbind"
    LEAVE = "leave"
    """The seller deleted the enterprise, or need not be told."""


_B = TenantBinding.Status
TENANT_BINDING: Lifecycle[TenantBinding.Status, BindingEvent] = Lifecycle(
    "tenant_binding",
    {
        (_B.BINDING, BindingEvent.FINISH): _B.BOUND,
        (_B.BINDING, BindingEvent.FAIL): _B.STOPPED,
        (_B.STOPPED, BindingEvent.RESTART): _B.BINDING,
        (_B.BINDING, BindingEvent.UNBIND): _B.UNBINDING,
        (_B.STOPPED, BindingEvent.UNBIND): _B.UNBINDING,
        (_B.BOUND, BindingEvent.UNBIND): _B.UNBINDING,
        (_B.UNBINDING, BindingEvent.LEAVE): _B.UNBOUND,
    },
)


class SyncEvent(StrEnum):
    FINISH = "finish"
    WAIT = "wait"
    """A call failed and is retried later."""
    RETRY = "retry"
    STOP = "stop"
    DROP = "drop"
    """Another run replaces this one."""


_S = Sync.Status
SYNC: Lifecycle[Sync.Status, SyncEvent] = Lifecycle(
    "sync",
    {
        (_S.RUNNING, SyncEvent.FINISH): _S.DONE,
        (_S.RUNNING, SyncEvent.WAIT): _S.WAITING,
        (_S.WAITING, SyncEvent.RETRY): _S.RUNNING,
        (_S.WAITING, SyncEvent.DROP): _S.DROPPED,
        (_S.RUNNING, SyncEvent.STOP): _S.STOPPED,
        (_S.RUNNING, SyncEvent.DROP): _S.DROPPED,
        (_S.STOPPED, SyncEvent.DROP): _S.DROPPED,
    },
)
