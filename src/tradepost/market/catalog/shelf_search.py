"""Find and rank products on the shelf, with counts for every filter. Both databases return the same results.

Only whole numbers are added and compared, so the results are identical."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When
from msgspec import Struct

from tradepost.market.base.numbers import whole_number

from .models import Shelf, ShelfTerm
from .search_query import Option, Word, query_words
from .shelf import WAY_BITS
from .synonym_queries import synonyms_in

MAX_HITS = 300
"""Maximum of products that a search examines, best first."""
SORTS = ("match", "new", "price", "sold")


class Query(Struct, frozen=True, kw_only=True):
    """A query on the shelf; empty for all. ``categories`` and ``seller`` are keys; ``low`` and ``high``: range of the
    lowest price, in minor units."""

    q: str = ""
    categories: Collection[int] | None = None
    seller: int | None = None
    way: str = ""
    low: int | None = None
    high: int | None = None
    sort: str = ""

    @property
    def order(self) -> str:
        """The sort order: as requested; by default the best match for a search by words, else newest first."""
        by_words = bool(query_words(self.q))
        if self.sort in SORTS and (by_words or self.sort != "match"):
            return self.sort
        return "match" if by_words else "new"


class SearchResult(Struct, frozen=True):
    """A page of matching products. ``close``: no product has all the words; these have some. ``similar``: no product
    has the words as entered; these have words that look or sound alike."""

    pks: list[int]
    next_key: str
    total: int
    categories: Counter[int]
    """Products in each, with all other filters applied."""
    sellers: Counter[int]
    more: bool = False
    """Whether more products match than a search examines."""
    close: bool = False
    similar: bool = False


NO_RESULT = SearchResult([], "", 0, Counter(), Counter())


def find(search: Query, *, after: str = "", size: int = 24) -> SearchResult:
    """Return a page of products in order, after the key ``after`` of an earlier page."""
    if query_words(search.q):
        return _find_by_words(search, query_words(search.q, synonyms_in(search.q)), after, size)
    if search.q.strip():
        return NO_RESULT
    rows = _narrowed(Shelf.objects.all(), search)
    of_category = rows if search.categories is None else rows.filter(category__in=search.categories)
    of_seller = _of(rows, seller=search.seller)
    categories, sellers = _count(of_seller, "category_id"), _count(of_category, "seller_id")
    matching = _of(of_category, seller=search.seller)
    counted = categories if search.categories is None else search.categories
    total = sum(categories[pk] for pk in counted)
    pks, next_key = _page(matching, search.order, after, size)
    return SearchResult(pks, next_key, total, categories, sellers)


def _narrowed[M: (Shelf, ShelfTerm)](rows: QuerySet[M], search: Query, to: str = "") -> QuerySet[M]:
    """Apply all filters except words, category and seller, which are counted. ``to``: the path from these rows to the
    shelf."""
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
    column, ascending = _COLUMN[order], order == "price"
    key = _key(after, 2)
    if key is not None:
        value, pk = key
        after_value = Q((f"{column}__{'gt' if ascending else 'lt'}", value))
        rows = rows.filter(after_value | Q((column, value), product_id__lt=pk))
    ordered = rows.order_by(column if ascending else f"-{column}", "-product_id")
    records = list(ordered.values_list(column, "product_id")[: size + 1])
    has_more, records = len(records) > size, records[:size]
    return [pk for _value, pk in records], "-".join(map(str, records[-1])) if has_more else ""


def _key(text: str, parts: int) -> tuple[int, ...] | None:
    """Parse the key of an earlier page; None for any other text, which starts at the beginning."""
    numbers = [whole_number(part, digits=19) for part in text.split("-")]
    values = tuple(number for number in numbers if number is not None)
    return values if len(numbers) == len(values) == parts and max(values) < 2**63 else None


# --- search by words
# ------------------------------------------------------------------------------------------------------


class _Hit(Struct, frozen=True):
    pk: int
    words: int
    """Number of matching words of the query, exact or near."""
    exact: int
    """Number of exact matches among them."""
    category: int
    seller: int
    rank: tuple[int, ...]


def _find_by_words(search: Query, words: Sequence[Word], after: str, size: int) -> SearchResult:
    hits = _hits(search, words)
    best = _best(hits[:MAX_HITS], len(words))
    has_more = len(hits) > MAX_HITS and len(best) == MAX_HITS  # the best come first: otherwise the rest is no better
    close, similar = bool(best) and best[0].words < len(words), bool(best) and best[0].exact < best[0].words
    requested = search.categories
    of_category = [hit for hit in best if requested is None or hit.category in requested]
    of_seller = [hit for hit in best if search.seller in (None, hit.seller)]
    matching = [hit for hit in of_category if search.seller in (None, hit.seller)]
    matching.sort(key=lambda hit: hit.rank)
    page_hits, next_key = _cut(matching, after, size)
    return SearchResult(
        [hit.pk for hit in page_hits], next_key, len(matching), Counter(hit.category for hit in of_seller),
        Counter(hit.seller for hit in of_category), more=has_more, close=close, similar=similar,
    )  # fmt: skip


def _best(hits: Sequence[_Hit], words: int) -> list[_Hit]:
    """Return the products with all words and the most exact matches. If none has all words, prefer those with an
    exact match."""
    if not hits:
        return []
    best_hit = hits[0]
    if best_hit.words == words:
        return [hit for hit in hits if (hit.words, hit.exact) == (words, best_hit.exact)]
    return [hit for hit in hits if hit.exact or not best_hit.exact]


def _hits(search: Query, words: Sequence[Word]) -> list[_Hit]:
    """Return the best products, those with the most words first; one more than is examined."""
    terms = sorted({term for word in words for term in word.terms})
    scores: Counter[str] = Counter()
    for word in words:
        scores.update(word.scores)
    rows = _narrowed(ShelfTerm.objects.filter(term__in=terms), search, "shelf__")
    option_points = {
        _name(i, j): Sum(_points(option.points))
        for i, word in enumerate(words)
        for j, option in enumerate(word.options)
    }
    matching = (
        rows.values("shelf_id")
        .annotate(**option_points)
        .annotate(
            whole=sum((_is_met(i, word.options) for i, word in enumerate(words)), Value(0)),
            exact=sum((_is_met(i, word.options, exact=True) for i, word in enumerate(words)), Value(0)),
            score=Sum(F("weight") * _points(scores), output_field=IntegerField()),
        )
        .filter(whole__gt=0)
        .order_by("-whole", "-exact", "-score", "-shelf_id")
    )
    columns = ("whole", "exact", "score", "shelf_id", *(f"shelf__{name}" for name in _COLUMNS))
    return [_hit(row, search.order) for row in matching.values_list(*columns)[: MAX_HITS + 1]]


_COLUMNS = ("category_id", "seller_id", "price_from", "sold_30d")


def _hit(row: tuple[int, ...], order: str) -> _Hit:
    words, exact, score, pk, category, seller, price, sold_30d = row
    rank = {"match": (-words, -exact, -score, -pk), "new": (-pk,), "price": (price, -pk), "sold": (-sold_30d, -pk)}[
        order
    ]
    return _Hit(pk, words, exact, category, seller, rank)


def _points(points: Mapping[str, int]) -> Case:
    """Return the points of a term as an expression, grouped by number."""
    terms_by_number: dict[int, list[str]] = {}
    for term, number in points.items():
        terms_by_number.setdefault(number, []).append(term)
    conditions = [When(term__in=sorted(terms), then=Value(number)) for number, terms in sorted(terms_by_number.items())]
    return Case(*conditions, default=Value(0), output_field=IntegerField())


def _name(word: int, option: int) -> str:
    return f"w{word}_{option}"


def _is_met(word: int, options: Sequence[Option], *, exact: bool = False) -> Case:
    """Return 1 for a product that matches one of the options; with ``exact``, one of the exact ones."""
    condition = Q()
    for index, option in enumerate(options):
        if option.exact or not exact:
            condition |= Q((f"{_name(word, index)}__gte", option.least))
    return Case(When(condition, then=Value(1)), default=Value(0), output_field=IntegerField())


def _cut(hits: Sequence[_Hit], after: str, size: int) -> tuple[list[_Hit], str]:
    """Return the page after a hit; its key is the product's, found in the same order."""
    last_key = whole_number(after)
    begin = next((index + 1 for index, hit in enumerate(hits) if hit.pk == last_key), 0)
    page_hits = list(hits[begin : begin + size])
    return page_hits, str(page_hits[-1].pk) if len(hits) > begin + size else ""
