"""Diagnose how a seller identifies an order from the IDs of calls with several businessIds (saas-v2 §3.1)."""

from __future__ import annotations

import random

import pytest

from tradepost.check.repeat_diagnosis import REPEAT_SEQUENCE, diagnose_repeats

type Told = list[tuple[str, str]]


def told(answer) -> Told:
    return [(turn, answer(number, turn)) for number, turn in enumerate(REPEAT_SEQUENCE)]


def processes(number: int, seed: int) -> Told:
    """Processes with separate memories. The ID is the first businessId of each."""
    chance, memories = random.Random(seed), [""] * number

    def answer(_: int, turn: str) -> str:
        at = chance.randrange(number)
        memories[at] = memories[at] or turn
        return memories[at]

    return told(answer)


def test_one_id_is_right():
    assert diagnose_repeats(told(lambda number, turn: "1")) == ""


def test_one_id_per_business_id():
    assert diagnose_repeats(told(lambda number, turn: f"i-{turn}")) == "business_id_as_key"


@pytest.mark.parametrize(
    "answer",
    [
        lambda number, turn: str(number),
        # The first businessId is known, every other is a new order.
        lambda number, turn: "first" if turn == "A" else str(number),
        # The second call creates another and the first is found from then on, or the second is.
        lambda number, turn: "second" if number == 1 else "first",
        lambda number, turn: "first" if number == 0 else "second",
        # Forgotten after some seconds.
        lambda number, turn: str(number // 7),
    ],
)
def test_other_id_for_a_repeated_call(answer):
    assert diagnose_repeats(told(answer)) == "new_instance_id_each_call"


@pytest.mark.parametrize("number", [2, 3, 4, 8])
def test_several_memories(number):
    right = sum(diagnose_repeats(processes(number, seed)) == "memories_differ" for seed in range(200))
    # By chance all calls may reach one of two; businessId is never blamed.
    assert right >= 198
    assert not any(diagnose_repeats(processes(number, seed)) == "business_id_as_key" for seed in range(200))


def test_two_memories_in_turn():
    assert diagnose_repeats(told(lambda number, turn: str(number % 2))) == "memories_differ"
