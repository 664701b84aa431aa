"""Settings that would not work are named before anything is started, without their secrets."""

from __future__ import annotations

import errno
import socket

import pytest
from pydantic import SecretStr

from tests.cli.command_line import Market
from tests.configured import configured
from tradepost.cli.opening import make_folder
from tradepost.cli.serve import claim_port
from tradepost.cli.settings_check import settings_problems
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused


def config(**settings: object) -> Config:
    return configured(**({"sandbox": False, "secret_key": SecretStr("x" * 40), "database_url": ""} | settings))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"database_url": "mysql://me:hush@db/x"}, "DATABASE_URL: it must start with postgresql:// or postgres://"),
        ({"database_url": "postgresql://me:hush@db:port/x"}, "DATABASE_URL: this is not a URL"),
        ({"database_url": "postgresql://me:hu/sh@db/x"}, "DATABASE_URL: this is not a URL"),
        ({"database_url": "postgresql://me:hush@db"}, "DATABASE_URL: it must end with the database's name"),
        ({"mail_url": "mail.example.com:25"}, "TRADEPOST_MAIL_URL: it must start with smtp://"),
        ({"mail_url": "smtp://"}, "TRADEPOST_MAIL_URL: it names no host"),
        ({"public_url": "market.example.com"}, "TRADEPOST_PUBLIC_URL: it must start with https:// or http://"),
        ({"currency": "XXX"}, "TRADEPOST_CURRENCY: XXX is not known; there are CNY, EUR, HKD, JPY, USD"),
        ({"log_level": "LOUD"}, "TRADEPOST_LOG_LEVEL: it is DEBUG, INFO, WARNING or ERROR"),
        ({"open_api_rate": "often"}, "TRADEPOST_OPEN_API_RATE: write it as 100/second"),
    ],
)
def test_each_is_named_without_passwords(settings: dict[str, object], words: str) -> None:
    [said] = settings_problems(config(**settings))
    assert said.startswith(words)
    assert "hush" not in said


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:p%40ss@db:5432/x",
        "postgres://db/x",
        "postgresql:///x?host=/run/postgresql",
        "postgresql://?service=x",
    ],
)
def test_working_settings_are_not_reported(url: str) -> None:
    settings = {"database_url": url, "mail_url": "smtp+starttls://a:b@mail:587", "public_url": "https://market.example"}
    assert list(settings_problems(config(**settings))) == []


def test_port_in_use_and_foreign_host_are_distinguished() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=rf"Port {port} on 127\.0\.0\.1 is taken\. Set PORT to another one\."):
            claim_port(config(host="127.0.0.1", port=port))
    with pytest.raises(Refused, match=r"203\.0\.113\.9 is no address of this machine .*TRADEPOST_HOST"):
        claim_port(config(host="203.0.113.9", port=port))


def test_port_below_1024_may_need_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system decides: it never happens if the tests run as root."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(Refused, match=r"not allowed for this user\. Set PORT to one from 1024 on\."):
        claim_port(config(host="127.0.0.1", port=80))


def test_unusable_data_folder_says_what_to_do(tmp_path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match=r"cannot be used: .*another folder with TRADEPOST_DATA"):
        make_folder(config(data=tmp_path / "file" / "data"))
    make_folder(config(data=tmp_path / "new" / "data"))
    assert (tmp_path / "new" / "data").stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "new" / "data").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("command", [("clock",), ("worker",)])
def test_market_commands_create_no_market(tmp_path, command: tuple[str, ...]) -> None:
    refused = Market(tmp_path).run(*command, TRADEPOST_DATA=str(tmp_path / "mistyped"))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"tradepost: There is no market in {tmp_path / 'mistyped'}. ")
    assert list(tmp_path.iterdir()) == []
