"""Forms as bytes, both ends (saas-v1-license §C1)."""

from __future__ import annotations

import email
from email.policy import HTTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.multipart import NotMultipart, Part, dump_form, load_form

names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\%\x85\u2028\u2029"), min_size=1, max_size=20
)
parts = st.lists(
    st.builds(
        Part,
        name=names,
        content=st.binary(max_size=60),
        content_type=st.sampled_from(["", "application/json"]),
        filename=st.none() | names,
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda part: part.name,
).map(tuple)


@given(parts)
def test_what_is_written_is_read(form):
    assert load_form(*dump_form(form, boundary="f00Ba7")) == form


def test_the_bytes_of_a_form():
    form = (Part("a", b"{}", "application/json"), Part("file", b"\r\n--", "text/plain", 'na"me'))
    assert dump_form(form, boundary="B") == (
        "multipart/form-data; boundary=B",
        (
            b'--B\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: application/json\r\n\r\n{}\r\n'
            b'--B\r\nContent-Disposition: form-data; name="file"; filename="na%22me"\r\nContent-Type: text/plain\r\n\r\n'
            b"\r\n--\r\n--B--\r\n"
        ),
    )


def test_another_reader_finds_the_same_parts():
    content_type, body = dump_form((Part("a", b"text"), Part("b", b"\x00\xff", "x/y", "名.bin")), boundary="q1")
    message = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=HTTP)
    assert [part.get_payload(decode=True) for part in message.iter_parts()] == [b"text", b"\x00\xff"]


def test_the_boundary_must_not_occur_in_a_part():
    with pytest.raises(ValueError, match="boundary"):
        dump_form((Part("a", b"x--B"),), boundary="B")
    with pytest.raises(ValueError, match="boundary"):
        dump_form((), boundary="a b")


GOOD = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--B--\r\n'


@pytest.mark.parametrize(
    ("content_type", "body", "why"),
    [
        (None, GOOD, "the content type is not multipart/form-data"),
        ("application/json", GOOD, "the content type is not multipart/form-data"),
        ("multipart/form-data", GOOD, "the content type has no sound boundary"),
        ("multipart/form-data; boundary=C", GOOD, "the body does not begin and end with the boundary"),
        ("multipart/form-data; boundary=B", b"", "the body does not begin and end with the boundary"),
        ("multipart/form-data; boundary=B", GOOD[:-4], "the body does not begin and end with the boundary"),
        ("multipart/form-data; boundary=B", b"early\r\n" + GOOD, "the body does not begin and end with the boundary"),
        ("multipart/form-data; boundary=B", GOOD + b"late", "something follows the last boundary"),
        ("multipart/form-data; boundary=B", GOOD[:-5].rstrip() + b"\r\n" + GOOD, "two parts have one name"),
        ("multipart/form-data; boundary=B", b"--B\r\nx\r\n--B--", "a part has no sound headers"),
        ("multipart/form-data; boundary=B", b"--B\r\nX: y\r\n\r\nx\r\n--B--", "a part has no name"),
        ("multipart/form-data; boundary=B", b"--B\r\n\xff: y\r\n\r\nx\r\n--B--", "the headers of a part are not UTF-8"),
        (
            "multipart/form-data; boundary=B",
            GOOD.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1),
            "a part has a transfer encoding",
        ),
        (
            "multipart/form-data; boundary=B",
            b"".join(b'--B\r\nContent-Disposition: form-data; name="%d"\r\n\r\n\r\n' % n for n in range(17)) + b"--B--",
            "more than 16 parts",
        ),
    ],
)
def test_what_is_no_form_is_refused(content_type, body, why):
    with pytest.raises(NotMultipart) as refusal:
        load_form(content_type, body)
    assert str(refusal.value) == why


@given(st.text(max_size=30), st.binary(max_size=80))
def test_reading_never_raises_anything_else(boundary, body):
    for sent in (body, GOOD.replace(b"x", body)):
        for content_type in ("multipart/form-data; boundary=B", f"multipart/form-data; boundary={boundary}"):
            try:
                load_form(content_type, sent)
            except NotMultipart as refusal:
                assert str(refusal).isprintable()  # noqa: PT017
