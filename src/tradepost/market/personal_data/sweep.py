"""Replace the remaining mentions of a person: in events, notes, results of jobs, requests to sellers and other
people's texts.

The models determine the columns, so a new one is swept without a declaration. Email and phone are replaced
everywhere. Names and postal addresses are not unique, so they are replaced only in ``TABLES_WITH_NAMES``: logs, notices and
messages that a program wrote or that are about an order of the person. Each is also found in its encoded forms
(``spellings``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any

import structlog
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Cast
from msgspec import Struct

from tradepost.market.base.personal import Person

from .declared import is_kept
from .spellings import in_base64, phone_pattern, spellings_of

log = structlog.get_logger(__name__)
BATCH = 200
MIN_PHONE_DIGITS = 7
MIN_NAME_LENGTH = 2
MIN_ADDRESS_LENGTH = 5
_NO_ADDRESS_BEFORE = r"(?<![A-Za-z0-9_+-])(?<![A-Za-z0-9_+-]\.)"
_ESCAPE_BEFORE = r"(?<=\\[nrt])|(?<=\\u[0-9a-fA-F]{4})|(?<=%[0-9a-fA-F]{2})"
"""In JSON stored as text, and in URLs: the last letter of an escape is not part of the following word."""
EXCLUDED_MODELS = {"identity.User", "auth.Permission", "auth.Group", "contenttypes.ContentType", "sessions.Session"}
"""The account is cleared last; sessions are deleted; the others are Django's own."""
TABLES_WITH_NAMES = {
    "base.Move", "base.Event", "base.Job", "base.LeasedJob", "notifications.Notice", "notifications.NoticeDelivery",
    "production.Call", "production.Attempt", "fulfilment.Operation", "fulfilment.Drift", "supervision.Visit",
    "service_desk.CustomerDemand", "work_queue.Handling", "work_queue.HandlingChange", "organisations.EnterpriseAct",
    "organisations.ImportRun", "debugging.DebugRun", "debugging.DebugCase", "review.Replay", "open_api.KeptAnswer",
    "subscriptions.Freeze", "applications.Sync", "images.ImageBinding", "compute.Task", "approvals.Request",
    "organisations.DirectoryToken", "probes.WorkItem", "metering.RefusedRecord",
}  # fmt: skip


class Needle(Struct, frozen=True):
    """A text to replace. ``coarse``: a pattern for the database, which matches at least as much as ``pattern``."""

    pattern: re.Pattern[str]
    coarse: str


def needles(person: Person, *, named: bool) -> list[Needle]:
    """Return email and phone; with ``named`` also names, postal addresses and the phones of invoices.

    None matches inside a longer word, which is another person's."""
    result = []
    if person.email:
        result.append(_needle(person.email, _NO_ADDRESS_BEFORE, r"(?![A-Za-z0-9-]|\.[A-Za-z0-9])"))
    result.extend(_phone_needle(phone) for phone in _longest_first([person.phone], MIN_PHONE_DIGITS, only=r"\d"))
    if named:
        result.extend(_phone_needle(phone) for phone in _longest_first(person.phones, MIN_PHONE_DIGITS, only=r"\d"))
        result.extend(_word_needle(name) for name in _longest_first(person.names, MIN_NAME_LENGTH))
        result.extend(_word_needle(address) for address in _longest_first(person.addresses, MIN_ADDRESS_LENGTH))
    return result


def _longest_first(texts: Iterable[str], least: int, *, only: str = ".") -> list[str]:
    """Return the longest first, because it may contain another one. ``only``: a pattern of the characters that
    count."""
    return sorted({text for text in texts if len(re.findall(only, text)) >= least}, key=lambda text: (-len(text), text))


def _word_needle(text: str) -> Needle:
    """Return the needle of a name or address. It also ends at a character of another script."""
    before = r"(?<![A-Za-z0-9])" if re.match("[A-Za-z0-9]", text) else ""
    after = r"(?![A-Za-z0-9])" if re.search("[A-Za-z0-9]$", text) else ""
    return _needle(text, before, after, ignore_case=False)


def _phone_needle(phone: str) -> Needle:
    return _compile([rf"(?:(?<!\d)|{_ESCAPE_BEFORE}){phone_pattern(phone)}(?!\d)"], phone, phone_pattern(phone))


def _needle(text: str, before: str, after: str, *, ignore_case: bool = True) -> Needle:
    start = f"(?:{before}|{_ESCAPE_BEFORE})" if before else ""
    raw = re.escape(text)
    patterns = [f"{start}(?i:{raw}){after}" if ignore_case else f"{start}{raw}{after}"]
    patterns += [f"{start}(?i:{re.escape(form)}){after}" for form in sorted(spellings_of(text))]
    return _compile(patterns, text, "|".join(re.escape(form) for form in sorted({text, *spellings_of(text)})))


def _compile(patterns: Sequence[str], text: str, coarse: str) -> Needle:
    """Return a needle. Base64 is replaced as a whole, because the rest could not be decoded."""
    cores = "|".join(re.escape(core) for core in sorted(in_base64(text)))
    if cores:
        patterns = [*patterns, rf"[A-Za-z0-9+/_-]*(?:{cores})[A-Za-z0-9+/_-]*=*"]
        coarse = f"{coarse}|{cores}"
    return Needle(re.compile("|".join(patterns)), coarse)


def sweep(person: Person) -> Iterator[tuple[str, int]]:
    """Sweep all tables; yield each with the number of changed rows. Every batch is a transaction."""
    for model in swept_models():
        label = model._meta.label  # noqa: SLF001
        yield label, _sweep(model, needles(person, named=label in TABLES_WITH_NAMES), person.pseudonym)


def swept_models() -> list[type[models.Model]]:
    """Return the models whose texts are searched."""
    return [
        model
        for model in apps.get_models()
        if not is_kept(model._meta.label) and model._meta.label not in EXCLUDED_MODELS and swept_columns(model)  # noqa: SLF001
    ]


def swept_columns(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """Return the columns that may contain a text of or about a person."""
    return [
        field
        for field in model._meta.local_concrete_fields  # noqa: SLF001
        if isinstance(field, (models.CharField, models.TextField, models.JSONField))
        and not (field.choices or field.primary_key or field.unique or field.is_relation)
        and not field.attname.startswith("sealed")
        and not field.attname.endswith(("_hash", "sha256"))
    ]


def _sweep(model: type[models.Model], needles_wanted: Sequence[Needle], pseudonym: str) -> int:
    columns = swept_columns(model)
    if not needles_wanted:
        return 0
    changed, rows, after = 0, _rows(model, columns, needles_wanted), None
    while batch := list((rows if after is None else rows.filter(pk__gt=after))[:BATCH]):
        with transaction.atomic():
            changed += sum(_replace(model, row, columns, needles_wanted, pseudonym) for row in batch)
        after = batch[-1]["pk"]
    return changed


def _rows(
    model: type[models.Model], columns: Sequence[models.Field[Any, Any]], needles_wanted: Sequence[Needle]
) -> QuerySet[Any, dict[str, Any]]:
    as_text = {
        f"text_of_{field.attname}": Cast(field.attname, models.TextField())
        for field in columns
        if isinstance(field, models.JSONField)
    }
    names = [
        f"text_of_{field.attname}" if f"text_of_{field.attname}" in as_text else field.attname for field in columns
    ]
    coarse = "|".join(field.coarse for field in needles_wanted)
    condition = reduce(or_, (Q(**{f"{name}__iregex": coarse}) for name in names))
    rows: Any = model._base_manager.alias(**as_text).filter(condition).order_by("pk")  # noqa: SLF001
    matching: QuerySet[Any, dict[str, Any]] = rows.values("pk", *(field.attname for field in columns))
    return matching


def _replace(
    model: type[models.Model],
    row: Mapping[str, Any],
    columns: Sequence[models.Field[Any, Any]],
    needles_wanted: Sequence[Needle],
    pseudonym: str,
) -> bool:
    changes = {}
    for field in columns:
        value = replace_needles(row[field.attname], needles_wanted, pseudonym)
        if value != row[field.attname]:
            changes[field.attname] = value[: field.max_length] if isinstance(value, str) and field.max_length else value
    if not changes:
        return False
    try:
        with transaction.atomic():
            model._base_manager.filter(pk=row["pk"]).update(**changes)  # noqa: SLF001
    except IntegrityError:
        log.warning("personal data stays in a unique column", table=model._meta.label, row=row["pk"])  # noqa: SLF001
        return False
    return True


def replace_needles(value: Any, needles_wanted: Sequence[Needle], pseudonym: str) -> Any:
    """Return the value with each needle replaced, also inside JSON and inside JSON stored as text."""
    if isinstance(value, str):
        for needle in needles_wanted:
            value = needle.pattern.sub(pseudonym, value)
        return value
    if isinstance(value, Mapping):
        return {
            replace_needles(key, needles_wanted, pseudonym): replace_needles(item, needles_wanted, pseudonym)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [replace_needles(item, needles_wanted, pseudonym) for item in value]
    return value
