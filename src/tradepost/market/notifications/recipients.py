"""Where a message might go: a person's own address, a seller's contact, and the receivers, webhooks and chats of whom it concerns.

Looked up for a whole batch of tellings in a handful of questions, however many there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from django.db.models import Q
from msgspec import Struct, field

from tradepost.market.base.counting import counts_up_to
from tradepost.market.base.values import replace
from tradepost.market.identity.models import Member, Seller

from .categories import Audience, Channel, NoticePolicy
from .messages import policy_of
from .phones import standard_form
from .receiver_models import Endpoint, Preference, Receiver
from .telling import AddressedNotice
from .why_not import DeliveryChoice, Destination

type OwnerKey = tuple[str, int]
"""``seller`` or ``user``, and its key."""
type PreferenceKey = tuple[str, int, str, str]
"""Of whom (``user``, ``receiver``, ``endpoint``), its key, category and channel."""


class RecipientData(Struct, frozen=True):
    """What is known of those whom a batch concerns."""

    receivers: Mapping[OwnerKey, Sequence[Receiver]] = field(default_factory=dict)
    endpoints: Mapping[OwnerKey, Sequence[Endpoint]] = field(default_factory=dict)
    phones: Mapping[int, str] = field(default_factory=dict)
    """Of sellers, the contact's."""
    chosen: Mapping[PreferenceKey, str] = field(default_factory=dict)
    languages: Mapping[tuple[int | None, int | None], str] = field(default_factory=dict)
    """By the keys of receiver and program, of which one is there."""

    def how(self, whose: str, key: int, category: str, channel: str) -> str:
        return self.chosen.get((whose, key, category, channel), DeliveryChoice.ON)


def with_sellers(tellings: Sequence[AddressedNotice]) -> list[AddressedNotice]:
    """Of what concerns a company and does not name it: that of the person, when they act for one alone."""
    unnamed = {
        telling.user.pk
        for telling in tellings
        if telling.seller is None and policy_of(telling.kind).to == Audience.SELLER
    }
    if not unnamed:
        return list(tellings)
    acting: defaultdict[int, list[int]] = defaultdict(list)
    for user, seller in Member.objects.filter(user__in=unnamed).values_list("user_id", "seller_id"):
        acting[user].append(seller)
    return [
        replace(telling, seller=acting[telling.user.pk][0])
        if telling.seller is None and telling.user.pk in unnamed and len(acting[telling.user.pk]) == 1
        else telling
        for telling in tellings
    ]


def owner_of(telling: AddressedNotice) -> OwnerKey | None:
    """Whose receivers get it too; nobody's where it concerns one person alone."""
    match policy_of(telling.kind).to:
        case Audience.SELLER if telling.seller is not None:
            return "seller", telling.seller
        case Audience.BUYER:
            return "user", telling.user.pk
        case _:
            return None


def load_recipient_data(tellings: Sequence[AddressedNotice]) -> RecipientData:
    """Mostly one question: whether there is anything to know at all."""
    owners = {owner for telling in tellings if (owner := owner_of(telling)) is not None}
    # Never an empty list, which Django takes for a question that need not be asked.
    owner_filter = Q(seller__in={pk for owner_kind, pk in owners if owner_kind == "seller"} or {0})
    owner_filter |= Q(user__in={pk for owner_kind, pk in owners if owner_kind == "user"} or {0})
    users = {telling.user.pk for telling in tellings}
    preference_count, receiver_count, endpoint_count = counts_up_to(
        Preference.objects.filter(user__in=users),
        Receiver.objects.filter(owner_filter),
        Endpoint.objects.filter(owner_filter),
        most=1,
    )
    receivers = list(Receiver.objects.filter(owner_filter).order_by("pk")) if receiver_count else []
    endpoints = list(Endpoint.objects.filter(owner_filter).order_by("pk")) if endpoint_count else []
    by_sms = {telling.seller for telling in tellings if telling.seller is not None and policy_of(telling.kind).sms}
    return RecipientData(
        receivers=_by_owner(receivers),
        endpoints=_by_owner(endpoints),
        phones=dict(Seller.objects.filter(pk__in=by_sms).values_list("pk", "contact_phone")) if by_sms else {},
        chosen=_preferences(users, receivers, endpoints) if preference_count or receivers or endpoints else {},
        languages={
            **{(receiver.pk, None): receiver.language for receiver in receivers},
            **{(None, endpoint.pk): endpoint.language for endpoint in endpoints},
        },
    )


def _by_owner[T: (Receiver, Endpoint)](rows: Collection[T]) -> dict[OwnerKey, list[T]]:
    groups: defaultdict[OwnerKey, list[T]] = defaultdict(list)
    for row in rows:
        groups["seller", row.seller_id].append(row) if row.seller_id else groups["user", row.user_id or 0].append(row)
    return groups


def _preferences(
    users: Collection[int], receivers: Collection[Receiver], endpoints: Collection[Endpoint]
) -> dict[PreferenceKey, str]:
    owner_filter = Q(user__in=users)
    if receivers:
        owner_filter |= Q(receiver__in=[receiver.pk for receiver in receivers])
    if endpoints:
        owner_filter |= Q(endpoint__in=[endpoint.pk for endpoint in endpoints])
    preferences = Preference.objects.filter(owner_filter).values_list(
        "user_id", "receiver_id", "endpoint_id", "category", "channel", "how"
    )
    return {
        (*(("user", user) if user else ("receiver", receiver) if receiver else ("endpoint", endpoint)), category, channel):
            setting
        for user, receiver, endpoint, category, channel, setting in preferences
    }  # fmt: skip


def personal_destinations(telling: AddressedNotice, what: NoticePolicy, known: RecipientData) -> Iterator[Destination]:
    """Those of the person who is told, and of the seller's contact, which goes with the first of its people."""
    user = telling.user
    setting = known.how("user", user.pk, what.category, Channel.MAIL)
    yield Destination(channel=Channel.MAIL, address=user.email, locked=not user.is_active, how=setting)
    if telling.contact:
        yield Destination(channel=Channel.MAIL, address=telling.contact, to_contact=True)


def shared_destinations(telling: AddressedNotice, what: NoticePolicy, known: RecipientData) -> Iterator[Destination]:
    """Those that get it once, however many people are told: the contact's phone, receivers, webhooks, chats."""
    owner = owner_of(telling)
    if owner is None:
        return
    receivers = known.receivers.get(owner, ())
    for receiver in receivers:
        yield _receiver_destination(receiver, what, known, Channel.MAIL)
    if what.sms:
        yield from _phone_destinations(owner, receivers, what, known, telling.phone)
    for endpoint in known.endpoints.get(owner, ()):
        yield Destination(
            channel=Channel(endpoint.kind),
            address=endpoint.shown,
            endpoint_id=endpoint.pk,
            disabled=endpoint.disabled_at is not None,
            how=known.how("endpoint", endpoint.pk, what.category, endpoint.kind),
        )


def _receiver_destination(
    receiver: Receiver, what: NoticePolicy, known: RecipientData, channel: Channel
) -> Destination:
    return Destination(
        channel=channel,
        address=receiver.email if channel == Channel.MAIL else receiver.phone,
        confirmed=receiver.is_confirmed,
        how=known.how("receiver", receiver.pk, what.category, channel),
        receiver_id=receiver.pk,
    )


def _phone_destinations(
    owner: OwnerKey, receivers: Sequence[Receiver], what: NoticePolicy, known: RecipientData, buyer_phone: str = ""
) -> Iterator[Destination]:
    """§7.1: the contact phone, and the receivers'. Whoever has none of them is told so by the row. ``buyer_phone``: where a
    buyer wants this one told."""
    owner_kind, pk = owner
    if owner_kind == "seller":
        yield Destination(channel=Channel.SMS, address=standard_form(known.phones.get(pk, "")), to_contact=True)
    elif buyer_phone:
        yield Destination(channel=Channel.SMS, address=buyer_phone, to_contact=True)
    elif not receivers:
        yield Destination(channel=Channel.SMS, address="")
    for receiver in receivers:
        yield _receiver_destination(receiver, what, known, Channel.SMS)
