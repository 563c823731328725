"""Unordered pairs of tokens through an MLP with one embedding: the order of two tokens makes no difference to it.

Counts exactly what `LeanBound.PairMlp.mirroredCount` counts. Untrusted.
"""

from leanbound.claims.properties import Accuracy
from leanbound.errors import UnsupportedError
from leanbound.families.pair_mlp.quantised import QuantisedPairMlp
from leanbound.strategies.all_pairs import all_logits, choose_lanes, leads
from leanbound.strategies.pair_search import require_tokens
from leanbound.strategies.symmetry_certificate import SymmetryCertificate


def certify_symmetry(model: QuantisedPairMlp, claimed: Accuracy) -> SymmetryCertificate:
    """The certificate of all pairs that the model is right about.

    Raises UnsupportedError for a model of two embeddings, or a task in which order matters; InputError for a task of
    other tokens.
    """
    require_tokens(model, claimed)
    targets = claimed.pair_task().targets()
    if model["W_A"].ints != model["W_B"].ints:
        raise UnsupportedError("W_A and W_B differ, expected one embedding of both tokens. Use all-pairs.")
    if targets != tuple(zip(*targets, strict=True)):
        raise UnsupportedError("the task depends on the order of the tokens, expected x + y = y + x. Use all-pairs.")
    lanes = choose_lanes(model)
    counts = [0] * model.config.d_vocab
    for first, (logits, row) in enumerate(zip(all_logits(model, lanes), targets, strict=True)):
        for second, right in enumerate(leads(logits, row)):
            counts[abs(first - second)] += int(right)
    return SymmetryCertificate(
        model_digest=model.digest,
        claimed=claimed.model_copy(update={"at_least": 1}),
        lanes=lanes,
        counts=tuple(counts),
    )
