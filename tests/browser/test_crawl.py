"""issue 27, must show 2: a browser visits every page of every role, with objects in every state. Links lead to each
page, each form is sent once invalid and once valid, and nothing answers 403, 404 or 5xx outside the table of refusals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser

from tests.browser.auth_centre_pages import ONE_CLICK
from tests.browser.crawling import Crawl
from tests.browser.pages import HISTORY, MORE_HISTORY
from tests.browser.people import Person, person
from tests.browser.running import Market
from tests.browser.states import PASSING, SOON
from tests.market import every_address as table
from tests.market.every_address import ADDRESSES
from tests.market.site_walk import OF_VISITS
from tests.market.unlinked import FOR_OTHERS, IN_OTHER_STATES, WITHOUT_LINK
from tests.sampling import sample

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass(frozen=True, slots=True)
class Visit:
    """A site as one person sees it. ``beyond``: prefixes of addresses of other sites. ``searches``: searches of
    lists, in which ``begin`` and ``end`` are replaced."""

    home: str
    person: str = ""
    beyond: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()


SEARCHED = timedelta(days=30)
"""Searches list this time before and after the start of a visit."""
STORE = ("/t/", "/console/", "/seller/")
VISITS: Mapping[str, Visit] = {
    "stranger": Visit("/", "", STORE),
    "newcomer": Visit("/", "newcomer", STORE),
    "buyer": Visit("/", "buyer", STORE),
    "member": Visit("/t/lantian/", "buyer"),
    "new seller": Visit("/seller/", "newcomer"),
    "seller": Visit("/seller/", "seller"),
    "operator": Visit("/console/", "operator", searches=("/console/audit/?from={begin:%Y-%m-%d}&to={end:%Y-%m-%d}",)),
}
LONG = ("buyer", "seller", "operator")
"""Visits of hundreds of pages and forms, which only a soak runs."""
NOT_SENT: Mapping[str, str] = {
    "i18n/setlang/": "changes the language of all pages after it",
    "account/logout/": "ends the visit; test_every_button_has_an_effect clicks it",
}
"""Forms that are skipped, with the reason."""
USED_UP = "another button of the page used the only object in this state"
ENDED = "another button ended the visit, or the membership, that it needs"
AT_TIMES = "a person of another visit, or another button, may have used it up before"
CODE = "needs a code of the secret that its page shows"
NOT_ACCEPTED: Mapping[str, str] = {
    "account/security/two-step/ [] code,password": CODE,
    "console/demands/<int:pk>/pass/ [] note,seller_words": "needs a seller, whom the search before it lists: sent as the answer of that page",
    "console/sign-in/passwords/ [] ": "would end the way in that this visit uses, and needs a provider that operators used",
    "enterprise/<slug:code>/applications/<int:pk>/groups/withdraw/ [group=*] ": USED_UP,
    "account/security/log-ins/<int:pk>/end/ [] ": AT_TIMES,
    "console/invoices/<int:pk>/review/ [answer=refuse] reason": AT_TIMES,
    "console/reviews/<int:pk>/reject/ [] reason_appeal": AT_TIMES,
    "seller/addresses/<int:pk>/delete/ [] ": AT_TIMES,
    "seller/supervision/<int:pk>/answer/ [decision=decline] answer": AT_TIMES,
    "services/<int:pk>/access/ [] ": AT_TIMES,
    "enterprise/<slug:code>/applications/<int:pk>/restart/ [] ": AT_TIMES,
    "enterprise/<slug:code>/applications/restart/ [] ": AT_TIMES,
    "enterprise/<slug:code>/invitations/<int:pk>/withdraw/ [] ": AT_TIMES,
    "enterprise/<slug:code>/import/<int:pk>/passwords/ [] ": "the button for all members without a password is pressed before",
    "enterprise/<slug:code>/dissolve/ [] password,typed": "other visits enter this enterprise, since all share a market",
    "enterprise/<slug:code>/exit/ [] ": ENDED,
    "enterprise/<slug:code>/leave/ [] ": "the only administrator cannot leave",
    "seller/applications/<int:pk>/move/ [] address": "the address of the product has to move with it, on another page",
    "seller/members/leave/ [] ": "the owner hands the company over before, and leaves from another page then",
    "supervision/<int:pk>/act/ [act=keep] ": USED_UP,  # goods to return are either returned, or kept
    "supervision/<int:pk>/cancel/ [] reason": USED_UP,
    "t/<str:code>/access/<int:pk>/end/ [] ": ENDED,
    "t/<str:code>/sign-ins/others/end/ [] ": USED_UP,
    "t/<str:code>/sign-out/ [] ": ENDED,
    "t/<str:code>/two-step/on/ [] code,password": CODE,
}
"""Forms that may remain without a valid submission, with the reason: the address, the button, and the fields of each.
"""
SILENT: Mapping[str, str] = {"seller/switch/ [] seller": "chooses the company that is chosen already"}
"""Forms that may lead to the unchanged page without a message, with the reason."""
IN_ROWS = "a form of each row of a list, which says above the list what was refused"
REDIRECTED: Mapping[str, str] = {
    "seller/try/<int:pk>/ [act=renew_changed] offer,quantity": IN_ROWS,
    "seller/try/<int:pk>/ [act=upgrade] offer,quantity": IN_ROWS,
}
"""Forms that may be refused by a redirect, with the reason."""
READERS: Mapping[str, str] = {
    "stranger": table.STRANGER,
    "buyer": table.BUYER,
    "seller": table.OWNER,
    "operator": table.OPERATOR,
}
"""Visits of people in the table of addresses: each reaches every page that it may open, as the walk without a browser
checks.
"""
OF_OTHERS = frozenset[str]().union(*OF_VISITS.values())
NO_DOCUMENT = "nobody added a document"
WITHOUT_OBJECT: Mapping[str, str] = {
    "complaints/<int:pk>/files/<str:sha256>/": NO_DOCUMENT,
    "enterprise/<slug:code>/passwords/<int:pk>/": "no file of passwords was made",
    "profile/data/file/": "the copy of personal data is ordered by the visit itself",
    "refunds/<int:pk>/files/<str:sha256>/": NO_DOCUMENT,
    "servers/new/<str:product_id>/": "not seen in this market yet",
    **{
        f"services/<int:pk>/{page}": "nobody bought a product of this kind"
        for page in ("files/<str:sha256>/", "keys/", "licenses/<int:license_pk>/file", "manifests/<int:number>.json")
    },
    "seller/company/draft/<slug:kind>/": "of companies that are on their way in",
    **{f"seller/{what}/<int:pk>/live/": "loaded by its page while something runs" for what in ("domains", "messages")},
}
"""Pages that no visit reaches, with the reason."""
LAST = (
    "password",
    "delete",
    "close",
    "leave",
    "/end/",
    "remove",
    "revoke",
    "/off/",
    "withdraw",
    "cancel",
    "disable",
    "look",
    "dissolve",
    "hand-over",
    "exit",
    "sign-out",
    "logout",
    "login",
    "members/leave",
)
"""Words of acts that remove what other forms need: their forms are sent last, in this order."""
FIRST = (
    "import/<int:pk>/drop",
    "bookings/<int:pk>/correct",
    "services/<int:pk>/lift",
    "sellers/<int:pk>/self-operated",
)
"""Words of acts that other forms need or that make others impossible."""


@pytest.fixture(scope="module", autouse=True)
def _history(market: Market) -> None:
    market.history(
        *HISTORY,
        *MORE_HISTORY,
        "spares",
        "more_money",
        "more_states",
        "more_cases",
        "more_ends",
        "oversee",
        "count_states",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "who",
    [
        *sample([who for who in VISITS if who not in LONG], share=1 / 4),
        *(pytest.param(who, marks=pytest.mark.soak) for who in LONG),
    ],
)
def test_every_page_is_reached_and_every_form_sent(browser: Browser, market: Market, who: str) -> None:
    with visiting(browser, market, VISITS[who]) as reader:
        visit, now = VISITS[who], datetime.now(UTC)
        searches = tuple(each.format(begin=now - SEARCHED, end=now + SEARCHED) for each in visit.searches)
        crawl = Crawl(reader, visit.person, visit.home, visit.beyond, searches)
        crawl.go()
        assert crawl.pages > 3
        for valid in (False, True):
            for kind in in_order(crawl):
                if valid or crawl.forms[kind][0].fields:  # without a field there is no invalid value
                    crawl.send(kind, valid=valid)
        wrong = [
            *crawl.wrong, *silent_refusals(crawl), *unaccepted_forms(crawl), *unreached_pages(crawl, VISITS[who], READERS.get(who, "")),
        ]  # fmt: skip
        print(f"{who}: {crawl.counts()}")  # noqa: T201  # figures for who reads the run
        assert not wrong, "\n".join(["", *wrong])
    assert market.faults() == []


def test_every_state_has_an_object(market: Market) -> None:
    """States that pass at once are excepted. A state that gained or lost its last object must be removed from or added
    to the table."""
    missing = set(market.made["states without an object"].split())
    assert missing - PASSING.keys() == set()
    assert {state for state, why in PASSING.items() if why != SOON} - missing == set(), "these have an object"


def silent_refusals(crawl: Crawl) -> Iterator[str]:
    """Return refusals without a status: a redirect to the unchanged page, or one instead of 422."""
    for kind, where in crawl.silent.items():
        if kind not in SILENT:
            yield f"{kind} on {where}: led on to the page as it was before, without a word"
    for kind, where in crawl.redirected.items():
        if kind not in REDIRECTED:
            yield f"{kind} on {where}: a redirect instead of a refusal"


def unaccepted_forms(crawl: Crawl) -> Iterator[str]:
    """Return forms that were never accepted, and entries of the table that are no longer needed."""
    for kind in in_order(crawl):
        done = kind in crawl.accepted or (kind in crawl.used_empty and kind not in crawl.refused)
        if done and NOT_ACCEPTED.get(kind, AT_TIMES) != AT_TIMES:
            yield f"{kind} was accepted: take it out of NOT_ACCEPTED"
        elif not done and kind not in NOT_ACCEPTED:
            yield f"{kind}: {crawl.refused.get(kind, 'no page shows it any more')}"


def unreached_pages(crawl: Crawl, visit: Visit, reader: str) -> Iterator[str]:
    """Return pages of the site that the reader may open and that no link led to."""
    for route, row in ADDRESSES.items():
        due = (
            reader in row.get
            and not row.gateway
            and f"/{route}".startswith(visit.home)
            and not f"/{route}".startswith(visit.beyond)
        )
        elsewhere = route in {*WITHOUT_LINK, *IN_OTHER_STATES, *OF_OTHERS} or reader in FOR_OTHERS.get(route, ())
        if due and not elsewhere and route not in crawl.reached and route not in WITHOUT_OBJECT:
            yield f"{route}: no link led there"


def in_order(crawl: Crawl) -> list[str]:
    kinds = [kind for kind, forms in crawl.forms.items() if forms[0].route not in NOT_SENT]
    return sorted(
        kinds,
        key=lambda kind: max(
            (n for n, word in enumerate(LAST, start=1) if word in kind), default=-any(word in kind for word in FIRST)
        ),
    )


@contextmanager
def visiting(browser: Browser, market: Market, visit: Visit) -> Iterator[Person]:
    with person(browser, market, visit.person) as reader:
        if visit.home.startswith("/t/"):
            reader.go(f"{visit.home}sign-in/")
            reader.page.locator(ONE_CLICK).click()
            reader.page.wait_for_load_state()
        yield reader
