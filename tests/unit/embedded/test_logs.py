"""Logs of children: bounded while the child goes on writing."""

from pathlib import Path

from embedded.logs import bound, last_line, open_log


def test_a_long_log_is_put_aside_and_the_child_goes_on_in_the_cut_one(tmp_path: Path) -> None:
    path = tmp_path / "child.log"
    with open_log(path) as log:
        log.write(b"old " * 10)
        bound(path, limit=20)
        log.write(b"new")
    assert path.read_bytes() == b"new"
    assert (tmp_path / "child.log.1").read_bytes() == b"old " * 10


def test_a_short_log_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "child.log"
    path.write_bytes(b"short")
    bound(path, limit=20)
    assert [file.name for file in tmp_path.iterdir()] == ["child.log"]
    assert path.read_bytes() == b"short"


def test_the_last_line_is_the_last_one_that_says_something(tmp_path: Path) -> None:
    path = tmp_path / "child.log"
    assert last_line(path) == ""
    path.write_bytes(b"first\n" * 10_000 + b"  why it ended  \n\n" + b"\n")
    assert last_line(path) == "why it ended"
    path.write_bytes(b"\xff" * 10_000)
    assert len(last_line(path)) == 300
