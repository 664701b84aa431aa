"""Which products of the shelf fit, in which order, with counts beside every filter: the same on both databases.

Whole numbers are added up and compared, nothing else: so the answers are the same to the last place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When
from msgspec import Struct

from tradepost.market.base.numbers import whole_number

from .models import Shelf, ShelfTerm
from .search_terms import Word, query_words
from .shelf import WAY_BITS

MOST_HITS = 300
"""Products that a search looks at, the best ones: nobody reads on."""
SORTS = ("match", "new", "price", "sold")


class Query(Struct, frozen=True, kw_only=True):
    """What somebody looks for on the shelf; empty means all. ``categories`` and ``seller`` are keys; ``low`` and ``high``: what one pays at least, in minor units."""

    q: str = ""
    categories: Collection[int] | None = None
    seller: int | None = None
    way: str = ""
    low: int | None = None
    high: int | None = None
    sort: str = ""

    @property
    def order(self) -> str:
        """How it is sorted: by the best match where something is searched, else newest first, unless one says otherwise."""
        by_words = bool(query_words(self.q))
        if self.sort in SORTS and (by_words or self.sort != "match"):
            return self.sort
        return "match" if by_words else "new"


class Found(Struct, frozen=True):
    """One page of what fits. ``close``: nothing has all the words, and these have some."""

    pks: list[int]
    next_key: str
    total: int
    categories: Counter[int]
    """Products in each, with all other filters."""
    sellers: Counter[int]
    more: bool = False
    """Whether more fit than a search looks at."""
    close: bool = False


NOTHING = Found([], "", 0, Counter(), Counter())


def find(search: Query, *, after: str = "", size: int = 24) -> Found:
    """A page of products in their order, beginning after the key ``after`` of an earlier page."""
    words = query_words(search.q)
    if words:
        return _find_words(search, words, after, size)
    if search.q.strip():
        return NOTHING
    rows = _narrowed(Shelf.objects.all(), search)
    of_category = rows if search.categories is None else rows.filter(category__in=search.categories)
    of_seller = _of(rows, seller=search.seller)
    categories, sellers = _count(of_seller, "category_id"), _count(of_category, "seller_id")
    fit = _of(of_category, seller=search.seller)
    counted = categories if search.categories is None else search.categories
    total = sum(categories[pk] for pk in counted)
    pks, next_key = _page(fit, search.order, after, size)
    return Found(pks, next_key, total, categories, sellers)


def _narrowed[M: (Shelf, ShelfTerm)](rows: QuerySet[M], search: Query, to: str = "") -> QuerySet[M]:
    """By everything but words, category and seller, which are counted. ``to``: the way to the shelf from these rows."""
    if bit := WAY_BITS.get(search.way):
        rows = rows.annotate(has_way=F(f"{to}ways").bitand(bit)).filter(has_way=bit)
    if search.low is not None:
        rows = rows.filter((f"{to}price_from__gte", search.low))
    if search.high is not None:
        rows = rows.filter((f"{to}price_from__lte", search.high))
    return rows


def _of(rows: QuerySet[Shelf], **column: int | None) -> QuerySet[Shelf]:
    return rows.filter(**{f"{name}_id": pk for name, pk in column.items() if pk is not None})


def _count(rows: QuerySet[Shelf], by: str) -> Counter[int]:
    return Counter(dict(rows.order_by().values_list(by).annotate(number=Count("pk"))))


_COLUMN = {"new": "product_id", "price": "price_from", "sold": "sold_30d"}


def _page(rows: QuerySet[Shelf], order: str, after: str, size: int) -> tuple[list[int], str]:
    column, up = _COLUMN[order], order == "price"
    key = _key(after, 2)
    if key is not None:
        value, pk = key
        beyond = Q((f"{column}__{'gt' if up else 'lt'}", value))
        rows = rows.filter(beyond | Q((column, value), product_id__lt=pk))
    ordered = rows.order_by(column if up else f"-{column}", "-product_id")
    found = list(ordered.values_list(column, "product_id")[: size + 1])
    more, found = len(found) > size, found[:size]
    return [pk for _value, pk in found], "-".join(map(str, found[-1])) if more else ""


def _key(text: str, parts: int) -> tuple[int, ...] | None:
    """A key that an earlier page gave; None for anything else, which begins at the top."""
    numbers = [whole_number(part, digits=19) for part in text.split("-")]
    found = tuple(number for number in numbers if number is not None)
    return found if len(numbers) == len(found) == parts and max(found) < 2**63 else None


# --- by words ---------------------------------------------------------------------------------------------------------


class _Hit(Struct, frozen=True):
    pk: int
    words: int
    """How many of the query it has."""
    category: int
    seller: int
    rank: tuple[int, ...]


def _find_words(search: Query, words: Sequence[Word], after: str, size: int) -> Found:
    hits = _hits(search, words)
    more, hits = len(hits) > MOST_HITS, hits[:MOST_HITS]
    close = bool(hits) and hits[0].words < len(words)
    if not close:
        hits = [hit for hit in hits if hit.words == len(words)]
        more = more and len(hits) == MOST_HITS  # those with all words come first: what was cut off has fewer
    wanted = search.categories
    of_category = [hit for hit in hits if wanted is None or hit.category in wanted]
    of_seller = [hit for hit in hits if search.seller in (None, hit.seller)]
    fit = [hit for hit in of_category if search.seller in (None, hit.seller)]
    fit.sort(key=lambda hit: hit.rank)
    shown, next_key = _cut(fit, after, size)
    return Found(
        [hit.pk for hit in shown], next_key, len(fit), Counter(hit.category for hit in of_seller),
        Counter(hit.seller for hit in of_category), more=more, close=close,
    )  # fmt: skip


def _hits(search: Query, words: Sequence[Word]) -> list[_Hit]:
    """The best products, those with most of the words first; one more than is looked at."""
    every = sorted({term for word in words for term in word.points})
    rows = _narrowed(ShelfTerm.objects.filter(term__in=every), search, "shelf__")
    there = {f"w{number}": Sum(_points(word.points)) for number, word in enumerate(words)}
    whole = sum((_is_there(number, word) for number, word in enumerate(words)), Value(0))
    of_all: Counter[str] = Counter()
    for word in words:
        of_all.update(word.points)
    found = (
        rows.values("shelf_id")
        .annotate(**there)
        .annotate(whole=whole, score=Sum(F("weight") * _points(of_all), output_field=IntegerField()))
        .filter(whole__gt=0)
        .order_by("-whole", "-score", "-shelf_id")
        .values_list(
            "whole",
            "score",
            "shelf_id",
            "shelf__category_id",
            "shelf__seller_id",
            "shelf__price_from",
            "shelf__sold_30d",
        )
    )
    return [_hit(row, search.order) for row in found[: MOST_HITS + 1]]


def _hit(row: tuple[int, ...], order: str) -> _Hit:
    whole, score, pk, category, seller, price, sold = row
    rank = {"match": (-whole, -score, -pk), "new": (-pk,), "price": (price, -pk), "sold": (-sold, -pk)}[order]
    return _Hit(pk, whole, category, seller, rank)


def _points(points: Mapping[str, int]) -> Case:
    """What a term counts, as an expression: terms of the same number of_all."""
    by_number: dict[int, list[str]] = {}
    for term, number in points.items():
        by_number.setdefault(number, []).append(term)
    whens = [When(term__in=sorted(terms), then=Value(number)) for number, terms in sorted(by_number.items())]
    return Case(*whens, default=Value(0), output_field=IntegerField())


def _is_there(number: int, word: Word) -> Case:
    return Case(When(**{f"w{number}__gte": word.least}, then=Value(1)), default=Value(0), output_field=IntegerField())


def _cut(hits: Sequence[_Hit], after: str, size: int) -> tuple[list[_Hit], str]:
    """The page after a hit; its key is the product's, found again in the same order."""
    last = whole_number(after)
    begin = next((place + 1 for place, hit in enumerate(hits) if hit.pk == last), 0)
    shown = list(hits[begin : begin + size])
    return shown, str(shown[-1].pk) if len(hits) > begin + size else ""
