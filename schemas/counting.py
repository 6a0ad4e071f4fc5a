"""How many there are, in words that agree with the number."""


def count_of(count: int, one: str, many: str | None = None) -> str:
    """`1 row`, `1,000 rows`; `many`: what stands behind another number than one, where that is not `one` with an s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
