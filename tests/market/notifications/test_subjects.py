"""Declared notices: each is connected to its event, has texts for each reader, and a batch costs as many statements as one event."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.factories import NOW
from tests.market.notifications.telling import notice_titles, seller_with
from tests.market.service_desk.asking import make_complaint
from tradepost.market.base.events import name_of
from tradepost.market.base.outbox import Batched
from tradepost.market.notifications import subjects
from tradepost.market.notifications.messages import TEMPLATES, policy_of
from tradepost.market.notifications.models import Notice as Stored
from tradepost.market.notifications.notify import notify
from tradepost.market.notifications.subject import Notice, Operators, SellersPeople
from tradepost.market.notifications.subjects import complaints
from tradepost.market.service_desk.events import ComplaintRaised, ComplaintWithdrawn
from tradepost.market.wiring import REACTIONS


def declared() -> Iterator[tuple[str, Notice]]:
    for module in pkgutil.iter_modules(subjects.__path__, f"{subjects.__name__}."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Notice):
                yield f"{module.name.rpartition('.')[2]}.{name}", value


NOTICES = dict(declared())


@pytest.mark.parametrize("notice", NOTICES.values(), ids=list(NOTICES))
def test_declared_notice_is_connected_to_its_event_and_has_texts(notice: Notice) -> None:
    [entry] = [entry for entry in REACTIONS.entries if entry.event is notice.event]
    [reaction] = [candidate for candidate in entry.reactions if name_of(candidate) == name_of(notify(notice))]
    assert isinstance(reaction, Batched)
    for name, kind in notice.kinds.items():
        if isinstance(kind, str):
            assert kind in TEMPLATES
            match notice.subject.readers[name]:
                case SellersPeople():
                    assert policy_of(kind).to == "seller"
                case Operators():
                    assert policy_of(kind).act


def test_all_declared_notices_have_different_reactions() -> None:
    names = [name_of(notify(notice)) for notice in NOTICES.values()]
    assert len(set(names)) == len(names) > 40


def test_undeclared_reader_is_refused() -> None:
    with pytest.raises(LookupError, match="declares no reader auditor"):
        complaints.COMPLAINT.notice(ComplaintRaised, auditor="seller_complaint")


@pytest.mark.django_db
def test_event_about_a_missing_row_fails() -> None:
    with pytest.raises(LookupError):
        notify(complaints.RAISED)(ComplaintRaised(complaint=0), NOW)


@pytest.mark.django_db
def test_batch_takes_as_many_statements_as_one_event() -> None:
    factories.make_operator()
    sellers = [seller_with() for _ in range(5)]
    events = [ComplaintRaised(complaint=make_complaint(factories.make_buyer(), seller).pk) for seller in sellers]
    react_to = notify(complaints.RAISED)
    with CaptureQueriesContext(connection) as single:
        react_to.many(events[:1], NOW)
    Stored.objects.all().delete()
    with CaptureQueriesContext(connection) as batch:
        react_to.many(events, NOW)
    assert Stored.objects.count() == 10
    assert len(batch) == len(single)
    for seller in sellers:
        assert len(notice_titles(seller.members.get().user)) == 1


@pytest.mark.django_db
def test_a_repeated_event_adds_no_notice() -> None:
    complaint = make_complaint(factories.make_buyer(), seller_with())
    withdrawn = ComplaintWithdrawn(complaint=complaint.pk)
    notify(complaints.WITHDRAWN).many([withdrawn, withdrawn], NOW)
    notify(complaints.WITHDRAWN)(withdrawn, NOW)
    assert Stored.objects.filter(kind="seller_complaint_withdrawn").count() == 1
