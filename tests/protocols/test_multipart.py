"""Forms as bytes, both ends (saas-v1-license §C1)."""

from __future__ import annotations

import email
import itertools
from email.policy import HTTP

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tradepost.protocols.multipart import FormReader, NotMultipart, Part, dump_form, dump_streamed, load_form

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
def test_any_written_form_is_read(form):
    assert load_form(*dump_form(form, boundary="f00Ba7")) == form


def test_bytes_of_a_form():
    form = (Part("a", b"{}", "application/json"), Part("file", b"\r\n--", "text/plain", 'na"me'))
    assert dump_form(form, boundary="B") == (
        "multipart/form-data; boundary=B",
        (
            b'--B\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: application/json\r\n\r\n{}\r\n'
            b'--B\r\nContent-Disposition: form-data; name="file"; filename="na%22me"\r\nContent-Type: text/plain\r\n\r\n'
            b"\r\n--\r\n--B--\r\n"
        ),
    )


def test_other_reader_finds_the_same_parts():
    content_type, body = dump_form((Part("a", b"text"), Part("b", b"\x00\xff", "x/y", "名.bin")), boundary="q1")
    message = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=HTTP)
    assert [part.get_payload(decode=True) for part in message.iter_parts()] == [b"text", b"\x00\xff"]


def test_boundary_must_not_occur_in_a_part():
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
def test_invalid_form_is_refused(content_type, body, why):
    with pytest.raises(NotMultipart) as refusal:
        load_form(content_type, body)
    assert str(refusal.value) == why


@given(st.text(max_size=30), st.binary(max_size=80))
def test_reader_raises_no_other_errors(boundary, body):
    for sent in (body, GOOD.replace(b"x", body)):
        for content_type in ("multipart/form-data; boundary=B", f"multipart/form-data; boundary={boundary}"):
            try:
                load_form(content_type, sent)
            except NotMultipart as refusal:
                assert str(refusal).isprintable()  # noqa: PT017


def read_in_chunks(body: bytes, cuts: list[int]) -> list[tuple[str, bytes]] | str:
    """Return the parts that a reader finds when fed in pieces."""
    found: list[tuple[str, bytearray]] = []

    def begin(head: Part):
        found.append((head.name, bytearray()))
        return found[-1][1].extend

    reader = FormReader("multipart/form-data; boundary=B", begin)
    at = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    try:
        for one, other in itertools.pairwise(at):
            reader.feed(body[one:other])
        reader.end()
    except NotMultipart as refusal:
        return str(refusal)
    return [(name, bytes(content)) for name, content in found]


pieces_of_forms = st.lists(
    st.sampled_from(
        [b"\r\n", b"--B", b"--", b"-", b"B", b"\r", b"\n", b"x", GOOD, b'Content-Disposition: form-data; name="b"']
    )
    | st.binary(max_size=6),
    max_size=14,
).map(b"".join)


@example(b"\r\n--\r\n", [])
@given(pieces_of_forms, st.lists(st.integers(0, 400), max_size=12))
def test_any_chunks_give_the_same_parts(middle, cuts):
    """Issue 14: two readers that disagree about the parts could be given two files."""
    for body in (middle, GOOD.replace(b"x", middle), b"--B" + middle + b"\r\n--B--"):
        assert read_in_chunks(body, cuts) == read_in_chunks(body, []) == read_in_chunks(body, list(range(len(body))))


def test_empty_part_needs_its_own_line_break():
    head = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    assert read_in_chunks(head + b"\r\n--B--", []) == [("a", b"")]
    assert read_in_chunks(head + b"--B--", []) == "a part has no sound headers"


def test_reader_only_buffers_the_last_chunk():
    """For a part of any length."""
    longest = 0

    def begin(_head: Part):
        def write(content: bytes) -> None:
            nonlocal longest
            longest = max(longest, len(content))

        return write

    content_type, before, after = dump_streamed((), Part("file", b"", "", "f"), boundary="f00Ba7")
    reader = FormReader(content_type, begin)
    for piece in (before, *[b"\r\n--f00Ba" * 100] * 50, after):
        reader.feed(piece)
    reader.end()
    assert longest <= 1100


def test_headers_of_a_part_are_limited():
    reader = FormReader("multipart/form-data; boundary=B", lambda _head: bytes)
    reader.feed(b"--B\r\nX: ")
    with pytest.raises(NotMultipart, match="no sound headers"):
        for _ in range(10):
            reader.feed(b"x" * 1000)
