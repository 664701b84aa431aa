"""``tradepost seller new``: creates a seller's project in an empty folder, for the chosen framework."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tradepost import __version__
from tradepost.cli import terminal
from tradepost.kit.scaffold import NotEmpty, write_project
from tradepost.kit.scaffold.template_values import DEFAULT

KEY_BYTES = 16

type FrameworkName = Literal["wsgi", "flask", "django", "fastapi", "asgi"]


def new(
    folder: Path,
    *,
    framework: FrameworkName = "wsgi",
    protocol: Annotated[Sequence[str], Parameter(negative="")] = DEFAULT,
) -> None:
    """Create a seller's project that runs and passes the tester.

    Parameters
    ----------
    folder
        The folder to create, missing or empty.
    framework
        The web framework of the server.
    protocol
        The protocols of the server: saas_v2, saas_v1, license_online, license_v1, license_code, joint_kit_v2, joint_kit_v1,
        order_notice; may be repeated, or given with commas.
    """
    names = [name.strip() for part in protocol for name in part.split(",") if name.strip()]
    try:
        written_paths = write_project(
            folder, framework, key=secrets.token_hex(KEY_BYTES), version=__version__, protocols=names
        )
    except (NotEmpty, LookupError) as error:
        terminal.fail(f"{error}. Nothing was written.")
    terminal.print_line(f"{len(written_paths)} files are in {folder}. Next:")
    terminal.print_line(f"  cd {folder}")
    terminal.print_line("  pip install -r requirements.txt")
    terminal.print_line("  tradepost seller serve app:app --port 9000")
