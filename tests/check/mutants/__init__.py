"""Sellers broken on purpose, each in one way that real servers have: what the tester must recognise, and by which name."""

from __future__ import annotations

from . import (
    answer_fields,
    answer_signing,
    debug_calls,
    encrypted_fields,
    every_protocol,
    http_habits,
    isv_answering,
    isv_doing,
    isv_saas_v1,
    isv_verifying,
    joint_kits,
    licenses,
    lifecycle,
    request_reading,
    request_signing,
    saas_v1_habits,
    strangers_answering,
    strangers_doing,
    strangers_verifying,
    times,
    twice,
)
from .definition import KEY, MUTANTS, Answering, Mutant
from .serving import serving
from .shop import Shop, SlowShop

__all__ = [
    "KEY",
    "MUTANTS",
    "Answering",
    "Mutant",
    "Shop",
    "SlowShop",
    "answer_fields",
    "answer_signing",
    "debug_calls",
    "encrypted_fields",
    "every_protocol",
    "http_habits",
    "isv_answering",
    "isv_doing",
    "isv_saas_v1",
    "isv_verifying",
    "joint_kits",
    "licenses",
    "lifecycle",
    "request_reading",
    "request_signing",
    "saas_v1_habits",
    "serving",
    "strangers_answering",
    "strangers_doing",
    "strangers_verifying",
    "times",
    "twice",
]
