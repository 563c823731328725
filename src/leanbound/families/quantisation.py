"""How weights become exact numbers, as claims say it. Imports neither torch nor numpy."""

from typing import Annotated, Literal

from pydantic import Field

from leanbound.families.quantised import MAX_WIDTH, MIN_WIDTH
from leanbound.section import Section

Bits = Annotated[int, Field(ge=MIN_WIDTH, le=MAX_WIDTH)]


class FixedQuantisation(Section):
    """Fixed point; see `leanbound.families.attention_only.quantize.quantize_fixed`."""

    mode: Literal["fixed"]
    bits: Bits | dict[str, Bits] = Field(description="of every tensor, or by name")


class ExactQuantisation(Section):
    """The float32 weights as they are; see `leanbound.families.attention_only.quantize.quantize_exact`."""

    mode: Literal["exact"]


Quantisation = Annotated[FixedQuantisation | ExactQuantisation, Field(discriminator="mode")]
