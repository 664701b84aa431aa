"""Mistakes of the program that uploads licenses to the market (openapi-jointkit §C.7)."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.protocols.text import Text

DIAGNOSES: Mapping[str, Text] = {
    "license_not_uploaded": Text(
        en=(
            "The application is accepted, and no license is uploaded for its eventId: the buyer waits for ever. Upload it as soon as it is "
            "made, and again when the market could not be reached."
        ),
        zh="接受了License申请，却没有按其eventId上传License，买家会一直等待：请在生成后立即上传，云商店暂时无法访问时应重试。",
    ),
    "upload_not_signed": Text(
        en=(
            "The upload is not signed as it has to be: AK/SK over the body that is sent, boundary included, or with X-Sdk-Content-Sha256: "
            "UNSIGNED-PAYLOAD."
        ),
        zh="上传请求的签名不正确：应使用AK/SK对实际发送的请求体（含boundary）签名，或携带X-Sdk-Content-Sha256: UNSIGNED-PAYLOAD。",
    ),
    "upload_form": Text(
        en=(
            "The upload is not the form of the documentation: a JSON part isvUpdateFileReq with type CHARACTERS and characters, or FILE "
            "with file_name, sha256 and a part file."
        ),
        zh="上传请求不符合文档：应包含JSON部分isvUpdateFileReq，type为CHARACTERS时带characters，为FILE时带file_name、sha256以及file部分。",
    ),
    "upload_other_hash": Text(
        en="The sha256 of the upload is not that of the bytes that arrive: hash the file as it is sent, in hex.",
        zh="上传时填写的sha256与实际收到的文件不一致：应对实际发送的文件内容计算SHA-256并以十六进制填写。",
    ),
    "upload_of_another": Text(
        en="A second upload for one eventId is another license: make it once, keep it, and send the same again.",
        zh="同一eventId第二次上传的License与第一次不同：License应只生成一次并保存，重复时发送相同内容。",
    ),
}
