"""What a buyer writes on a transfer: a wrong character is seen before it books money for somebody else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.base.ids import ALPHABET, TRANSFER_REFERENCE, is_transfer_reference, transfer_reference

REFERENCES = st.text(ALPHABET, min_size=8, max_size=8).map(lambda drawn: transfer_reference(lambda *_: drawn))


@given(REFERENCES)
def test_it_is_short_and_has_no_character_that_is_taken_for_another(reference: str) -> None:
    assert len(reference) == TRANSFER_REFERENCE
    assert not set("0O1I") & set(reference)
    assert is_transfer_reference(reference)


@given(REFERENCES, st.integers(1, TRANSFER_REFERENCE - 1), st.sampled_from(ALPHABET))
def test_one_wrong_character_never_gives_another_reference(reference: str, place: int, wrong: str) -> None:
    mistyped = reference[:place] + wrong + reference[place + 1 :]
    assert is_transfer_reference(mistyped) == (mistyped == reference)


@given(REFERENCES, st.integers(0, TRANSFER_REFERENCE - 2))
def test_neighbours_that_changed_places_are_seen_but_for_a_and_9(reference: str, place: int) -> None:
    pair = reference[place : place + 2]
    swapped = reference[:place] + pair[::-1] + reference[place + 2 :]
    same = swapped == reference or set(pair) == {"A", "9"}
    assert is_transfer_reference(swapped) <= same


def test_what_is_none() -> None:
    reference = transfer_reference(lambda alphabet, length: alphabet[:length])
    assert reference == "TABCDEFGHT"
    assert not any(map(is_transfer_reference, ("", "T", reference.lower(), f" {reference}", reference[1:], "X" * 10)))
