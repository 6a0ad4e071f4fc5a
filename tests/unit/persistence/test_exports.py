"""The files of an export: nothing of a row is lost in either format, and whatever is changed in them is named."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.chain import Entry
from persistence.exports.formats import FORMATS, Csv, Format, Jsonl, Row, Unreadable, format_of, to_record
from persistence.exports.manifest import Tally
from persistence.exports.verifying import Report, Sources, verify
from persistence.signing import Document, PublicKeys, Signer, new_key

SIGNER = Signer(new_key())
KEYS = PublicKeys(SIGNER.public)
FIRST, SECOND, THIRD = (str(UUID(int=number)) for number in (1, 2, 3))
ROWS = 4


def entry(instance: str, sequence: int, **values: Any) -> Entry:
    """A row with values of every kind."""
    plain = Entry(
        instance_id=UUID(instance),
        sequence=sequence,
        customer_id="acme",
        event_id=UUID(int=sequence),
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=sequence),
        type="retry.requested",
        actor="cli:alice",
        reason="",
        attempt=None,
        step=7,
        state_before="error",
        state_after="pending",
        outcome="applied",
        error_code=None,
        error="",
        correlation_id=UUID(int=5),
        causation_id=None,
        event=b'{"data": "a, \\"b\\""}',
        policy=b"{}",
    )
    return plain._replace(**values)


def chained(entries: Sequence[Entry]) -> Iterator[Row]:
    """The rows of one trail, each with the hash of the one before."""
    prev = b""
    for each in entries:
        digest = each.hashed(prev)
        yield Row(each.columns(), prev, digest)
        prev = digest


def lines(file: bytes) -> list[bytes]:
    """As they are read: a carriage return alone ends none."""
    return list(io.BytesIO(file))


def trail(instance: str, **values: Any) -> list[Row]:
    return list(chained([entry(instance, sequence, **values) for sequence in range(1, ROWS + 1)]))


def signed(rows: Sequence[Row], encoding: Format = "jsonl", *, whole: bool = True) -> tuple[bytes, Document, bytes]:
    """The file, its manifest, and the file of its heads."""
    tally = Tally(encoding)
    file = tally.add(rows)
    manifest = tally.finished({"format": encoding, "whole_trails": whole}, SIGNER)
    heads: list[bytes] = []
    report = verify(Sources(lines(file), None), manifest, KEYS, lambda _: None, heads.append)
    assert report.differences == []
    return file, manifest, b"".join(heads)


def verified(file: bytes, manifest: Document, heads: bytes | None, keys: PublicKeys = KEYS) -> Report:
    beside = lines(heads) if heads is not None else None
    return verify(Sources(lines(file), beside), manifest, keys, lambda _: None, lambda _: None)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
FORMULAS = st.sampled_from(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'", "''", "'=1", "a\nb", 'a"b', " x"])


@pytest.mark.parametrize("encoding", FORMATS)
@given(
    reason=TEXTS | FORMULAS,
    error=TEXTS | FORMULAS | st.none(),
    attempt=st.integers(1, 2**31 - 1) | st.none(),
    event=TEXTS | FORMULAS,
)
def test_a_row_comes_back_as_it_was_hashed(
    encoding: Format, reason: str, error: str | None, attempt: int | None, event: str
) -> None:
    values = {"reason": reason, "error": error, "attempt": attempt, "event": event.encode()}
    tally = Tally(encoding)
    file = tally.add(trail(FIRST, **values))
    manifest = tally.finished({"format": encoding, "whole_trails": True}, SIGNER)
    assert verified(file, manifest, None).differences == []
    records = [to_record(row) for row in format_of(file[:100]).decode(lines(file))]
    assert [Entry(*record[:-2]) for record in records] == [entry(FIRST, n, **values) for n in range(1, ROWS + 1)]


@given(text=TEXTS | FORMULAS)
def test_no_cell_of_a_table_begins_like_a_formula(text: str) -> None:
    file = Csv.header + Csv.encode(trail(FIRST, reason=text, error=text, event=text.encode()))
    for cells in csv.reader(io.StringIO(file.decode(), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


def without(file: bytes, *numbers: int) -> bytes:
    return b"".join(line for number, line in enumerate(lines(file)) if number not in numbers)


def changed(file: bytes, number: int, **values: Any) -> bytes:
    found = lines(file)
    found[number] = json.dumps(json.loads(found[number]) | values).encode() + b"\n"
    return b"".join(found)


def rewritten(file: bytes) -> bytes:
    """The second instance's rows with another reason in the third, and hashes that agree with it."""
    entries = [entry(SECOND, sequence, reason="other" if sequence == 3 else "") for sequence in range(1, ROWS + 1)]
    return b"".join(lines(file)[:ROWS]) + Jsonl.encode(chained(entries)) + b"".join(lines(file)[2 * ROWS :])


def swapped(file: bytes, one: int, other: int) -> bytes:
    found = lines(file)
    found[one], found[other] = found[other], found[one]
    return b"".join(found)


def moved(file: bytes) -> bytes:
    found = lines(file)
    return b"".join(found[ROWS:] + found[:ROWS])


Tampered = tuple[Callable[[bytes], bytes], str | None, int | None, str]
TAMPERED: dict[str, Tampered] = {
    "a value": (lambda f: changed(f, 5, reason="x"), SECOND, 2, "its hash is not that of its values"),
    "a type": (lambda f: changed(f, 5, attempt="1"), SECOND, 2, "its hash is not that of its values"),
    "a hash": (lambda f: changed(f, 5, hash="00" * 32), SECOND, 2, "its hash is not that of its values"),
    "a row from the middle": (lambda f: without(f, 5), SECOND, 3, "row 2 is missing: row 3 stands in its place"),
    "the first row": (lambda f: without(f, 4), SECOND, 2, "row 1 is missing: row 2 stands in its place"),
    "the last row": (lambda f: without(f, 7), SECOND, 4, "rows after 3 are missing: the last that was signed is row 4"),
    "the end of the file": (lambda f: without(f, 11), THIRD, 4, "rows after 3 are missing"),
    "an instance": (lambda f: without(f, 4, 5, 6, 7), SECOND, 1, "all 4 rows of this instance, 1 to 4, are missing"),
    "the last instance": (lambda f: without(f, 8, 9, 10, 11), THIRD, 1, "all 4 rows of this instance"),
    "two rows": (lambda f: swapped(f, 5, 6), SECOND, 3, "row 2 is missing: row 3 stands in its place"),
    "a row that stands there twice": (lambda f: f + lines(f)[-1], THIRD, 4, "row 4 stands after row 4"),
    "a chain": (rewritten, SECOND, 4, "row 4 is another than was signed: they were rewritten, with hashes that agree"),
    "a line that is none": (lambda f: f + b"{\n", None, None, "the record after row 12 of the file cannot be read"),
    "a column": (lambda f: changed(f, 5, more=1), None, None, "it has not the columns of an export"),
    "a space": (lambda f: f.replace(b":", b": ", 1), None, None, "sha256 is "),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_tampered_with_is_named_and_its_neighbours_agree(what: str) -> None:
    tamper, instance, sequence, why = TAMPERED[what]
    file, manifest, heads = signed([*trail(FIRST), *trail(SECOND), *trail(THIRD)])
    assert verified(file, manifest, heads).differences == []
    [found] = verified(tamper(file), manifest, heads).differences
    assert (found.instance_id, found.sequence) == (instance, sequence)
    assert why in found.why


def test_instances_in_another_order_are_named() -> None:
    file, manifest, heads = signed([*trail(FIRST), *trail(SECOND), *trail(THIRD)])
    found = verified(moved(file), manifest, heads).differences
    assert [(each.instance_id, each.sequence) for each in found] == [(FIRST, 1), (FIRST, 1)]
    assert "instances are not in order" in found[1].why


def test_an_instance_that_was_added_is_named() -> None:
    file, manifest, heads = signed([*trail(FIRST), *trail(THIRD)])
    more = b"".join(lines(file)[:ROWS]) + signed(trail(SECOND))[0] + b"".join(lines(file)[ROWS:])
    [found] = verified(more, manifest, heads).differences
    assert (found.instance_id, found.why) == (SECOND, "this instance was not in the export: it was added")


def test_what_a_filter_leaves_out_is_not_missing_but_what_was_taken_away_is() -> None:
    some = [row for row in (*trail(FIRST), *trail(SECOND)) if row.sequence != 2]
    file, manifest, heads = signed(some, whole=False)
    assert verified(file, manifest, heads).differences == []
    [found] = verified(without(file, 1), manifest, heads).differences
    assert (found.instance_id, found.why) == (
        FIRST,
        "of 3 rows that were signed 2 stand here: some in between are missing",
    )


def test_a_manifest_is_believed_only_as_it_was_signed() -> None:
    file, manifest, heads = signed(trail(FIRST))
    stranger = PublicKeys(Signer(new_key()).public)
    for tampered, keys, why in (
        ({**manifest, "rows": 3}, KEYS, "its signature is not right: it was changed after it was signed"),
        ({**manifest, "signature": "none"}, KEYS, "its signature is not right"),
        (manifest, stranger, "which is none of those given"),
        (SIGNER.sign("another purpose", manifest), KEYS, "its signature is not right"),
        ({}, KEYS, "it is signed with key None"),
    ):
        [found] = verified(file, tampered, heads, keys).differences
        assert why in found.why


def test_heads_that_were_changed_are_not_believed() -> None:
    file, manifest, heads = signed([*trail(FIRST), *trail(SECOND)])
    for tampered in (heads.replace(b" 4 1 ", b" 5 1 ", 1), lines(heads)[0], b"none\n"):
        assert verified(file, manifest, tampered).differing > 0
    assert verified(file, manifest, None).differing == 0


def test_a_new_key_signs_and_what_an_old_one_signed_is_still_believed() -> None:
    old, new = new_key(), new_key()
    signed_before = Signer(old).sign("export", {"rows": 1})
    rotated = Signer(f"{new},{old}")
    signed_after = rotated.sign("export", {"rows": 1})
    keys = PublicKeys(rotated.public)
    assert signed_before["key_id"] != signed_after["key_id"]
    assert [keys.check("export", each) for each in (signed_before, signed_after)] == [None, None]


def test_lines_that_are_no_export_are_refused_with_the_reason() -> None:
    for encoding, text in (
        ("csv", b"a,b\n1,2\n"),
        ("csv", Csv.header + b"1,2\n"),
        ("jsonl", b"[]\n"),
        ("jsonl", b"\n"),
    ):
        with pytest.raises(Unreadable):
            list(FORMATS[encoding].decode(lines(text)))  # type: ignore[index]  # both are formats
