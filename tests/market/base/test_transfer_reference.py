"""References of bank transfers: a typing error is detected before money is booked to another account."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.base.ids import ALPHABET, TRANSFER_REFERENCE_LENGTH, is_transfer_reference, transfer_reference

REFERENCES = st.text(ALPHABET, min_size=8, max_size=8).map(lambda drawn: transfer_reference(lambda *_: drawn))


@given(REFERENCES)
def test_reference_is_short_and_unambiguous(reference: str) -> None:
    assert len(reference) == TRANSFER_REFERENCE_LENGTH
    assert not set("0O1I") & set(reference)
    assert is_transfer_reference(reference)


@given(REFERENCES, st.integers(1, TRANSFER_REFERENCE_LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_detected(reference: str, place: int, wrong: str) -> None:
    mistyped = reference[:place] + wrong + reference[place + 1 :]
    assert is_transfer_reference(mistyped) == (mistyped == reference)


@given(REFERENCES, st.integers(0, TRANSFER_REFERENCE_LENGTH - 2))
def test_swapped_neighbours_are_detected_except_a_and_9(reference: str, place: int) -> None:
    pair = reference[place : place + 2]
    swapped = reference[:place] + pair[::-1] + reference[place + 2 :]
    undetectable = swapped == reference or set(pair) == {"A", "9"}
    assert is_transfer_reference(swapped) <= undetectable


def test_other_texts_are_not_references() -> None:
    reference = transfer_reference(lambda alphabet, length: alphabet[:length])
    assert reference == "TABCDEFGHT"
    assert not any(map(is_transfer_reference, ("", "T", reference.lower(), f" {reference}", reference[1:], "X" * 10)))
