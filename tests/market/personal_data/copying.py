"""Make a copy of a person's data as a worker does, and read it."""

from __future__ import annotations

import csv
import json
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from django.test import Client

from tests.factories import NOW
from tradepost.market import wiring
from tradepost.market.auth_centre import personal as auth_centre
from tradepost.market.base import leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.models import LeasedJob
from tradepost.market.exports.models import Export
from tradepost.market.exports.order import COPY_KIND, folder
from tradepost.market.identity.models import User
from tradepost.market.personal_data import declared, export

PAGE = "/profile/data/"
TASK = {COPY_KIND: wiring.LEASED_TASKS[COPY_KIND]}
EVERY = [*declared.exported_tables(), *auth_centre.EXPORTED]


def request_copy(user: User, language: str = "en") -> Export:
    return export.request_copy(user, language=language, files=config().files, now=NOW, wall=NOW)


def run_job() -> LeasedJob:
    """Make one attempt at the due job, as a worker does."""
    [job] = leased_jobs.claim(TASK, now=NOW, wall=NOW, owner="test", limit=1)
    leased_jobs.work_on(leased_jobs.RunningJob(job), TASK[COPY_KIND], now=lambda: NOW)
    job.refresh_from_db()
    return job


def archive_of(export: Export) -> ZipFile:
    export.refresh_from_db()
    return ZipFile(BytesIO(folder(config().files).path(export.sha256).read_bytes()))


def copy_of(user: User, language: str = "en") -> ZipFile:
    export = request_copy(user, language)
    job = run_job()
    assert (job.outcome, job.error) == ("done", "")
    return archive_of(export)


def table(archive: ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(archive.read(f"tables/{name}.csv").decode("utf-8-sig"), newline="")))


def column_values(archive: ZipFile, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(archive.read(f"json/{name}.json"))
    return rows


def full_text(archive: ZipFile) -> str:
    return "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist())


def export_files(files: Path) -> set[Path]:
    """Return the files of exports, including unfinished ones."""
    return {path for path in folder(files).root.rglob("*") if path.is_file()}


def signed_in_client(user: User, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client
