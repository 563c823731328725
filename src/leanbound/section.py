"""A part of a file that users write."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of a claim file: no unknown keys, no conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
