"""Opens a market for a command: settings read, Django ready, a demo in this folder recognised."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tradepost.cli.private_files import close_to_others
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import as_dict

if TYPE_CHECKING:
    from tradepost.market.base.config import Config

MARKER = "demo.json"
KEY_FILE = "secret.key"
_key_was_missing = False


def need_market() -> None:
    """Refuse with the way out when only the base install is there."""
    if any(find_spec(name) is None for name in ("django", "pydantic_settings", "structlog")):
        raise Refused("cli.no_market", 'This command needs the marketplace. Run: pip install "tradepost[market]"')


def read_config() -> Config:
    """The settings as they are now, not yet fixed for this process. Raises ``Refused`` naming each wrong one."""
    need_market()
    from pydantic import ValidationError

    from tradepost.cli.settings_check import settings_problems
    from tradepost.market.base.config import Config

    try:
        config = Config()
    except ValidationError as invalid:
        wrong = "; ".join(
            f"{_setting(error['loc'][0] if error['loc'] else '')}{_inside(error['loc'][1:])}: {error['msg']}"
            for error in invalid.errors()
        )
        raise Refused("cli.settings", f"Settings are wrong. {wrong}") from None
    if words := "; ".join(settings_problems(config)):
        raise Refused("cli.settings", f"Settings are wrong. {words}")
    return config


def _setting(location: int | str) -> str:
    name = str(location).upper()
    return name if name.startswith(("TRADEPOST_", "PORT", "DATABASE_URL")) else f"TRADEPOST_{name}"


def _inside(location: tuple[int | str, ...]) -> str:
    """Where in a setting that holds a list or an object."""
    return f" ({'.'.join(map(str, location))})" if location else ""


def make_folder(config: Config) -> None:
    """The data folder is there, for us alone, and can be written to. Raises ``Refused`` that says what to do."""
    folder = config.data.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as fault:
        raise Refused(
            "cli.data_folder",
            f"The data folder {folder} cannot be used: {fault.strerror}. "
            "Let this user write there, or choose another folder with TRADEPOST_DATA.",
        ) from None
    close_to_others(folder)
    global _key_was_missing  # noqa: PLW0603
    _key_was_missing |= not config.secret_key.get_secret_value() and not (folder / KEY_FILE).exists()


def key_was_missing() -> bool:
    """Whether this process found no secret key, so that a key file in the data folder is one that it made."""
    return _key_was_missing


def must_exist(config: Config) -> None:
    """Refuse for commands about a market that is there: they must not leave a new one behind where somebody mistyped."""
    if not config.database_url and not (config.data / "tradepost.sqlite3").exists():
        raise Refused(
            "cli.no_market_here",
            f"There is no market in {config.data.absolute()}. Choose its folder with TRADEPOST_DATA (or its database with "
            "DATABASE_URL), or make one: tradepost up",
        )


def open_market(
    *, follow_demo: bool = False, existing: bool = False, only_look: bool = False, any_mode: bool = False
) -> Config:
    """Make Django ready and return the settings.

    ``follow_demo`` is for commands typed beside a running demo: they take over that it is a sandbox and its port,
    which the demo itself chose, so that ``tradepost clock advance 30d`` works without settings. ``existing``: refused
    where there is no market. ``only_look``: for commands that change nothing; no data folder is made either. Refused when
    the database holds a market of the other mode, except for ``only_look`` and ``any_mode``, whose caller checks it.
    """
    config = read_config()
    if existing:
        must_exist(config)
    if not only_look:
        make_folder(config)
    if follow_demo:
        _follow(config)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradepost.market.settings")
    import django
    from django.utils import translation

    from tradepost.market.base.config import config as fixed
    from tradepost.market.web import logs

    logs.configure(form="console", level="WARNING")
    try:
        django.setup()
    except ValueError as wrong:  # what settings.py raises for a URL it does not know
        raise Refused("cli.settings", str(wrong)) from None
    translation.activate(language())
    if not (only_look or any_mode):
        from tradepost.market.base.market_identity import identity_if_any, must_be_mode

        must_be_mode(identity_if_any(), sandbox=fixed().sandbox)
    return fixed()


def language() -> str:
    """Refusals come in the language of the terminal; the command line itself is English."""
    spoken = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "zh-hans" if spoken.startswith("zh") else "en"


@dataclass(frozen=True, slots=True)
class Demo:
    """What a demo leaves in its data folder: which database is its own, and where it and its seller listen."""

    database: str
    port: int
    seller_port: int
    joint_port: int = 0
    """Where its seller of joint operation listens; nowhere in what an earlier version left."""

    @staticmethod
    def fingerprint(config: Config) -> str:
        return hashlib.sha256(config.database_url.encode()).hexdigest()[:16]

    @classmethod
    def of(cls, config: Config) -> Demo | None:
        """The demo of this data folder and this very database, if there is one."""
        try:
            demo = cls(**json.loads((config.data / MARKER).read_text()))
        except (OSError, ValueError, TypeError):
            return None
        # Another database may be a real market, which no leftover file may turn into a sandbox.
        return demo if demo.database == cls.fingerprint(config) else None

    def save(self, data: Path) -> None:
        (data / MARKER).write_text(json.dumps(as_dict(self)))


def _follow(config: Config) -> None:
    demo = Demo.of(config)
    if demo is None:
        return
    if "sandbox" not in config.model_fields_set:
        os.environ["TRADEPOST_SANDBOX"] = "1"
    if "port" not in config.model_fields_set:
        os.environ["TRADEPOST_PORT"] = str(demo.port)
