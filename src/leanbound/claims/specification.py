"""The constants of the Lean specification that a statement is made of, and the modules that declare them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from leanbound.claims.properties import OnTask
from leanbound.claims.property import Property
from leanbound.families.base import Family
from leanbound.families.registry import FAMILIES


class Constant(NamedTuple):
    """A constant of Lean."""

    name: str
    module: str
    """Where it must be declared."""


#: By the kind of the property.
PROPERTIES: Final[Mapping[str, Constant]] = MappingProxyType(
    {
        "accuracy": Constant("LeanBound.Classifier.AccuracyAtLeast", "LeanBound.Properties.Accuracy"),
        "weighted-accuracy": Constant(
            "LeanBound.Classifier.WeightedAccuracyAtLeast", "LeanBound.Properties.WeightedAccuracy"
        ),
        "failures": Constant("LeanBound.Classifier.RightExceptOn", "LeanBound.Properties.Failures"),
        "never": Constant("LeanBound.Classifier.Never", "LeanBound.Properties.Never"),
        "never-at-any-length": Constant("LeanBound.AttentionOnly.NeverAtAnyLength", "LeanBound.Properties.AnyLength"),
        "agreement": Constant("LeanBound.Classifier.AgreementAtLeast", "LeanBound.Properties.Agreement"),
        "avoids": Constant("LeanBound.Avoids", "LeanBound.Properties.OnBox"),
        "loss": Constant("LeanBound.Classifier.LossAtMost", "LeanBound.Properties.Loss"),
    }
)
#: By the task: which output is right.
TARGETS: Final[Mapping[str, Constant]] = MappingProxyType(
    {
        "max-of-k": Constant("LeanBound.maxToken", "LeanBound.Tasks.MaxOfK"),
        "modular-addition": Constant("LeanBound.sumMod", "LeanBound.Tasks.ModularAddition"),
        "group-composition": Constant("LeanBound.composed", "LeanBound.Tasks.Composition"),
    }
)
#: What every model is made of.
NUMBERS: Final = (
    Constant("LeanBound.Tensor", "LeanBound.Numerics.Tensor"),
    Constant("LeanBound.ExpField", "LeanBound.Numerics.ExpField"),
)


def evaluator_of(family: Family) -> Constant:
    """The constant that says what a model of the family computes."""
    return Constant(family.evaluator, family.lean_module)


def constants_of(claimed: Property, *families: Family) -> tuple[Constant, ...]:
    """What the statement of a claim about models of these families is made of, beside numbers that it spells out."""
    targets = (TARGETS[claimed.task],) if isinstance(claimed, OnTask) else ()
    return (PROPERTIES[claimed.kind], *targets, *map(evaluator_of, families))


def all_constants() -> tuple[Constant, ...]:
    """What any statement can be made of: these constants, and all that they unfold to."""
    return (*PROPERTIES.values(), *TARGETS.values(), *map(evaluator_of, FAMILIES.values()))
