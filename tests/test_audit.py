"""The audit of theorems in real artifacts: clean ones, ones with holes, and artifacts that were tampered with."""

import shutil
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from leanbound.audit.claim import ExpectedClaim, audit_claim, meaning_of
from leanbound.audit.readback import (
    ReadClaim,
    Target,
    TensorLiteral,
    model_differences,
    read_claim,
    read_model,
)
from leanbound.audit.theorem import audit_theorem, check, claim_digest, foundation_reasons, statement_of
from leanbound.claims.properties import Failures, max_of_k, on_pairs
from leanbound.errors import ExitCode
from leanbound.families.attention_only.config import AttentionOnlyConfig
from leanbound.families.attention_only.quantised import QuantisedModel, aligned_fracs, matrix_shape
from leanbound.families.quantised import TENSOR_NAMES, WEIGHT_NAMES, FixedTensor
from leanbound.families.registry import FAMILIES
from leanbound.lean.environment import AuditError, Environment, find_artifacts, module_file
from leanbound.lean.olean import ConstantKind
from leanbound.lean.region import OleanError
from leanbound.tasks.pairs import modular_addition

FAMILY = FAMILIES["attention-only"]
FIXTURES = Path(__file__).parent / "data" / "olean"


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library directory; the audit looks at names there only."""
    target = tmp_path_factory.mktemp("library")
    (target / "Init.olean").touch()
    return target


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("build")
    with tarfile.open(FIXTURES / "fixtures.tar.xz") as archive:
        archive.extractall(target, filter="data")
    return target


@pytest.fixture
def build(pristine: Path, tmp_path: Path) -> Path:
    """A copy of the artifacts that a test may damage."""
    return shutil.copytree(pristine, tmp_path / "build")


def open_module(build: Path, library: Path, module: str) -> Environment:
    return Environment(find_artifacts([build], [library]), module)


def test_clean_claim(pristine: Path, library: Path) -> None:
    started = time.perf_counter()
    environment = open_module(pristine, library, "Fix.Claim.Proof")
    audit = audit_theorem(environment, "Fix.Claim.proved")
    assert time.perf_counter() - started < 3
    assert audit.kind is ConstantKind.THEOREM
    assert audit.statement == audit.statement_constant == "Fix.Claim.Claim"
    assert audit.statement_module == "Fix.Claim.Statement"
    assert audit.statement_unfolded == (
        "LeanBound.Classifier.AccuracyAtLeast (LeanBound.AttentionOnly.classifier Fix.Claim.model) LeanBound.maxToken 9"
    )
    assert audit.axioms == audit.own_axioms == audit.unsafe == audit.partial == audit.opaque == audit.overrides == ()
    assert audit.library_imports == ("Init",)
    assert [name for name, _ in audit.module_digests] == ["Fix.Claim.Proof", "Fix.Claim.Statement", "Fix.Spec"]
    assert (audit.lean_version, audit.pointer_bits) == ("4.28.0-pre", 32)
    assert check(audit, claim="Fix.Claim.Claim", statement_module="Fix.Claim.Statement") == []
    assert check(audit, claim="Fix.Claim.Claim", meaning_digest=audit.meaning_digest) == []
    assert statement_of(environment, "Fix.Claim.proved").const_name == "Fix.Claim.Claim"


def test_the_claim_is_read_back(pristine: Path, library: Path) -> None:
    environment = open_module(pristine, library, "Fix.Claim.Proof")
    claim = read_claim(environment, "Fix.Claim.Claim", max_of_k(9))
    assert claim == ReadClaim(FAMILY, "Fix.Claim.model", Target("LeanBound.maxToken"), {"count": 9})
    model = read_model(environment, claim.model, FAMILY.structure)
    assert model.sizes == {"d_vocab": 3, "n_ctx": 2, "d_model": 2, "d_head": 2}
    wide = TensorLiteral(40, 3, (0x123456789ABCDEF0123, 0x80000000008000000000))
    assert model.tensors["W_pos"] == wide
    assert model.tensors["b_U"] == TensorLiteral(8, 12, (0x818283,))
    assert model.tensors["W_E"].integers(2) == [[1, 0], [127, -1], [0, -127]]
    assert sorted(model.tensors) == sorted(TENSOR_NAMES)
    assert model.tensors["W_O"] == wide


def test_lists_that_differ_are_told() -> None:
    expected = Failures(kind="failures", task="max-of-k", exceptions=((0, 0),))
    target = Target("LeanBound.maxToken")
    assert ReadClaim(FAMILY, "m", target, {"exceptions": ((0, 0),)}).differences(expected) == []
    found = ReadClaim(FAMILY, "m", target, {"exceptions": ((0, 0), (0, 1))}).differences(expected)
    assert found == ["is about ((0, 0), (0, 1)) as exceptions, expected ((0, 0),)"]


def test_a_claim_of_another_property_is_not_read(pristine: Path, library: Path) -> None:
    environment = open_module(pristine, library, "Fix.Claim.Proof")
    wanted = Failures(kind="failures", task="max-of-k", exceptions=())
    with pytest.raises(AuditError, match=r"is not of the form .*RightExceptOn"):
        read_claim(environment, "Fix.Claim.Claim", wanted)


def test_read_back_refuses_other_things(pristine: Path, library: Path) -> None:
    environment = open_module(pristine, library, "Fix.Claim.Proof")
    for name in ("Fix.Claim.absent", "Fix.Claim.proved", "Fix.Claim.W_E"):
        with pytest.raises(AuditError):
            read_claim(environment, name, max_of_k(9))
        with pytest.raises(AuditError):
            read_model(environment, name, FAMILY.structure)
    with pytest.raises(AuditError, match=r"computed cannot be read back: not a Nat literal"):
        read_model(environment, "Fix.Claim.computed", FAMILY.structure)
    with pytest.raises(AuditError, match="cannot be read back"):
        TensorLiteral(1 << 40, 0, (1,)).integers(1)


def quantised(**changed: list[list[int]]) -> QuantisedModel:
    """The model of the fixture, as quantisation would have it, with some tensors changed."""
    mid = 2**39
    wide = [[0x9ABCDEF0123 % 2**40 - mid, (0x123456789ABCDEF0123 >> 40) - mid], [0, 0]]
    row = 0x123456789ABCDEF0123456789ABCD
    ints = {name: wide if name in WEIGHT_NAMES else [[0, 0]] for name in TENSOR_NAMES}
    ints["W_E"] = [[1, 0], [127, -1], [0, -127]]
    ints["W_U"] = [[(row >> (40 * j)) % 2**40 - mid for j in range(3)], [0, 0, 0]]
    ints["b_U"] = [[3, 2, 1]]
    ints |= changed
    fracs = dict.fromkeys(WEIGHT_NAMES, 3)
    fracs |= aligned_fracs(fracs)
    config = AttentionOnlyConfig(d_vocab=3, n_ctx=2, d_model=2, d_head=2)
    tensors = tuple(
        FixedTensor.model_validate(
            {
                "name": name,
                "shape": matrix_shape(config, name),
                "width": 8 if name == "W_E" or name.startswith("b_") else 40,
                "frac": fracs[name],
                "ints": tuple(map(tuple, ints[name])),
            }
        )
        for name in TENSOR_NAMES
    )
    return QuantisedModel(config=config, mode="fixed", checkpoint_digest="0" * 64, tensors=tensors)


PROPERTY = "LeanBound.Classifier.AccuracyAtLeast"
EXPECTED = ExpectedClaim(
    theorem="Fix.Claim.proved",
    replay="Fix.Claim.replayed",
    claim="Fix.Claim.Claim",
    statement_module="Fix.Claim.Statement",
    model=quantised(),
    claimed=max_of_k(9),
    specification={PROPERTY: "Fix.Spec"},
)


def test_audit_of_a_claim(pristine: Path, library: Path) -> None:
    environment = open_module(pristine, library, "Fix.Claim.Replay")
    meaning = meaning_of(environment, PROPERTY)
    result = audit_claim(environment, replace(EXPECTED, meanings={PROPERTY: meaning}))
    assert result.reasons == ()
    assert result.claim == ReadClaim(FAMILY, "Fix.Claim.model", Target("LeanBound.maxToken"), {"count": 9})
    other = quantised(W_E=[[1, 0], [127, -1], [1, -127]])
    for expected, reason in (
        (replace(EXPECTED, claimed=max_of_k(8)), "is about 9 inputs, expected 8"),
        (
            replace(EXPECTED, claimed=on_pairs(modular_addition(3), 9)),
            "is about the task LeanBound.maxToken, expected LeanBound.sumMod 3",
        ),
        (replace(EXPECTED, model=other), "W_E[2, 0] is 0 in the artifact, 1 in the model"),
        (replace(EXPECTED, claim="Fix.Claim.model"), "states Fix.Claim.Claim, not Fix.Claim.model"),
        (
            replace(EXPECTED, specification=None),
            "in Fix.Spec, not in LeanBound.Properties.Accuracy",
        ),
        (replace(EXPECTED, statement_module="Fix.Spec"), "not in Fix.Spec"),
        (
            replace(EXPECTED, meanings={PROPERTY: "0" * 64}),
            "LeanBound.Classifier.AccuracyAtLeast means something else than what is locked",
        ),
        (
            replace(EXPECTED, replay="Fix.Claim.proved"),
            "states Fix.Claim.Claim, not what Fix.Claim.Claim is defined as",
        ),
    ):
        assert reason in audit_claim(environment, expected).reasons[0]


def test_differences_of_models(pristine: Path, library: Path) -> None:
    found = read_model(open_module(pristine, library, "Fix.Claim.Proof"), "Fix.Claim.model", FAMILY.structure)
    assert model_differences(found, quantised()) == []
    longer = replace(found, sizes={**found.sizes, "n_ctx": 5})
    assert "n_ctx is 5 in the artifact, 2 in the model" in model_differences(longer, quantised())[0]
    for changed, reason in (
        (TensorLiteral(8, 4, found.tensors["W_E"].rows), "W_E is of 8 bits, 2^-4, 3 rows in the artifact"),
        (TensorLiteral(8, 3, found.tensors["W_E"].rows[:2]), "W_E is of 8 bits, 2^-3, 2 rows in the artifact"),
        (TensorLiteral(8, 3, (0x18081, 0x7FFF, 0x0180)), "row 0 has more than 2 entries"),
    ):
        tensors = {**found.tensors, "W_E": changed}
        assert reason in model_differences(replace(found, tensors=tensors), quantised())[0]


@pytest.mark.parametrize(
    ("module", "theorem", "axioms", "reason"),
    [
        ("Fix.Sorry", "Fix.Sorry.proved", ("sorryAx",), "axiom sorryAx is not allowed"),
        ("Fix.Ax", "Fix.Ax.proved", ("Fix.Ax.friendly",), "axiom Fix.Ax.friendly is declared in a module of this"),
        ("Fix.Uses", "Fix.Uses.proved", ("Fix.Ax.friendly",), "axiom Fix.Ax.friendly is declared in a module of this"),
        ("Fix.Native", "Fix.Native.proved", ("Lean.trustCompiler",), "axiom Lean.trustCompiler is not allowed"),
        ("Fix.Ax", "Fix.Ax.friendly", ("Fix.Ax.friendly",), "Fix.Ax.friendly is declared as axiom, not as a theorem"),
        ("Fix.Uses", "Fix.Uses.bad", (), "Fix.Uses.bad is unsafe"),
        ("Fix.Clean", "Fix.Clean.box", (), "Fix.Clean.box is declared as def, not as a theorem"),
        ("Fix.Classical", "Fix.Classical.proved", (), "Fix.Classical.proved states ∀ (p : Prop), Or p (Not p), not"),
    ],
)  # fmt: skip
def test_holes_are_found(
    pristine: Path, library: Path, module: str, theorem: str, axioms: tuple[str, ...], reason: str
) -> None:
    audit = audit_theorem(open_module(pristine, library, module), theorem)
    assert audit.axioms == axioms
    assert any(found.startswith(reason) for found in check(audit, claim="Fix.Claim.Claim"))


def test_a_definition_that_uses_choice(pristine: Path, library: Path) -> None:
    audit = audit_theorem(open_module(pristine, library, "Fix.Classical"), "Fix.Classical.chosen")
    assert audit.axioms == ("Classical.choice",)
    assert not any("axiom" in reason for reason in check(audit, claim="Fix.Claim.Claim"))


def test_opaque_and_overrides_are_reported(pristine: Path, library: Path) -> None:
    assert audit_theorem(open_module(pristine, library, "Fix.Uses"), "Fix.Uses.loop").opaque == ("Fix.Uses.loop",)
    audit = audit_theorem(open_module(pristine, library, "Fix.Attr"), "Fix.Attr.proved")
    assert audit.overrides == ("csimp Fix.Attr.spec", "extern Fix.Attr.foreign", "implemented_by Fix.Attr.spec")
    reasons = foundation_reasons(audit)
    assert "compiled code departs from the definition: csimp Fix.Attr.spec" in reasons
    hidden = audit_theorem(open_module(pristine, library, "Fix.Uses"), "Fix.Uses.loop")
    assert "Fix.Uses.loop is opaque: its value is hidden" in foundation_reasons(hidden)


def test_check_compares_everything(pristine: Path, library: Path) -> None:
    audit = audit_theorem(open_module(pristine, library, "Fix.Claim.Proof"), "Fix.Claim.proved")
    claim = "Fix.Claim.Claim"
    assert "not Fix.Other.Claim" in check(audit, claim="Fix.Other.Claim")[0]
    assert "not in Fix.Claim.Proof" in check(audit, claim=claim, statement_module="Fix.Claim.Proof")[0]
    assert "means something else" in check(audit, claim=claim, meaning_digest="0" * 64)[0]
    assert "universe parameters" in check(replace(audit, level_params=("u",)), claim=claim)[0]
    assert "not a definition" in check(replace(audit, statement_unfolded=None), claim=claim)[0]
    assert "is partial" in check(replace(audit, partial=("p",)), claim=claim)[0]
    named_like_an_allowed_one = replace(audit, axioms=("propext",), own_axioms=("propext",))
    assert "declared in a module of this project" in check(named_like_an_allowed_one, claim=claim)[0]
    assert claim_digest("A.Claim") != claim_digest("A.Claim2")


def test_meaning_covers_definitions_but_not_proofs(pristine: Path, library: Path) -> None:
    proof = open_module(pristine, library, "Fix.Claim.Proof")
    statement = open_module(pristine, library, "Fix.Claim.Statement")
    audit = audit_theorem(proof, "Fix.Claim.proved")
    reached = proof.reach((statement_of(proof, "Fix.Claim.proved"),), proofs=False).own
    assert {"Fix.Claim.model", "Fix.Claim.W_E", PROPERTY, "LeanBound.Tensor.mk"} <= set(reached)
    assert "Fix.Claim.proved" not in reached
    assert statement.meaning(statement_of(proof, "Fix.Claim.proved")) == audit.meaning_digest


def test_a_changed_weight_changes_the_meaning(build: Path, library: Path) -> None:
    before = audit_theorem(open_module(build, library, "Fix.Claim.Proof"), "Fix.Claim.proved")
    row = (0x7FFF << 1 | 1).to_bytes(4, "little")
    for suffix in ("", ".private"):
        path = build / "Fix" / "Claim" / f"Statement.olean{suffix}"
        path.write_bytes(path.read_bytes().replace(row, (0x7FFE << 1 | 1).to_bytes(4, "little")))
    after = open_module(build, library, "Fix.Claim.Proof")
    audit = audit_theorem(after, "Fix.Claim.proved")
    assert audit.meaning_digest != before.meaning_digest
    assert audit.statement_digest == before.statement_digest
    assert dict(audit.module_digests)["Fix.Claim.Statement"] != dict(before.module_digests)["Fix.Claim.Statement"]


def test_views_that_disagree_are_refused(pristine: Path, library: Path) -> None:
    """What importers saw must be what the private part holds, the proof of a theorem aside."""
    environment = open_module(pristine, library, "Fix.Ax")
    exported = environment.modules["Fix.Ax"].exported
    other = replace(exported.constant("Fix.Ax.friendly"), type=exported.constant("Fix.Ax.proved").type)
    exported._decoded["Fix.Ax.friendly"] = other
    with pytest.raises(AuditError, match="importers saw another constant"):
        audit_theorem(environment, "Fix.Ax.proved")


def test_modules_that_disagree_are_refused(pristine: Path, library: Path) -> None:
    """Lean lets two modules prove the same auxiliary theorem; nothing else may be declared twice."""
    environment = open_module(pristine, library, "Fix.Uses")
    axiom = environment.constant("Fix.Ax.friendly")
    assert axiom is not None
    for other, fine in ((axiom, True), (replace(axiom, kind=ConstantKind.THEOREM), False)):
        full = environment.modules["Fix.Clean"].full
        assert full is not None
        full._refs[axiom.name], full._decoded[axiom.name] = 1, other
        environment._home[axiom.name] = ["Fix.Ax", "Fix.Clean"]
        environment._agreed.clear()
        if fine:
            assert environment.copies(axiom.name) == (axiom, axiom)
        else:
            with pytest.raises(AuditError, match=r"declared differently in Fix\.Ax and Fix\.Clean"):
                environment.copies(axiom.name)


def test_a_prelude_module_is_refused(pristine: Path, library: Path) -> None:
    with pytest.raises(AuditError, match="does not import Init"):
        open_module(pristine, library, "Fix.Bare")


def test_missing_and_misplaced_modules(build: Path, library: Path, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="no artifact"):
        open_module(build, library, "Fix.Absent")
    with pytest.raises(AuditError, match="is not declared"):
        audit_theorem(open_module(build, library, "Fix.Clean"), "Fix.Clean.absent")
    with pytest.raises(AuditError, match="imports Init, which is neither"):
        open_module(build, tmp_path, "Fix.Clean")
    (build / "Fix" / "Spec.olean").rename(build / "Fix" / "Gone.olean")
    with pytest.raises(AuditError, match=r"imports Fix\.Spec, which is neither"):
        open_module(build, library, "Fix.Claim.Proof")
    (build / "Fix" / "Clean.olean.private").unlink()
    with pytest.raises(AuditError, match="private part is missing"):
        open_module(build, library, "Fix.Clean")


def test_own_modules_may_not_shadow_the_library(build: Path, tmp_path: Path) -> None:
    (tmp_path / "lib" / "Fix").mkdir(parents=True)
    (tmp_path / "lib" / "Init.olean").touch()
    (tmp_path / "lib" / "Fix" / "Spec.olean").touch()
    with pytest.raises(AuditError, match="name of a module of the toolchain's library"):
        open_module(build, tmp_path / "lib", "Fix.Claim.Proof")


def test_module_names_stay_below_their_directory() -> None:
    assert module_file(Path("/b"), "A.B'_1") == Path("/b/A/B'_1.olean")
    for name in ("..", "A/../B", "/etc", "A..B", "", "A.«x»", "A\n"):
        with pytest.raises(AuditError, match="not a plain one"):
            module_file(Path("/b"), name)


def test_damage_is_an_olean_error(build: Path, library: Path) -> None:
    path = build / "Fix" / "Clean.olean.private"
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(OleanError) as caught:
        open_module(build, library, "Fix.Clean")
    assert caught.value.exit_code is ExitCode.REJECTED
