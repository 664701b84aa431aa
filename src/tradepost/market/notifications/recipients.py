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

from .categories import About, Audience, Channel
from .messages import about
from .phones import standard_form
from .receiver_models import Endpoint, Preference, Receiver
from .telling import Telling
from .why_not import How, Place

type Owner = tuple[str, int]
"""``seller`` or ``user``, and its key."""
type Chosen = tuple[str, int, str, str]
"""Of whom (``user``, ``receiver``, ``endpoint``), its key, category and channel."""


class Known(Struct, frozen=True):
    """What is known of those whom a batch concerns."""

    receivers: Mapping[Owner, Sequence[Receiver]] = field(default_factory=dict)
    endpoints: Mapping[Owner, Sequence[Endpoint]] = field(default_factory=dict)
    phones: Mapping[int, str] = field(default_factory=dict)
    """Of sellers, the contact's."""
    chosen: Mapping[Chosen, str] = field(default_factory=dict)
    languages: Mapping[tuple[int | None, int | None], str] = field(default_factory=dict)
    """By the keys of receiver and program, of which one is there."""

    def how(self, whose: str, key: int, category: str, channel: str) -> str:
        return self.chosen.get((whose, key, category, channel), How.ON)


def with_sellers(tellings: Sequence[Telling]) -> list[Telling]:
    """Of what concerns a company and does not name it: that of the person, when they act for one alone."""
    unnamed = {t.user.pk for t in tellings if t.seller is None and about(t.kind).to == Audience.SELLER}
    if not unnamed:
        return list(tellings)
    acting: defaultdict[int, list[int]] = defaultdict(list)
    for user, seller in Member.objects.filter(user__in=unnamed).values_list("user_id", "seller_id"):
        acting[user].append(seller)
    return [
        replace(t, seller=acting[t.user.pk][0])
        if t.seller is None and t.user.pk in unnamed and len(acting[t.user.pk]) == 1
        else t
        for t in tellings
    ]


def owner_of(telling: Telling) -> Owner | None:
    """Whose receivers get it too; nobody's where it concerns one person alone."""
    match about(telling.kind).to:
        case Audience.SELLER if telling.seller is not None:
            return "seller", telling.seller
        case Audience.BUYER:
            return "user", telling.user.pk
        case _:
            return None


def known_of(tellings: Sequence[Telling]) -> Known:
    """Mostly one question: whether there is anything to know at all."""
    owners = {owner for telling in tellings if (owner := owner_of(telling)) is not None}
    # Never an empty list, which Django takes for a question that need not be asked.
    theirs = Q(seller__in={pk for whose, pk in owners if whose == "seller"} or {0})
    theirs |= Q(user__in={pk for whose, pk in owners if whose == "user"} or {0})
    users = {t.user.pk for t in tellings}
    own, receivers_there, endpoints_there = counts_up_to(
        Preference.objects.filter(user__in=users),
        Receiver.objects.filter(theirs),
        Endpoint.objects.filter(theirs),
        most=1,
    )
    receivers = list(Receiver.objects.filter(theirs).order_by("pk")) if receivers_there else []
    endpoints = list(Endpoint.objects.filter(theirs).order_by("pk")) if endpoints_there else []
    by_sms = {t.seller for t in tellings if t.seller is not None and about(t.kind).sms}
    return Known(
        receivers=_by_owner(receivers),
        endpoints=_by_owner(endpoints),
        phones=dict(Seller.objects.filter(pk__in=by_sms).values_list("pk", "contact_phone")) if by_sms else {},
        chosen=_chosen(users, receivers, endpoints) if own or receivers or endpoints else {},
        languages={
            **{(one.pk, None): one.language for one in receivers},
            **{(None, one.pk): one.language for one in endpoints},
        },
    )


def _by_owner[T: (Receiver, Endpoint)](ones: Collection[T]) -> dict[Owner, list[T]]:
    found: defaultdict[Owner, list[T]] = defaultdict(list)
    for one in ones:
        found["seller", one.seller_id].append(one) if one.seller_id else found["user", one.user_id or 0].append(one)
    return found


def _chosen(
    users: Collection[int], receivers: Collection[Receiver], endpoints: Collection[Endpoint]
) -> dict[Chosen, str]:
    of = Q(user__in=users)
    if receivers:
        of |= Q(receiver__in=[one.pk for one in receivers])
    if endpoints:
        of |= Q(endpoint__in=[one.pk for one in endpoints])
    found = Preference.objects.filter(of).values_list(
        "user_id", "receiver_id", "endpoint_id", "category", "channel", "how"
    )
    return {
        (*(("user", user) if user else ("receiver", receiver) if receiver else ("endpoint", endpoint)), category, channel): how
        for user, receiver, endpoint, category, channel, how in found
    }  # fmt: skip


def own_places(telling: Telling, what: About, known: Known) -> Iterator[Place]:
    """Those of the person who is told, and of the seller's contact, which goes with the first of its people."""
    user = telling.user
    how = known.how("user", user.pk, what.category, Channel.MAIL)
    yield Place(channel=Channel.MAIL, address=user.email, locked=not user.is_active, how=how)
    if telling.contact:
        yield Place(channel=Channel.MAIL, address=telling.contact, to_contact=True)


def shared_places(telling: Telling, what: About, known: Known) -> Iterator[Place]:
    """Those that get it once, however many people are told: the contact's phone, receivers, webhooks, chats."""
    owner = owner_of(telling)
    if owner is None:
        return
    receivers = known.receivers.get(owner, ())
    for receiver in receivers:
        yield _of(receiver, what, known, Channel.MAIL)
    if what.sms:
        yield from _phones(owner, receivers, what, known, telling.phone)
    for endpoint in known.endpoints.get(owner, ()):
        yield Place(
            channel=Channel(endpoint.kind),
            address=endpoint.shown,
            endpoint_id=endpoint.pk,
            disabled=endpoint.disabled_at is not None,
            how=known.how("endpoint", endpoint.pk, what.category, endpoint.kind),
        )


def _of(receiver: Receiver, what: About, known: Known, channel: Channel) -> Place:
    return Place(
        channel=channel,
        address=receiver.email if channel == Channel.MAIL else receiver.phone,
        confirmed=receiver.is_confirmed,
        how=known.how("receiver", receiver.pk, what.category, channel),
        receiver_id=receiver.pk,
    )


def _phones(owner: Owner, receivers: Sequence[Receiver], what: About, known: Known, named: str = "") -> Iterator[Place]:
    """§7.1: the contact phone, and the receivers'. Whoever has none of them is told so by the row. ``named``: where a buyer
    wants this one told."""
    whose, pk = owner
    if whose == "seller":
        yield Place(channel=Channel.SMS, address=standard_form(known.phones.get(pk, "")), to_contact=True)
    elif named:
        yield Place(channel=Channel.SMS, address=named, to_contact=True)
    elif not receivers:
        yield Place(channel=Channel.SMS, address="")
    for receiver in receivers:
        yield _of(receiver, what, known, Channel.SMS)
