"""How each part of the installation is."""

from pydantic import BaseModel, Field


class PartView(BaseModel):
    """One part. `line`: what is known of it, or what is wrong with it, in a sentence."""

    part: str
    well: bool
    line: str


class Parts(BaseModel):
    """The parts that the API can tell of, in the order in which an event passes them."""

    parts: list[PartView] = Field(description="but `api` and `console`, which answer or do not")
