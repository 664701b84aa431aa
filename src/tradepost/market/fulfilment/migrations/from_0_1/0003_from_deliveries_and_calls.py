"""What stood in deliveries and was guessed from calls becomes operations, periods, freezes, and one timer a subscription.

A call that ended without its event having been told yet leaves its operation running: the event is still to come. What was
about to be asked is queued; the timer of its subscription, due at once, begins it.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import migrations

RETENTION, NOTICE = timedelta(days=15), timedelta(days=7)
LIVING = ("active", "frozen")
BATCH = 500
KINDS = {
    "SetStatus": "", "Expire": "freeze", "Release": "release", "Refresh": "renew", "Upgrade": "upgrade",
    "CheckChange": "renew_change", "Query": "query_usage",
}  # fmt: skip
SCENES = {"RENEWAL": "renew", "RENEWAL_CHANGE": "renew_change", "UNSUBSCRIBE_RENEWAL_PERIOD": "cancel_renewal"}
WAITING, LEASED, HELD, ENDED = 0, 1, 2, 3


def convert(apps: Any, schema_editor: Any) -> None:
    told_later = _untold(apps)
    _deliveries(apps, told_later)
    now = _market_time(apps)
    Subscription = apps.get_model("subscriptions", "Subscription")
    last = 0
    while True:
        batch = list(Subscription.objects.filter(pk__gt=last).order_by("pk").select_related("offer")[:BATCH])
        if not batch:
            break
        last = batch[-1].pk
        _subscriptions(apps, batch, told_later, now)
    _timers(apps)


def _market_time(apps: Any) -> datetime:
    """The real time, moved as far as the sandbox's clock is."""
    moved = apps.get_model("base", "SandboxClock").objects.values_list("offset", flat=True).first()
    return datetime.now(UTC) + (moved or timedelta())


def _untold(apps: Any) -> set[int]:
    """Calls (by pk) of which it was not yet told that they ended."""
    events = apps.get_model("base", "Event").objects.filter(name__in=["CallEnded", "call_ended"])
    return {int(facts["call"]) for facts in events.values_list("facts", flat=True)}


def _deliveries(apps: Any, untold: set[int]) -> None:
    Delivery, Operation = apps.get_model("fulfilment", "Delivery"), apps.get_model("fulfilment", "Operation")
    Call = apps.get_model("production", "Call")
    states = {"creating": "running", "access": "running", "stopped": "stopped", "done": "done", "gave_up": "gave_up"}
    last = 0
    while True:
        rows = Delivery.objects.filter(pk__gt=last).select_related("line__order__buyer", "line__product", "call")
        batch = list(rows.order_by("pk")[:BATCH])
        if not batch:
            return
        last = batch[-1].pk
        made = Operation.objects.bulk_create(
            Operation(
                lane=f"instance:{one.subscription_id}",
                subscription_id=one.subscription_id,
                line_id=one.line_id,
                seller_id=one.line.seller_id,
                kind="open",
                origin="buyer",
                actor=one.line.order.buyer.email,
                wanted={"v": 1, "buyer": _buyer(one.line)},
                step=one.step,
                call_id=one.call_id,
                # Restarted by its seller, and not told yet: its call goes on.
                status="running" if one.status == "stopped" and one.call and not one.call.outcome else states[one.status],
                note=one.call.last_verdict if one.call and one.status in {"stopped", "gave_up"} else "",
                give_up_at=one.give_up_at or (one.call.give_up_at if one.call else None),
                created_at=one.created_at,
                started_at=one.created_at,
                ended_at=one.ended_at,
            )
            for one in batch
        )
        for operation, one in zip(made, batch, strict=True):
            Call.objects.filter(
                order_number=one.line.order.number, order_line_number=one.line.number, kind__in=["Create", "Query"]
            ).update(
                owner=operation.pk
            )


def _buyer(line: Any) -> dict[str, Any]:
    """As it was asked: privacy fields only where the product wants them (saas-v2 §1.5)."""
    buyer, product = line.order.buyer, line.product
    return {
        "customer_id": buyer.customer_id,
        "customer_name": buyer.name or f"user_{buyer.customer_id[:8]}",
        "user_id": "",
        "user_name": "",
        "mobile_phone": buyer.phone if product.asks_mobile else "",
        "email": buyer.email if product.asks_email else "",
    }


def _subscriptions(apps: Any, batch: list[Any], untold: set[int], now: datetime) -> None:
    """All that was done, is being done and waits to be done to these, from their calls and orders."""
    Call, OrderLine = apps.get_model("production", "Call"), apps.get_model("orders", "OrderLine")
    pks = [one.pk for one in batch]
    calls: defaultdict[int, list[Any]] = defaultdict(list)
    for call in Call.objects.filter(subscription__in=pks, owner=None).exclude(kind="Create").order_by("pk"):
        calls[call.subscription_id].append(call)
    lines: defaultdict[int, list[Any]] = defaultdict(list)
    for line in OrderLine.objects.filter(subscription__in=pks).select_related("order__buyer").order_by("pk"):
        lines[line.subscription_id].append(line)
    for subscription in batch:
        _Life(apps, subscription, calls[subscription.pk], lines[subscription.pk], untold, now).convert()


class _Life:
    """One subscription with what is known of it."""

    def __init__(  # noqa: PLR0917  # made in one place
        self, apps: Any, subscription: Any, calls: list[Any], lines: list[Any], untold: set[int], now: datetime
    ) -> None:
        self.apps, self.subscription, self.calls, self.lines = apps, subscription, calls, lines
        self.untold, self.now = untold, now
        self.by_number = {line.number: line for line in lines}
        self.Operation = apps.get_model("fulfilment", "Operation")
        self.open_release = False
        self.running = self.Operation.objects.filter(
            lane=f"instance:{subscription.pk}", status="running"
        ).exists()

    def convert(self) -> None:
        self._periods()
        self._operations()
        self._waiting()
        self._standing()

    # --- paid time ---

    def _periods(self) -> None:
        """The purchase, then each renewal that the seller did, less those that were cancelled later."""
        subscription, begun = self.subscription, self.subscription.started_at
        if begun is None or not self.lines:
            return
        Period = self.apps.get_model("subscriptions", "Period")
        kept: list[tuple[Any, datetime]] = []  # line, end
        cancelled: list[tuple[Any, datetime, datetime, datetime]] = []
        done = [c for c in self.calls if c.kind == "Refresh" and c.outcome == "done" and c.pk not in self.untold]
        bought = self.by_number.get(subscription.order_line_number)
        ends = [(c, _moment(c.command["expires_at"])) for c in done]
        if bought is None or not bought.period_type:
            return
        first_end = self._first_end(ends, bought)
        if first_end is None or first_end <= begun:
            return
        kept.append((bought, first_end))
        for call, end in ends:
            line = self.by_number.get(call.order_line_number)
            if call.command["scene"] == "UNSUBSCRIBE_RENEWAL_PERIOD":
                if len(kept) > 1:
                    gone, gone_end = kept.pop()
                    cancelled.append((gone, kept[-1][1], gone_end, call.ended_at))
            elif line is not None and end > kept[-1][1]:
                kept.append((line, end))
        start = begun
        for line, end in kept:
            self._period(Period, line, start, end, None)
            start = end
        for line, since, end, at in cancelled:
            self._period(Period, line, since, end, at)

    def _first_end(self, ends: list[tuple[Any, datetime]], bought: Any) -> datetime | None:
        """The end that the purchase had: what is left of the present end without the renewals."""
        from tradepost.market.subscriptions.paid_time import period_end

        if not ends:
            return self.subscription.expires_at
        return period_end(self.subscription.started_at, bought.period_type, bought.period_number)

    def _period(self, Period: Any, line: Any, start: datetime, end: datetime, cancelled_at: datetime | None) -> None:
        Period.objects.create(
            subscription_id=self.subscription.pk,
            line_number=line.number,
            kind="base",
            starts_at=start,
            ends_at=end,
            offer_id=line.offer_id,
            quantity=line.quantity,
            paid_minor=line.amount_minor,
            list_minor=line.list_minor,
            currency=line.order.currency,
            cancelled_at=cancelled_at,
            # What was delivered was earned at once, in the releases before.
            earned_at=line.order.ended_at or self.subscription.started_at,
        )

    # --- operations ---

    def _operations(self) -> None:
        checked: dict[str, Any] = {}
        for call in self.calls:
            if call.kind == "CheckChange":
                checked[call.order_line_number] = call
                continue
            self._operation(call, checked.pop(call.order_line_number, None) if call.kind == "Refresh" else None)
        for call in checked.values():
            self._operation(call, None)

    def _operation(self, call: Any, check: Any) -> None:
        kind = self._kind(call)
        if not kind:
            return
        line = self.by_number.get(call.order_line_number) if self._ordered(kind) else None
        if line is not None and self.Operation.objects.filter(line_id=line.pk).exists():
            line = None
        status = self._status(call, kind, line)
        if status == "running":
            if self.running:
                status = "queued" if call.state != LEASED and call.attempts == 0 else "stopped"
            else:
                self.running = True
        if kind == "release" and status in {"queued", "running", "stopped"}:
            self.open_release = True
        operation = self.Operation.objects.create(
            lane=f"instance:{self.subscription.pk}",
            subscription_id=self.subscription.pk,
            line_id=line.pk if line is not None else None,
            seller_id=self.subscription.seller_id,
            kind=kind,
            origin=self._origin(kind, line),
            actor=line.order.buyer.email if line is not None else "",
            wanted=self._wanted(kind, call, line),
            step=1 if kind == "renew_change" and call.kind == "Refresh" else 0,
            call_id=call.pk,
            status=status,
            note=call.last_verdict if status in {"stopped", "gave_up"} else "",
            give_up_at=call.give_up_at,
            created_at=call.created_at,
            started_at=call.created_at,
            ended_at=call.ended_at if status in {"done", "gave_up", "dropped"} else None,
        )
        Call = self.apps.get_model("production", "Call")
        Call.objects.filter(pk__in=[call.pk, *([check.pk] if check else [])]).update(owner=operation.pk)

    def _kind(self, call: Any) -> str:
        match call.kind:
            case "SetStatus":
                return "freeze" if call.command["status"] == "FREEZE" else "unfreeze"
            case "Refresh":
                return SCENES.get(call.command["scene"], "renew")
            case "Release":
                return "release_orphan" if call.order_number and self._was_paid_back() else "release"
        return KINDS.get(call.kind, "")

    def _was_paid_back(self) -> bool:
        return self.subscription.status in {"failed", "opening"} or self.subscription.started_at is None

    @staticmethod
    def _ordered(kind: str) -> bool:
        return kind in {"renew", "renew_change", "cancel_renewal", "upgrade"}

    def _origin(self, kind: str, line: Any) -> str:
        if line is not None:
            return "sandbox" if line.order.origin == "sandbox" else "buyer"
        return {"release": "timer", "query_usage": "sandbox"}.get(kind, "market")

    def _status(self, call: Any, kind: str, line: Any) -> str:
        """What the former version would have made of it. A call whose end is not told yet leaves it running."""
        if not call.outcome or call.pk in self.untold:
            return "running"
        if call.outcome == "done":
            unfinished = line is not None and line.order.status == "processing"
            return "running" if unfinished and kind == "renew_change" else "done"
        if call.outcome == "cancelled":
            return "dropped"
        over = self.subscription.status in {"released", "failed"} and kind != "release_orphan"
        if over or kind in {"upgrade", "query_usage"} or (line is not None and line.order.status != "processing"):
            return "gave_up"
        if kind == "renew_change" and call.kind == "CheckChange":
            return "gave_up"
        return "dropped" if self._overtaken(call, kind) else "stopped"

    def _overtaken(self, call: Any, kind: str) -> bool:
        """Given up, and something that the seller did since says the opposite: nobody is to restart it."""
        since = [c for c in self.calls if c.outcome == "done" and c.pk > call.pk]
        if kind == "freeze":
            return any(c.kind == "Refresh" for c in since) or self.subscription.status == "frozen"
        if kind == "unfreeze":
            return self.subscription.status == "active"
        return kind == "release" and any(c.kind == "Refresh" for c in since)

    def _wanted(self, kind: str, call: Any, line: Any) -> dict[str, Any]:
        command = call.command
        match kind:
            case "renew" | "renew_change" if call.kind == "Refresh":
                return {"v": 1, "since": self._since(call), "until": command["expires_at"]}
            case "renew_change":
                from tradepost.market.subscriptions.paid_time import prolonged

                since, begun = self.subscription.expires_at, self.subscription.started_at
                until = prolonged(begun, since, line.period_type, line.period_number) if line is not None else since
                return {"v": 1, "since": _text(since), "until": _text(until)}
            case "cancel_renewal":
                return {"v": 1, "until": command["expires_at"]}
            case "upgrade":
                return {"v": 1, "until": _text(self.subscription.expires_at)}
            case "freeze":
                return {"v": 1, "reason": self._reason(call)}
            case "release_orphan":
                return {
                    "v": 1, "instance_id": command["instance_id"], "order_id": command.get("order_id", ""),
                    "order_line_id": command.get("order_line_id", ""),
                }  # fmt: skip
        return {"v": 1}

    def _since(self, call: Any) -> str | None:
        """The end that this renewal moves: the present one, unless it was done already."""
        before = [
            _moment(c.command["expires_at"])
            for c in self.calls
            if c.kind == "Refresh" and c.outcome == "done" and c.pk < call.pk
        ]
        if call.outcome == "done" and call.pk not in self.untold:
            Period = self.apps.get_model("subscriptions", "Period")
            own = Period.objects.filter(line_number=call.order_line_number).values_list("starts_at", flat=True).first()
            return _text(own or (before[-1] if before else self.subscription.started_at))
        return _text(self.subscription.expires_at)

    def _reason(self, call: Any) -> str:
        """Frozen at the end that held then, or by hand in a sandbox before it."""
        end = self._end_before(call)
        by_hand = call.kind != "Expire" and (end is None or call.created_at < end)
        return "operator" if by_hand else "expired"

    def _end_before(self, call: Any) -> datetime | None:
        """The end of the paid time when this call was asked."""
        moved = [c for c in self._refreshes() if c.pk < call.pk]
        if moved:
            return _moment(moved[-1].command["expires_at"])
        bought = self.by_number.get(self.subscription.order_line_number)
        if bought is None or not bought.period_type or self.subscription.started_at is None:
            return self.subscription.expires_at
        return self._first_end([(c, _moment(c.command["expires_at"])) for c in self._refreshes()], bought)

    def _refreshes(self) -> list[Any]:
        """Those that moved the end already."""
        return [c for c in self.calls if c.kind == "Refresh" and c.outcome == "done" and c.pk not in self.untold]

    # --- what waits ---

    def _waiting(self) -> None:
        """Paid renewals of which nothing was asked yet."""
        from tradepost.market.subscriptions.paid_time import prolonged

        asked = {call.order_line_number for call in self.calls}
        for line in self.lines:
            order, begun, end = line.order, self.subscription.started_at, self.subscription.expires_at
            waits = order.order_type == "RENEW" and order.status == "processing" and line.number not in asked
            if not waits or begun is None or end is None:
                continue
            until = prolonged(begun, end, line.period_type, line.period_number)
            self.Operation.objects.create(
                lane=f"instance:{self.subscription.pk}",
                subscription_id=self.subscription.pk,
                line_id=line.pk,
                seller_id=self.subscription.seller_id,
                kind="renew",
                origin=self._origin("renew", line),
                actor=order.buyer.email,
                wanted={"v": 1, "since": _text(end), "until": _text(until)},
                status="queued",
                created_at=order.paid_at or self.now,
            )

    # --- frozen ---

    def _standing(self) -> None:
        """Frozen by the market's own word from the moment at which it was asked for, and no longer than it is paid for."""
        subscription = self.subscription
        changes: dict[str, Any] = {}
        asked = self._asked_to_freeze()
        if subscription.status == "frozen":
            changes["seller_state"] = "frozen"
            frozen = self._last_freeze()
            if frozen is not None and self._reason(frozen) == "expired" and self._renewed_after(frozen):
                changes["status"] = "active"
            else:
                self._freeze(frozen, changes)
        elif subscription.status == "active" and asked is not None:
            changes["status"] = "frozen"
            self._freeze(asked, changes)
        if subscription.status == "active" and self._maybe_frozen():
            changes["seller_state"] = "unknown"
        if self.open_release and subscription.status in LIVING:
            changes["status"] = "releasing"
        if changes:
            type(subscription).objects.filter(pk=subscription.pk).update(**changes)

    def _asked_to_freeze(self) -> Any:
        """The call of a freeze that is under way, or that its seller did not do."""
        open_freezes = self.Operation.objects.filter(
            subscription_id=self.subscription.pk, kind="freeze", status__in=["queued", "running", "stopped"]
        )
        pk = open_freezes.order_by("pk").values_list("call_id", flat=True).first()
        return next((call for call in self.calls if call.pk == pk), None)

    def _last_freeze(self) -> Any:
        done = [c for c in self.calls if c.outcome == "done" and c.pk not in self.untold and _freezes(c)]
        return done[-1] if done else None

    def _renewed_after(self, frozen: Any) -> bool:
        since = [c for c in self._refreshes() if c.ended_at > frozen.ended_at or c.pk > frozen.pk]
        return any(c.command["scene"] != "UNSUBSCRIBE_RENEWAL_PERIOD" for c in since)

    def _freeze(self, call: Any, changes: dict[str, Any]) -> None:
        reason = self._reason(call) if call is not None else "expired"
        end = self._end_before(call) if call is not None else self.subscription.expires_at
        since = (call.ended_at or call.created_at) if call is not None else self.now
        self.apps.get_model("subscriptions", "Freeze").objects.create(
            subscription_id=self.subscription.pk, reason=reason, since=since, actor="market"
        )
        if reason == "expired" and end is not None:
            changes["release_at"] = end + RETENTION

    def _maybe_frozen(self) -> bool:
        """A freeze was given up that the seller may have done, and nothing thawed it since."""
        for call in reversed(self.calls):
            if call.kind == "Refresh" and call.outcome == "done":
                return False
            if call.kind == "SetStatus" and call.command["status"] == "UNFREEZE" and call.outcome == "done":
                return False
            if _freezes(call) and call.outcome in {"gave_up", "cancelled"} and call.maybe_acted:
                return True
        return False


def _timers(apps: Any) -> None:
    """One timer for each living subscription, due at once: it finds by itself what is due and when it is due next."""
    Job, Subscription = apps.get_model("base", "Job"), apps.get_model("subscriptions", "Subscription")
    Job.objects.filter(kind__in=["subscriptions.end_of_period", "subscriptions.end_of_retention"]).delete()
    last = 0
    while True:
        living = Subscription.objects.filter(pk__gt=last, status__in=[*LIVING, "releasing", "opening"]).order_by("pk")
        batch = list(living.values_list("pk", "created_at")[:BATCH])
        if not batch:
            return
        last = batch[-1][0]
        Job.objects.bulk_create(
            Job(kind="subscriptions.life", key=str(pk), due_at=at, payload={"subscription": pk}) for pk, at in batch
        )


def _freezes(call: Any) -> bool:
    return call.kind == "Expire" or (call.kind == "SetStatus" and call.command["status"] == "FREEZE")


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


class Migration(migrations.Migration):
    dependencies = [
        ("fulfilment", "0002_operations"),
        ("base", "0001_initial"),
        ("orders", "0005_origin_and_list_price"),
        ("production", "0003_purpose_and_owner"),
        ("subscriptions", "0002_periods_and_freezes"),
    ]
    operations = [migrations.RunPython(convert, migrations.RunPython.noop, elidable=True)]
