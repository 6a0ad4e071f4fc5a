"""Names that no other test uses, where tests share one installation."""

import secrets


def unique(prefix: str = "shop") -> str:
    """A name for an instance."""
    return f"{prefix}-{secrets.token_hex(4)}"
