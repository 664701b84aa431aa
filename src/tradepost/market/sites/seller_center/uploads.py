"""The server of the tus resumable upload protocol 1.0.0: files of assets, begun, gone on with, asked about and given up.

Who may is asked with each request: a member of the seller whose upload it is, with the right to change its products; for
everybody else it does not exist. A browser sends its session, and like every form the token against forged requests, here in
the header ``X-CSRFToken``; there is no CORS, so pages of other sites reach nothing. Programs do the same.
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
from tradepost.market.web.access import declare, now_of
from tradepost.market.web.in_pieces import WHOLE

from .access import Needs

NEEDS = Needs(menu=Menu.PRODUCTS, write=True)

type TusView = Callable[..., HttpResponse]


class TusRefused(Refused):
    """With headers of the protocol."""

    def __init__(self, code: str, message: str, status: int, **headers: str) -> None:
        super().__init__(code, message, status)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def speaks_tus(*methods: str) -> Callable[[TusView], TusView]:
    """A view of the protocol: refusals are plain text, each answer says the version that it speaks."""

    def mark(view: TusView) -> TusView:
        @wraps(view)
        def answered(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            try:
                answer = _answer(view, request, methods, kwargs)
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

        answered.own_transactions = True  # type: ignore[attr-defined]  # the disk is waited for outside of any
        return declare(answered, NEEDS)

    return mark


def _answer(view: TusView, request: HttpRequest, methods: tuple[str, ...], kwargs: dict[str, Any]) -> HttpResponse:
    method = request.method or ""
    if method == "POST":  # for what stands between and knows no PATCH; forged requests were refused before this
        method = request.headers.get("X-HTTP-Method-Override", method).upper()
    if method == "OPTIONS":
        return _abilities()
    if request.headers.get("Tus-Resumable") != tus.VERSION:
        words = _("This server speaks version %(version)s of the tus protocol.") % {"version": tus.VERSION}
        raise TusRefused("tus.version", words, HTTPStatus.PRECONDITION_FAILED, Tus_Version=tus.VERSION)
    if method not in methods:
        words = _("Not with this method.")
        raise TusRefused("tus.method", words, HTTPStatus.METHOD_NOT_ALLOWED, Allow=", ".join((*methods, "OPTIONS")))
    if not isinstance(request.user, User):
        raise Refused("tus.login", _("Log in first."), HTTPStatus.FORBIDDEN)
    return view(request, method, **kwargs)


def _abilities() -> HttpResponse:
    answer = HttpResponse(status=HTTPStatus.NO_CONTENT)
    answer["Tus-Version"] = tus.VERSION
    answer["Tus-Extension"] = tus.EXTENSIONS
    answer["Tus-Checksum-Algorithm"] = ",".join(tus.ALGORITHMS)
    answer["Tus-Max-Size"] = str(config().upload_most_bytes)
    return answer


@speaks_tus("POST")
def uploads(request: HttpRequest, _method: str) -> HttpResponse:
    """Begin one (extension *creation*). What it is for stands in ``Upload-Metadata``: the key of the ``asset``, the ``label``
    of the version, or the key of the version that it ``updates``, ``notes``, and the ``filename``."""
    if "Upload-Defer-Length" in request.headers:
        raise tus.BadHeader("Upload-Defer-Length", _("the length of the file must be known."))
    length = tus.number_of("Upload-Length", request.headers.get("Upload-Length"))
    stated = request.headers.get("Upload-Metadata", "")
    about = tus.metadata_of(stated)
    asset = _found(Asset.objects.filter(pk=_key(about.get("asset", ""))).first())
    _may_change(request, asset.seller_id)
    begun = verbs.begin(
        asset, label=about.get("label", ""), notes=about.get("notes", ""), updates=_updated(asset, about.get("updates", "")),
        file_name=about.get("filename", ""), length=length, by=_person(request), limits=limits(),
        folder=config().uploads, now=now_of(request), metadata=stated,
    )  # fmt: skip
    answer = HttpResponse(status=HTTPStatus.CREATED)
    answer["Location"] = reverse("upload", kwargs={"token": begun.token})
    return _stands(answer, begun)


@speaks_tus("HEAD", "PATCH", "DELETE")
def upload(request: HttpRequest, method: str, token: str) -> HttpResponse:
    of_assets = Upload.objects.select_related("asset").filter(purpose=Upload.Purpose.ASSET)
    known = of_assets.filter(token=token) if verbs.TOKEN.fullmatch(token) else None
    found = _found(known.first() if known is not None else None)
    _may_change(request, found.seller_id)
    if found.status in {Upload.Status.TERMINATED, Upload.Status.EXPIRED}:
        raise Refused("upload.gone", _("This upload was given up."), HTTPStatus.GONE)
    match method:
        case "HEAD":
            answer = HttpResponse(status=HTTPStatus.OK)
            answer["Upload-Length"] = str(found.length)
            if found.metadata:
                answer["Upload-Metadata"] = found.metadata
            return _stands(answer, found)
        case "PATCH":
            return _stands(HttpResponse(status=HTTPStatus.NO_CONTENT), _append(request, found))
        case _:
            verbs.terminate(found, folder=config().uploads)
            return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _append(request: HttpRequest, found: Upload) -> Upload:
    if request.content_type != tus.CONTENT_TYPE:
        words = _("A piece is sent as %(type)s.") % {"type": tus.CONTENT_TYPE}
        raise Refused("tus.type", words, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    offset = tus.number_of("Upload-Offset", request.headers.get("Upload-Offset"))
    checksum = tus.checksum_of(request.headers.get("Upload-Checksum"))
    most = config().upload_chunk
    content = request.read(most + 1)
    whole = int(request.META.get(WHOLE, len(content)))
    if len(content) > most or (checksum is not None and whole > len(content)):
        words = _("With a checksum, a piece has at most %(most)s bytes.") % {"most": most}
        raise Refused("upload.piece", words, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        return verbs.append(
            found, offset=offset, content=content, whole=whole, checksum=checksum, keep=limits().keep,
            folder=config().uploads, now=now_of(request),
        )  # fmt: skip
    except WrongOffset as wrong:
        raise TusRefused(wrong.code, wrong.message, wrong.status, Upload_Offset=str(wrong.offset)) from None


def _stands(answer: HttpResponse, found: Upload) -> HttpResponse:
    answer["Upload-Offset"] = str(found.offset)
    if found.status == Upload.Status.OPEN:
        answer["Upload-Expires"] = tus.http_date(found.expires_at)
    return answer


def limits() -> UploadLimits:
    settings = config()
    return UploadLimits(
        most_bytes=settings.upload_most_bytes, day_bytes=settings.upload_day_bytes, day_files=settings.upload_day_files,
        keep=timedelta(days=settings.keep_unfinished_uploads_days),
    )  # fmt: skip


def _updated(asset: Asset, key: str) -> AssetVersion | None:
    return _found(AssetVersion.objects.filter(asset=asset, pk=_key(key)).first()) if key else None


def _key(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _found[T](thing: T | None) -> T:
    if thing is None:
        raise Refused("upload.unknown", _("There is no such upload, or asset."), HTTPStatus.NOT_FOUND)
    return thing


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def _may_change(request: HttpRequest, seller_id: int) -> None:
    """Raises ``Refused``: 404 for who does not belong to this seller, 403 for a member who may not."""
    member = _found(Member.objects.select_related("seller").filter(user=_person(request), seller_id=seller_id).first())
    if not NEEDS.may_change(rights_of(member)) or member.seller.status != Seller.Status.ACTIVE:
        raise Refused("upload.rights", _("You may not change what this seller offers."), HTTPStatus.FORBIDDEN)
