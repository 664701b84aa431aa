"""A server of the tus resumable upload protocol 1.0.0 for files of assets: create, append, query and terminate.

Each request requires a member of the upload's seller with the right to change products; others get 404. A browser sends
its session and the CSRF token in the header ``X-CSRFToken``. There is no CORS, so other sites' pages have no access.
Programs work the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from tradepost.market.assets import tus
from tradepost.market.assets import upload as verbs
from tradepost.market.assets.asset_models import Asset, AssetVersion, Upload
from tradepost.market.assets.upload import UploadLimits, WrongOffset
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.identity.groups import rights_of
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.web.access import declare_access, now_of
from tradepost.market.web.in_pieces import BODY_LENGTH

from .access import Requirement

REQUIREMENT = Requirement(menu=Menu.PRODUCTS, write=True)

type TusView = Callable[..., HttpResponse]


class TusRefused(Refused):
    """A refusal with headers of the protocol."""

    def __init__(self, code: str, message: str, status: int, **headers: str) -> None:
        super().__init__(code, message, status)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def tus_view(*methods: str) -> Callable[[TusView], TusView]:
    """Decorate a view of the protocol: refusals are plain text, and every response names the protocol version."""

    def mark(view: TusView) -> TusView:
        @wraps(view)
        def answered(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            try:
                answer = _dispatch(view, request, methods, kwargs)
            except Refused as refused:
                answer = HttpResponse(
                    f"{refused.message}\n", status=refused.status, content_type="text/plain; charset=utf-8"
                )
                if refused.field.isalpha():
                    answer["Tradepost-Field"] = refused.field
                for name, value in getattr(refused, "headers", {}).items():
                    answer[name] = value
            answer["Tus-Resumable"] = tus.VERSION
            answer["Cache-Control"] = "no-store"
            answer["X-Content-Type-Options"] = "nosniff"
            return answer

        answered.own_transactions = True  # type: ignore[attr-defined]  # waits for the disk outside of transactions
        return declare_access(answered, REQUIREMENT)

    return mark


def _dispatch(view: TusView, request: HttpRequest, methods: tuple[str, ...], kwargs: dict[str, Any]) -> HttpResponse:
    method = request.method or ""
    if method == "POST":  # for proxies that do not support PATCH; CSRF was checked before
        method = request.headers.get("X-HTTP-Method-Override", method).upper()
    if method == "OPTIONS":
        return _options()
    if request.headers.get("Tus-Resumable") != tus.VERSION:
        words = _("This server speaks version %(version)s of the tus protocol.") % {"version": tus.VERSION}
        raise TusRefused("tus.version", words, HTTPStatus.PRECONDITION_FAILED, Tus_Version=tus.VERSION)
    if method not in methods:
        words = _("Not with this method.")
        raise TusRefused("tus.method", words, HTTPStatus.METHOD_NOT_ALLOWED, Allow=", ".join((*methods, "OPTIONS")))
    if not isinstance(request.user, User):
        raise Refused("tus.login", _("Sign in first."), HTTPStatus.FORBIDDEN)
    return view(request, method, **kwargs)


def _options() -> HttpResponse:
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    response["Tus-Version"] = tus.VERSION
    response["Tus-Extension"] = tus.EXTENSIONS
    response["Tus-Checksum-Algorithm"] = ",".join(tus.ALGORITHMS)
    response["Tus-Max-Size"] = str(config().assets.upload_most_bytes)
    return response


@tus_view("POST")
def uploads(request: HttpRequest, _method: str) -> HttpResponse:
    """Create an upload (extension *creation*). ``Upload-Metadata`` contains the key of the ``asset``, the ``label`` of
    the version or the key of the version that it ``updates``, ``notes``, and the ``filename``."""
    if "Upload-Defer-Length" in request.headers:
        raise tus.BadHeader("Upload-Defer-Length", _("the length of the file must be known."))
    length = tus.number_of("Upload-Length", request.headers.get("Upload-Length"))
    metadata = request.headers.get("Upload-Metadata", "")
    details = tus.metadata_of(metadata)
    asset = _require(Asset.objects.filter(pk=_key(details.get("asset", ""))).first())
    _may_change(request, asset.seller_id)
    new_upload = verbs.begin(
        asset, label=details.get("label", ""), notes=details.get("notes", ""),
        updates=_updated_version(asset, details.get("updates", "")), file_name=details.get("filename", ""), length=length,
        by=_person(request), limits=limits(), folder=config().uploads, now=now_of(request), metadata=metadata,
    )  # fmt: skip
    response = HttpResponse(status=HTTPStatus.CREATED)
    response["Location"] = reverse("upload", kwargs={"token": new_upload.token})
    return _with_offset(response, new_upload)


@tus_view("HEAD", "PATCH", "DELETE")
def upload(request: HttpRequest, method: str, token: str) -> HttpResponse:
    of_assets = Upload.objects.select_related("asset").filter(purpose=Upload.Purpose.ASSET)
    assets = of_assets.filter(token=token) if verbs.TOKEN.fullmatch(token) else None
    upload = _require(assets.first() if assets is not None else None)
    _may_change(request, upload.seller_id)
    if upload.status in {Upload.Status.TERMINATED, Upload.Status.EXPIRED}:
        raise Refused("upload.gone", _("This upload was cancelled."), HTTPStatus.GONE)
    match method:
        case "HEAD":
            response = HttpResponse(status=HTTPStatus.OK)
            response["Upload-Length"] = str(upload.length)
            if upload.metadata:
                response["Upload-Metadata"] = upload.metadata
            return _with_offset(response, upload)
        case "PATCH":
            return _with_offset(HttpResponse(status=HTTPStatus.NO_CONTENT), _append(request, upload))
        case _:
            verbs.terminate(upload, folder=config().uploads)
            return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _append(request: HttpRequest, upload: Upload) -> Upload:
    if request.content_type != tus.CONTENT_TYPE:
        words = _("A piece is sent as %(type)s.") % {"type": tus.CONTENT_TYPE}
        raise Refused("tus.type", words, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    offset = tus.number_of("Upload-Offset", request.headers.get("Upload-Offset"))
    checksum = tus.checksum_of(request.headers.get("Upload-Checksum"))
    max_size = config().assets.upload_chunk
    content = request.read(max_size + 1)
    total = int(request.META.get(BODY_LENGTH, len(content)))
    if len(content) > max_size or (checksum is not None and total > len(content)):
        words = _("With a checksum, a piece has at most %(most)s bytes.") % {"most": max_size}
        raise Refused("upload.piece", words, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        return verbs.append(
            upload, offset=offset, content=content, whole=total, checksum=checksum, keep=limits().keep,
            folder=config().uploads, now=now_of(request),
        )  # fmt: skip
    except WrongOffset as wrong:
        raise TusRefused(wrong.code, wrong.message, wrong.status, Upload_Offset=str(wrong.offset)) from None


def _with_offset(response: HttpResponse, upload: Upload) -> HttpResponse:
    response["Upload-Offset"] = str(upload.offset)
    if upload.status == Upload.Status.OPEN:
        response["Upload-Expires"] = tus.http_date(upload.expires_at)
    return response


def limits() -> UploadLimits:
    settings = config()
    return UploadLimits(
        most_bytes=settings.assets.upload_most_bytes, day_bytes=settings.assets.upload_day_bytes, day_files=settings.assets.upload_day_files,
        keep=timedelta(days=settings.assets.keep_unfinished_uploads_days),
    )  # fmt: skip


def _updated_version(asset: Asset, key: str) -> AssetVersion | None:
    return _require(AssetVersion.objects.filter(asset=asset, pk=_key(key)).first()) if key else None


def _key(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _require[T](thing: T | None) -> T:
    if thing is None:
        raise Refused("upload.unknown", _("The upload or asset does not exist."), HTTPStatus.NOT_FOUND)
    return thing


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def _may_change(request: HttpRequest, seller_id: int) -> None:
    """Raise ``Refused``: 404 for a person outside of this seller, 403 for a member without the right."""
    member = _require(
        Member.objects.select_related("seller").filter(user=_person(request), seller_id=seller_id).first()
    )
    if not REQUIREMENT.may_change(rights_of(member)) or member.seller.status != Seller.Status.ACTIVE:
        raise Refused(
            "upload.rights",
            _("You do not have permission to change the products of this seller."),
            HTTPStatus.FORBIDDEN,
        )
