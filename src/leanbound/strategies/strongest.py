"""The strongest claim of a kind that a strategy proves: what `leanbound claim` writes. Imports no numpy."""

from typing import Any

from leanbound.claims.properties import Counted, Failures, Never, NeverAtAnyLength
from leanbound.claims.property import Property
from leanbound.errors import InconclusiveError, InputError
from leanbound.strategies import STRATEGIES, AnyCertificate, Options, certify
from leanbound.strategies.refuted import Counterexample, RefutedError


def default_strategy(preferred: str, architecture: str, claimed: Property) -> str:
    """The preferred strategy if it proves such claims, else the first one that does.

    Raises InputError when none does.
    """
    fit = [
        strategy.name
        for strategy in STRATEGIES.values()
        if strategy.architecture == architecture and claimed.kind in strategy.kinds
    ]
    if not fit:
        raise InputError(f"no strategy proves {claimed.kind} of {architecture} models. Claim something else of them.")
    return preferred if preferred in fit else fit[0]


def strongest(
    strategy: str, model: Any, claimed: Property, options: Options, weaken: bool, other: Any = None
) -> tuple[Property, AnyCertificate]:
    """A property like the one given that the strategy proves, with the best bound found, and the certificate of it.

    `weaken`: outputs that are given, or not known not to be, are left out of what is never the output; inputs that
    fail become exceptions. Raises RefutedError for a property that is false and not to be weakened, InconclusiveError
    when nothing is proved, and what `certify` raises.
    """
    if weaken and isinstance(claimed, Never | NeverAtAnyLength):
        kept = [o for o in claimed.outputs if _is_proved(strategy, model, _of_output(claimed, o), options)]
        if not kept:
            raise InconclusiveError(f"{strategy} proves of no output that it is never given. Claim fewer tokens.")
        claimed = claimed.model_copy(update={"outputs": tuple(kept)})
    try:
        certificate = certify(strategy, model, claimed, True, other, **options)
    except RefutedError as error:
        if not weaken or not isinstance(claimed, Failures):
            raise
        failing = tuple(example.tokens for example in error.examples if isinstance(example, Counterexample))
        claimed = claimed.model_copy(update={"exceptions": failing})
        certificate = certify(strategy, model, claimed, True, other, **options)
    if isinstance(claimed, Counted) and not certificate.proved:
        raise InconclusiveError(f"{strategy} proves nothing of the model, and that is no claim")
    found = claimed.with_bound(certificate.proved)
    found.require_proved(certificate.proved, certificate.inputs)
    return found, certificate


def _of_output(claimed: Never | NeverAtAnyLength, output: int) -> Never | NeverAtAnyLength:
    """The same claim of one output."""
    return claimed.model_copy(update={"outputs": (output,)})


def _is_proved(strategy: str, model: Any, claimed: Property, options: Options) -> bool:
    try:
        certify(strategy, model, claimed, **options)
    except (RefutedError, InconclusiveError):
        return False
    return True
