"""The verifier is the one PostgreSQL would make."""

import base64

from databases.scram import verifier


def test_it_is_the_one_of_the_standard_s_example() -> None:
    """RFC 7677, section 3: user "user", password "pencil"; StoredKey and ServerKey follow from its salt."""
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")

    assert verifier("pencil", salt) == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


def test_each_has_a_salt_of_its_own() -> None:
    assert verifier("pencil") != verifier("pencil")
