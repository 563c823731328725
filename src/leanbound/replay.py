"""Counterexamples, run through the float model by PyTorch. Imports neither torch nor numpy until there is one."""

from typing import TYPE_CHECKING, Any

from leanbound.families import family_of
from leanbound.strategies.refuted import Counterexample

if TYPE_CHECKING:
    from leanbound.models.checkpoint import CheckpointOf


def replayed(checkpoint: "CheckpointOf[Any, Any]", example: Counterexample) -> str:
    """What PyTorch gives for the input of a counterexample, in a sentence."""
    logits = family_of(checkpoint.config).logits(checkpoint, example.tokens, example.positions)
    order = sorted(range(len(logits)), key=logits.__getitem__, reverse=True)
    lead = logits[order[0]] - logits[order[1]]
    return f"PyTorch, on the weights before quantisation, gives {order[0]} there, {lead:.3g} ahead of {order[1]}."
