"""Opens a market for a command: reads settings, prepares Django, and recognises a demo in this folder."""

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

DEMO_FILE = "demo.json"
KEY_FILE = "secret.key"
_key_was_missing = False


def require_market() -> None:
    """Refuse the command with a remedy if only the base install is present."""
    if any(find_spec(name) is None for name in ("django", "pydantic_settings", "structlog")):
        raise Refused("cli.no_market", 'This command needs the marketplace. Run: pip install "tradepost[market]"')


def read_config() -> Config:
    """Return the current settings, not fixed for this process. Raises ``Refused`` naming each invalid one."""
    require_market()
    from pydantic import ValidationError

    from tradepost.cli.settings_check import settings_problems
    from tradepost.market.base.config import Config

    try:
        config = Config()
    except ValidationError as invalid:
        errors_text = "; ".join(
            f"{_setting(location[0] if location else '')}{_nested_position(location[1:])}: {error['msg']}"
            for error in invalid.errors()
            for location in [_without_context(error["loc"])]
        )
        raise Refused("cli.settings", f"Settings are wrong. {errors_text}") from None
    if words := "; ".join(settings_problems(config)):
        raise Refused("cli.settings", f"Settings are wrong. {words}")
    return config


def _without_context(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    from tradepost.market.base.config import Config
    from tradepost.market.base.settings.reading import is_context

    return location[1:] if location and is_context(Config, str(location[0])) else location


def _setting(location: int | str) -> str:
    name = str(location).upper()
    return name if name.startswith(("TRADEPOST_", "PORT", "DATABASE_URL", "CLAMD_URL")) else f"TRADEPOST_{name}"


def _nested_position(location: tuple[int | str, ...]) -> str:
    """Return the position inside a setting with a list or an object."""
    return f" ({'.'.join(map(str, location))})" if location else ""


def make_folder(config: Config) -> None:
    """Create the data folder if missing, private and writable. Raises ``Refused`` with a remedy."""
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
    """Return whether this process found no secret key, so that a key file in the data folder is its own."""
    return _key_was_missing


def require_existing(config: Config) -> None:
    """Refuse commands about an existing market if there is none, so that a wrong folder does not create a new one."""
    if not config.database_url and not (config.data / "tradepost.sqlite3").exists():
        raise Refused(
            "cli.no_market_here",
            f"There is no market in {config.data.absolute()}. Choose its folder with TRADEPOST_DATA (or its database with "
            "DATABASE_URL), or make one: tradepost up",
        )


def open_market(
    *, follow_demo: bool = False, existing: bool = False, only_look: bool = False, any_mode: bool = False
) -> Config:
    """Prepare Django and return the settings.

    ``follow_demo``: for commands beside a running demo: use its sandbox mode and port, so that ``tradepost clock
    advance 30d`` works without settings. ``existing``: refuse if there is no market. ``only_look``: for commands
    without changes; does not create a data folder. Refuses a database with a market of the other mode, except with
    ``only_look`` or ``any_mode``, whose caller checks it.
    """
    config = read_config()
    if existing:
        require_existing(config)
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
    except ValueError as error:  # raised by settings.py for an unknown URL
        raise Refused("cli.settings", str(error)) from None
    translation.activate(language())
    if not (only_look or any_mode):
        from tradepost.market.base.market_identity import check_mode, identity_if_any

        check_mode(identity_if_any(), sandbox=fixed().sandbox)
    return fixed()


def language() -> str:
    """Return the language of the terminal for refusals; the command line itself is English."""
    locale_name = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "zh-hans" if locale_name.startswith("zh") else "en"


@dataclass(frozen=True, slots=True)
class Demo:
    """Data about a demo in its data folder: its database, and the addresses of the demo and its seller."""

    database: str
    port: int
    seller_port: int
    joint_port: int = 0
    """Port of its joint-operation seller; 0 in data of an earlier version."""

    @staticmethod
    def fingerprint(config: Config) -> str:
        return hashlib.sha256(config.database_url.encode()).hexdigest()[:16]

    @classmethod
    def of(cls, config: Config) -> Demo | None:
        """Return the demo of this data folder and this database, if there is one."""
        try:
            demo = cls(**json.loads((config.data / DEMO_FILE).read_text()))
        except (OSError, ValueError, TypeError):
            return None
        # Another database may be a real market, which an old file must not turn into a sandbox.
        return demo if demo.database == cls.fingerprint(config) else None

    def save(self, data: Path) -> None:
        (data / DEMO_FILE).write_text(json.dumps(as_dict(self)))


def _follow(config: Config) -> None:
    demo = Demo.of(config)
    if demo is None:
        return
    if "sandbox" not in config.model_fields_set:
        os.environ["TRADEPOST_SANDBOX"] = "1"
    if "port" not in config.model_fields_set:
        os.environ["TRADEPOST_PORT"] = str(demo.port)
