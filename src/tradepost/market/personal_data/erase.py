"""The job that erases an account. Each step is repeatable: an interrupted erasure starts again from the first.

The account keeps the data that identifies the person until the last step, because earlier steps search for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.db import models, transaction

from tradepost.market.base import leased_jobs
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.personal import Deleted, Emptied, Person
from tradepost.market.identity.models import User
from tradepost.market.invoices.models import Invoice
from tradepost.market.organisations.models import Member

from .declared import CONTEXTS, is_kept
from .models import Erasure
from .sweep import sweep, swept_models

KIND = "personal_data.erase"
BATCH = 500


def work(running: leased_jobs.RunningJob, *, files: Path) -> Mapping[str, Any]:
    """Erase everything except the account itself, which ``end`` erases in the transaction that ends the job."""
    erasure = Erasure.objects.select_related("user").get(pk=running.payload["erasure"])
    total = len(CONTEXTS) + len(swept_models()) + 2
    for done_count, _step in enumerate(_erase_steps(person_of(erasure.user), files), 1):
        running.progress(min(done_count, total - 1), total)
    return {}


def end(job: LeasedJob, now: Any) -> None:
    """Clear the account and end its request."""
    if job.outcome != LeasedJob.Outcome.DONE:
        return
    erasure = Erasure.objects.select_for_update().get(pk=job.payload["erasure"])
    user = User.objects.select_for_update().get(pk=erasure.user_id)
    EmailAddress.objects.filter(user=user).delete()
    user.name, user.email, user.company, user.phone = f"deleted-{user.customer_id}", "", "", ""
    user.certified_name, user.customer_type, user.operator_role, user.is_active = "", "", "", False
    user.set_unusable_password()
    user.save()
    erasure.by, erasure.reason, erasure.erased_at = "", "", now
    erasure.save(update_fields=["by", "reason", "erased_at"])


def person_of(user: User) -> Person:
    """Return the data that identifies the person. Names in enterprises and invoices stay until the last step, so a
    repeated start finds the same."""
    names = Member.objects.filter(user=user).values_list("name", flat=True)
    invoices = set(
        Invoice.objects.filter(buyer=user).values_list("receiver_name", "receiver_phone", "receiver_address")
    )
    receivers, phones, addresses = zip(*invoices, strict=True) if invoices else ((), (), ())
    return Person(
        pk=user.pk, customer_id=user.customer_id, email=user.email, name=user.name, company=user.company,
        phone=user.phone, certified_name=user.certified_name, phones=phones, addresses=addresses,
        user_names=tuple(name for name in (*names, *receivers) if not name.startswith("deleted-")),
    )  # fmt: skip


def _erase_steps(person: Person, files: Path) -> Iterator[str]:
    for name, context in CONTEXTS.items():
        context.first(person, files)
        for deletion in context.deleted:
            _delete(deletion, person)
        for column in context.emptied:
            _empty(column, person)
        yield name
    for relation in owned_relations():
        _in_batches(relation.related_model, {relation.field.name: person.pk}, None)
    yield "account"
    for label, _changed in sweep(person):
        yield label
    with transaction.atomic():
        for context in CONTEXTS.values():
            context.last(person)
    yield "names"


def owned_relations() -> list[models.ManyToOneRel]:
    """Return the foreign keys with which rows would be deleted with the account."""
    return [
        relation
        for relation in User._meta.get_fields(include_hidden=True)  # noqa: SLF001
        if isinstance(relation, models.ManyToOneRel)
        and relation.on_delete is models.CASCADE
        and not is_kept(relation.related_model._meta.label)  # noqa: SLF001
    ]


def _delete(deletion: Deleted, person: Person) -> None:
    if value := getattr(person, deletion.by):
        _in_batches(deletion.model, {deletion.whose: value}, None)


def _empty(clearing: Emptied, person: Person) -> None:
    _in_batches(clearing.model, {clearing.whose: person.pk}, clearing.columns)


def _in_batches(model: Any, lookups: Mapping[str, Any], columns: Mapping[str, Any] | None) -> None:
    """Delete the rows, or set ``columns``, one batch per transaction."""
    after = None
    while True:
        rows = model._base_manager.filter(**lookups).order_by("pk")  # noqa: SLF001
        if after is not None:
            rows = rows.filter(pk__gt=after)
        keys = list(rows.values_list("pk", flat=True)[:BATCH])
        if not keys:
            return
        after = keys[-1]
        with transaction.atomic():
            batch = model._base_manager.filter(pk__in=keys)  # noqa: SLF001
            batch.delete() if columns is None else batch.update(**columns)
