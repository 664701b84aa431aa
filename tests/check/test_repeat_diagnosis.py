"""By what a seller recognises an order is told from the ids that it gave to calls with several businessIds (saas-v2 §3.1)."""

from __future__ import annotations

import random

import pytest

from tradepost.check.repeat_diagnosis import TURNS, recognised_by

type Told = list[tuple[str, str]]


def told(answer) -> Told:
    return [(turn, answer(number, turn)) for number, turn in enumerate(TURNS)]


def processes(number: int, seed: int) -> Told:
    """Each with a memory of its own, the id is the businessId that it met first."""
    chance, memories = random.Random(seed), [""] * number

    def answer(_: int, turn: str) -> str:
        at = chance.randrange(number)
        memories[at] = memories[at] or turn
        return memories[at]

    return told(answer)


def test_one_id_is_right():
    assert recognised_by(told(lambda number, turn: "1")) == ""


def test_an_id_for_each_business_id():
    assert recognised_by(told(lambda number, turn: f"i-{turn}")) == "business_id_as_key"


@pytest.mark.parametrize(
    "answer",
    [
        lambda number, turn: str(number),
        # The first businessId is known, every other is a new order.
        lambda number, turn: "first" if turn == "A" else str(number),
        # The second call makes another, the first is found from then on; or the second is.
        lambda number, turn: "second" if number == 1 else "first",
        lambda number, turn: "first" if number == 0 else "second",
        # Forgotten after some seconds.
        lambda number, turn: str(number // 7),
    ],
)
def test_another_id_for_a_call_that_comes_again(answer):
    assert recognised_by(told(answer)) == "new_instance_id_each_call"


@pytest.mark.parametrize("number", [2, 3, 4, 8])
def test_several_memories(number):
    right = sum(recognised_by(processes(number, seed)) == "memories_differ" for seed in range(200))
    # By chance all calls may reach one of two; never is businessId blamed.
    assert right >= 198
    assert not any(recognised_by(processes(number, seed)) == "business_id_as_key" for seed in range(200))


def test_two_in_turn():
    assert recognised_by(told(lambda number, turn: str(number % 2))) == "memories_differ"
