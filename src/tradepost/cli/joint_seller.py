"""The sample of joint operation for a demo: its key pair, settings and start."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import tradepost
from tradepost.cli.processes import Program
from tradepost.cli.sample_seller import HOST
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.kit.keypair import KeyPair

NAME = "joint seller"
FOLDER = "joint-seller"
"""Its databases and private key, in the data folder."""
IN_A_CHECKOUT, IN_A_WHEEL = "examples/sample_joint_seller", "_sample_joint_seller"
PROGRAM = "joint_app.py"
_PRIVATE, _PUBLIC = "private-key", "public-key.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Keys of both interface classes, and the key pair for client secrets."""

    base: str = field(repr=False)
    kit: str = field(repr=False)
    pair: KeyPair


def root(port: int) -> str:
    """Return the address for users and the market."""
    return f"http://{HOST}:{port}"


def key_pair(data: Path) -> KeyPair:
    """Return the key pair of this data folder; creates it if missing, in half a second."""
    from tradepost.kit.keypair import KeyPair, make_pair

    folder = data / FOLDER
    if (folder / _PUBLIC).is_file():
        public = (folder / _PUBLIC).read_text(encoding="ascii")
        return KeyPair(public, (folder / _PRIVATE).read_text(encoding="ascii"))
    pair = make_pair()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _PRIVATE).write_text(pair.private, encoding="ascii")
    (folder / _PUBLIC).write_text(pair.public, encoding="ascii")
    return pair


def program(port: int, *, market: str, keys: Keys, app_id: str, data: Path) -> Program:
    """Return the program. ``app_id``: of its credential; empty if there is none yet. ``data``: the market's data
    folder."""
    env = {
        "SELLER_KEY": keys.base, "SELLER_KIT_KEY": keys.kit, "SELLER_PRIVATE_KEY": keys.pair.private, "SELLER_APP_ID": app_id,
        "SELLER_DATA": str(data / FOLDER), "SELLER_PUBLIC_URL": root(port), "MARKET": market,
    }  # fmt: skip
    command = [sys.executable, "-m", "tradepost.cli.parent_death", str(_find_folder()), "--port", str(port)]
    # Stopped after the worker, whose last calls it answers.
    return Program(NAME, command, env=env, log=data / "logs" / "joint-seller.log", wave=1)


def _find_folder() -> Path:
    package = Path(tradepost.__file__).resolve().parent
    for folder in (package.parents[1] / IN_A_CHECKOUT, package / IN_A_WHEEL):
        if (folder / PROGRAM).is_file():
            return folder / PROGRAM
    raise Refused(
        "cli.no_sample_seller", "The sample seller is missing from this installation: install Tradepost again."
    )
