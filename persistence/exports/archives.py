"""Trails that have left the log: where each ended, as the signed heads of an archive say."""

from pathlib import Path
from typing import Any
from uuid import UUID

from persistence.chain import Tip
from persistence.exports.formats import Unreadable
from persistence.exports.heads import HeadsDigest, from_lines
from persistence.exports.manifest import PURPOSE
from persistence.signing import PublicKeys
from schemas.errors import BadInput


def ends(heads: Path, manifest: dict[str, Any], keys: PublicKeys) -> dict[UUID, Tip]:
    """By instance. Raises BadInput where manifest or heads are not as they were signed, or trails are not whole."""
    found, digest = {}, HeadsDigest()
    try:
        with heads.open("rb") as lines:
            for head in from_lines(lines):
                digest.add(head)
                found[UUID(head.instance_id)] = Tip(head.last, head.last_hash)
    except (OSError, ValueError, Unreadable) as error:
        raise BadInput("archive", f"{heads} cannot be read: {error}") from None
    why = keys.check(PURPOSE, manifest) or _not_whole(manifest, digest)
    if why is not None:
        raise BadInput("archive", f"{heads.with_suffix('')} cannot be believed: {why}")
    return found


def _not_whole(manifest: dict[str, Any], digest: HeadsDigest) -> str | None:
    if not manifest["whole_trails"]:
        return "it has not every row of its instances"
    return "its heads are not those that were signed" if digest.hex() != manifest["heads_sha256"] else None
