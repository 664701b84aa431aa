"""Import members from a table: upload, validation, import. The progress is shown, and the import continues without the
page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.organisations import import_members, import_table, password_files, queries
from tradepost.market.organisations.enterprise import FIRST_DEPARTMENT
from tradepost.market.organisations.models import ImportRun
from tradepost.market.web.pages import or_404
from tradepost.market.web.pages.downloads import table_response
from tradepost.market.web.uploads import FileField, takes_bytes, uploaded_file

from .enterprise_frame import EnterpriseRequest, enterprise_page, show


@dataclass(frozen=True, slots=True, kw_only=True)
class TableField(FileField):
    """The file field of a table for ``web/parts/file_field.html``. It is submitted with its form."""

    action: str = ""
    accept: ClassVar[str] = ".csv,.xlsx"
    removable: ClassVar[bool] = False
    file: ClassVar[None] = None

    @property
    def asks(self) -> Mapping[str, str]:
        return {}

    @property
    def hint(self) -> str:
        return _("CSV or XLSX, at most %(most)s MB.") % {"most": f"{self.most_bytes / 1_048_576:g}"}

    @property
    def most_bytes(self) -> int:
        return config().organisations.import_most_bytes

    @property
    def too_large(self) -> str:
        return import_members.too_large_refusal(self.most_bytes).message


@takes_bytes(lambda: config().organisations.import_most_bytes + 1_000_000)
@require_http_methods(["GET", "HEAD", "POST"])
@enterprise_page(admin=True)
def index(request: EnterpriseRequest) -> HttpResponse:
    refused = None
    if request.method == "POST":
        try:
            run = _start_import(request)
        except Refused as error:
            refused = error
        else:
            return redirect("storefront:enterprise_import", code=request.enterprise.code, pk=run.pk)
    upload = TableField(
        name="table", label=_("Table of members"), required=True, error=refused.message if refused else ""
    )
    columns = [
        (names[0], names[-1] if len(names) == 2 else _chinese_name(names)) for names in import_table.COLUMNS.values()
    ]
    return show(
        request, "storefront/enterprise_imports.html", upload=upload, columns=columns, refused=refused,
        page=queries.imports_of(request.enterprise, after=request.GET.get("after", "")),
        most=config().organisations.import_most_lines, most_of_spreadsheet=import_table.SPREADSHEET.rows - 1,
    )  # fmt: skip


def _chinese_name(names: tuple[str, ...]) -> str:
    return next(name for name in names if not name.isascii())


def _start_import(request: EnterpriseRequest) -> ImportRun:
    table = uploaded_file(request, "table")
    if table is None:
        raise Refused("enterprise_import.table", _("Choose a file."), 422, field="table")
    settings = config()
    return import_members.upload(
        request.enterprise, table.name or "", table.read(settings.organisations.import_most_bytes + 1),
        by=request.membership,
        files=import_members.folder(settings.files), bounds=import_members.limits_of(settings.organisations), now=request.now,
    )  # fmt: skip


@require_safe
@enterprise_page(admin=True)
def detail(request: EnterpriseRequest, pk: int) -> HttpResponse:
    """Show an import. The page is polled while it is in progress."""
    run = or_404(queries.find_import(request.enterprise, pk))
    open_now = run.status in {ImportRun.Status.CHECKING, ImportRun.Status.IMPORTING}
    return show(
        request, "storefront/enterprise_import.html", run=run, report=import_members.report_of(run), live=open_now,
        lacking=not open_now and password_files.is_any_password_missing(run), password_file=password_files.newest_file(request.enterprise, run),
        job=import_members.job_of(run) if open_now else None,
    )  # fmt: skip


@require_POST
@enterprise_page(admin=True)
def confirm(request: EnterpriseRequest, pk: int) -> HttpResponse:
    run = or_404(queries.find_import(request.enterprise, pk))
    import_members.confirm(run, by=request.membership, now=request.now)
    return redirect("storefront:enterprise_import", code=request.enterprise.code, pk=run.pk)


@require_POST
@enterprise_page(admin=True)
def drop(request: EnterpriseRequest, pk: int) -> HttpResponse:
    run = or_404(queries.find_import(request.enterprise, pk))
    import_members.discard(run, by=request.membership, now=request.now)
    messages.success(request, _("The import was stopped. No more lines are imported."))
    return redirect("storefront:enterprise_import", code=request.enterprise.code, pk=run.pk)


@require_safe
@enterprise_page(admin=True)
def template(_request: EnterpriseRequest) -> HttpResponse:
    """Return a table with headings in the reader's language and an example row."""
    chinese = (get_language() or "zh").startswith("zh")
    head = [_chinese_name(names) if chinese else names[0] for names in import_table.COLUMNS.values()]
    example = {
        "user_name": "zhang.san",
        "name": "张三" if chinese else "Zhang San",
        "department": FIRST_DEPARTMENT,
        "role": "user",
    }
    return table_response(head, [[example.get(column, "") for column in import_table.COLUMNS]], "members", "csv")
