"""The gate on whole repositories: what passes, every reason to reject, --update, --recheck, and what is printed."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import FakeToolchain
from tests.gate.conftest import Repository
from tests.workspaces import CLAIM, checked_library, make_workspace

from leanbound.claims import locking
from leanbound.claims.verdict import Outcome
from leanbound.claims.workspace import Workspace
from leanbound.cli import main
from leanbound.errors import InputError, ToolchainError
from leanbound.gate import GateSettings, gate, recheck, text
from leanbound.gate.escape import escape, indent, quote
from leanbound.gate.report import SUMMARIES, ClaimEntry, GateReport, Kind, Reason
from leanbound.lean.embedded import load_embedded
from leanbound.lean.toolchain import Toolchain

Git = Callable[..., None]
OF_THE_RUN = {"costs", "containment"}


def edit(path: Path, old: str, new: str) -> None:
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))


def bound(number: str, name: str = CLAIM) -> str:
    return f"<!-- bound: {name} -->{number}<!-- /bound -->"


def test_what_is_verified_passes(repository: Repository) -> None:
    repository.write("README.md", f"at least {bound('96.0%')}, or {bound('24 of 25')}\n")
    repository.write("docs/more.md", f"{bound('12.5%')}\n")
    before = {path: path.read_bytes() for path in repository.root.rglob("*") if path.is_file()}
    report = repository.gate()
    assert (report.exit_code, report.accepted, report.reasons) == (0, True, ())
    (claim,) = report.claims
    assert (claim.outcome, claim.proved, claim.inputs, claim.axioms) == (Outcome.VERIFIED, 24, 25, ("propext",))
    assert [(item.file, item.line, item.accepted) for item in report.markers] == [
        ("README.md", 1, True),
        ("README.md", 1, True),
        ("docs/more.md", 1, True),
    ]
    assert repository.lean.builds == 1 and repository.audits == [CLAIM]
    assert {path: path.read_bytes() for path in repository.root.rglob("*") if path.is_file()} == before
    assert report.summary == "gate: accepted: 1 claim and 3 bound numbers stand (as verified earlier; Lean did not run)"


def test_a_claim_without_a_verdict(repository: Repository) -> None:
    repository.verdict.unlink()
    report = repository.gate()
    assert [reason.kind for reason in report.reasons] == [Kind.NO_VERDICT]
    assert "verdict.json is not there" in report.reasons[0].message
    assert (report.exit_code, report.claims[0].outcome, report.claims[0].bound) == (1, Outcome.REJECTED, None)


@pytest.mark.parametrize("content", ["", "{}", "null", "[]", '{"schema_version": 2}', "\xff", "9" * 5000])
def test_a_verdict_that_cannot_be_read(repository: Repository, content: str) -> None:
    repository.verdict.write_bytes(content.encode("latin-1"))
    assert repository.kinds() == ["no-verdict"]


def test_a_claim_without_an_artifact(repository: Repository) -> None:
    (artifact,) = repository.workspace.artifacts.rglob("Proof.olean")
    artifact.unlink()
    assert repository.kinds() == ["stale"]
    assert "Proof.olean: SHA-256" in repository.messages() and "absent now" in repository.messages()


def test_every_file_that_changes_makes_it_stale(repository: Repository) -> None:
    for name, digest in json.loads(repository.verdict.read_text())["files"].items():
        path = repository.root / name
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        reasons = repository.gate().reasons
        path.write_bytes(content)
        (stale,) = [reason for reason in reasons if reason.kind is Kind.STALE]
        assert f"{name}: SHA-256 {digest[:16]}... then, " in stale.message
    assert repository.kinds() == []


def test_another_lean_or_leanbound_makes_it_stale(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.lean.toolchain = FakeToolchain("4.0.1")
    assert repository.kinds() == ["stale"]
    assert "fake lean 4.0.0 commit c0ffee" in repository.messages() and "fake lean 4.0.1" in repository.messages()
    repository.lean.toolchain = FakeToolchain()
    monkeypatch.setattr("leanbound.pipeline.freshness.code_digest", lambda: "other code")
    assert repository.kinds() == ["stale"]
    assert "leanbound itself: code_digest code then, other code now" in repository.messages()


def changed(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return ("f" if value[:1] != "f" else "e") + value[1:]
    if isinstance(value, list):
        return [*value, "more"]
    return "something"


def leaves(value: Any, *path: str) -> list[tuple[str, ...]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, *path, key)]
    return [path]


def test_every_field_of_an_edited_verdict_is_named(repository: Repository) -> None:
    """But for those that only a run of Lean can tell."""
    good = repository.verdict.read_text()
    seen = set()
    for path in leaves(json.loads(good)):
        data = json.loads(good)
        part = data
        for key in path[:-1]:
            part = part[key]
        before = part[path[-1]]
        part[path[-1]] = "rejected" if path == ("outcome",) else changed(before)
        repository.verdict.write_text(json.dumps(data, indent=1) + "\n")
        reasons = repository.gate().reasons
        if path[0] in OF_THE_RUN:
            continue
        assert reasons, path
        seen.add(path[0])
        message = "\n".join(reason.message for reason in reasons)
        if reasons[0].kind is Kind.VERDICT_DIFFERS:
            assert str(path[-1]) in message and str(before)[:160] in message and str(part[path[-1]])[:160] in message
        else:
            assert reasons[0].kind in (Kind.STALE, Kind.NOT_VERIFIED, Kind.NO_VERDICT), path
    assert seen == {*json.loads(good)} - OF_THE_RUN


def test_entries_cannot_be_taken_out_of_a_verdict(repository: Repository) -> None:
    good = json.loads(repository.verdict.read_text())
    for name in good["files"]:
        data = {**good, "files": {key: value for key, value in good["files"].items() if key != name}}
        repository.verdict.write_text(json.dumps(data, indent=1) + "\n")
        assert f"files[{name}] is absent in the verdict" in repository.messages()


def test_a_verdict_of_other_bytes_was_edited(repository: Repository) -> None:
    content = repository.verdict.read_text()
    repository.verdict.write_text(content.replace('"at_least": 24', '"at_least": "24"'))
    assert "it was edited" in repository.messages()
    repository.verdict.write_text(content.replace('"at_least": 24', '"at_least": 25, "at_least": 24'))
    assert "it was edited" in repository.messages()


def test_no_device_is_read(repository: Repository) -> None:
    data = json.loads(repository.verdict.read_text())
    data["files"]["/dev/zero"] = "0" * 64
    repository.verdict.write_text(json.dumps(data, indent=1) + "\n")
    assert repository.kinds() == ["stale"]


def test_the_artifact_is_audited_and_not_the_verdict(repository: Repository) -> None:
    repository.reasons = ("axiom cheat is declared in a module of this project\nat length",)
    assert repository.kinds() == ["artifact"]
    assert "axiom cheat" in repository.messages()
    repository.reasons, repository.proved = (), 23
    assert set(repository.kinds()) == {"verdict-differs"}
    assert "proved is 24 in the verdict, 23 when it is made again" in repository.messages()


def test_a_verdict_that_is_not_verified_weighs_what_it_says(repository: Repository) -> None:
    edit(repository.workspace.proofs / CLAIM / "claim.toml", "at_least = 24", "at_least = 25")
    repository.lock()
    repository.verify()
    report = repository.gate()
    assert [reason.kind for reason in report.reasons] == [Kind.NOT_VERIFIED]
    assert report.exit_code == 3 and "the certificate proves 24 of 25" in report.reasons[0].message


def test_claim_files_and_folders(repository: Repository) -> None:
    proofs = repository.workspace.proofs
    repository.write("proofs/README.md", "files are no claims")
    repository.write(f"proofs/{CLAIM}/claim.toml", "nonsense")
    (proofs / "empty").mkdir()
    repository.write("proofs/Not A Claim/claim.toml", "")
    (proofs / "linked").mkdir()
    (proofs / "linked" / "claim.toml").symlink_to("/etc/passwd")
    (proofs / "gone").symlink_to("nowhere")
    report = repository.gate()
    found = {(reason.claim, str(reason.kind)) for reason in report.reasons if reason.kind is not Kind.LOCK}
    assert found == {
        (CLAIM, "claim-file"),
        ("empty", "claim-folder"),
        ("Not A Claim", "claim-folder"),
        ("linked", "claim-folder"),
        ("gone", "claim-folder"),
    }
    assert report.exit_code == 1
    assert "not TOML" in repository.messages() and "is a link out of the repository" in repository.messages()


def test_nothing_to_check(repository: Repository) -> None:
    (repository.workspace.proofs / CLAIM / "claim.toml").unlink()
    (repository.workspace.proofs / CLAIM).rmdir()
    with pytest.raises(InputError, match="no claims there"):
        repository.gate()


def test_the_lock(repository: Repository) -> None:
    lock = repository.root / "leanbound.lock"
    content = lock.read_text()
    edit(repository.root / "templates" / "statements" / "accuracy.lean.j2", "largest logit", "biggest logit")
    report = repository.gate()
    assert {reason.kind for reason in report.reasons} == {Kind.STALE, Kind.LOCK}
    repository.verify()
    (reason,) = repository.gate().reasons
    assert (reason.kind, reason.file, reason.claim) == (Kind.LOCK, "leanbound.lock", None)
    repository.lock()
    assert repository.kinds() == []
    lock.write_text(content.replace('"at_least": 24', '"at_least": 23'))
    assert any(reason.claim == CLAIM and "at_least 23 -> 24" in reason.message for reason in repository.gate().reasons)
    lock.write_text("{")
    assert Kind.LOCK in {reason.kind for reason in repository.gate().reasons}
    lock.unlink()
    report = repository.gate()
    assert report.exit_code == 2 and "there is none" in report.reasons[0].message


def test_no_lean(repository: Repository) -> None:
    def none(_preference: object) -> Toolchain:
        raise ToolchainError("no usable Lean")

    report = gate(GateSettings(repository.workspace, find_toolchain=none, audit=repository.audit))
    assert [(str(reason.kind), reason.claim) for reason in report.reasons] == [
        ("toolchain", None),
        ("toolchain", CLAIM),
    ]
    assert report.exit_code == 5 and repository.audits == []


def test_generated_files_are_not_accepted_from_the_repository(repository: Repository, git: Git) -> None:
    git(repository.root, "init", "-q")
    repository.write(".gitignore", "build/\n")
    git(repository.root, "add", ".")
    assert repository.kinds() == []
    git(repository.root, "add", "-f", f"build/claims/{CLAIM}/verdict.json")
    (reason,) = repository.gate().reasons
    assert (reason.kind, reason.file) == (Kind.GENERATED_FILE, f"build/claims/{CLAIM}/verdict.json")


def test_git_that_does_not_answer_is_no_yes(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository.root / ".git").write_text("gitdir: nowhere\n")
    assert repository.kinds() == ["repository"]
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "Put git on PATH" in repository.messages()


def test_which_documents_are_read(repository: Repository, git: Git) -> None:
    wrong = bound("99.9%")
    for name in ("a.md", "docs/b.MD", "ignored/c.md", "kept/d.md", "build/e.md", "node_modules/x/f.md", ".venv/g.md"):
        repository.write(name, wrong)
    repository.write("h.txt", wrong)
    (repository.root / "link.md").symlink_to("a.md")
    (repository.root / "out.md").symlink_to("/etc/hostname")
    (repository.root / "loop.md").symlink_to("loop.md")
    repository.write(".gitignore", "build/\nignored/\nkept/\n")
    files = ["a.md", "docs/b.MD", "ignored/c.md", "kept/d.md"]
    assert [marker.file for marker in repository.gate().markers] == files
    git(repository.root, "init", "-q")
    git(repository.root, "add", "a.md", "link.md")
    git(repository.root, "add", "-f", "kept/d.md")
    assert [marker.file for marker in repository.gate().markers] == ["a.md", "docs/b.MD", "kept/d.md"]


def test_numbers_that_do_not_stand(repository: Repository) -> None:
    repository.write("proofs/other/claim.toml", "nonsense")
    lines = [bound("96.1%"), bound("1.0%", "no-claim"), bound("1.0%", "other"), bound("0.96"), "<!-- bound: x -->"]
    repository.write("README.md", "\n\n".join(lines))
    report = repository.gate()
    found = [(reason.line, str(reason.kind)) for reason in report.reasons if reason.file == "README.md"]
    assert sorted(found) == [
        (1, "marker-number"),
        (3, "marker-claim"),
        (5, "marker-claim"),
        (7, "marker-number"),
        (9, "marker-syntax"),
    ]
    assert [marker.accepted for marker in report.markers] == [False] * 4
    assert report.exit_code == 1


def test_documents_that_cannot_be_read(repository: Repository) -> None:
    repository.write("a.md", bound("99.9%").encode("utf-16"))
    repository.write("b.md", b"\xff" + bound("99.9%").encode() + b"\xfe")
    repository.write("c.md", b"\x00 no marker")
    assert repository.kinds() == ["repository", "marker-number"]


def test_update(repository: Repository) -> None:
    before = b"\xef\xbb\xbf# \xff\r\n%s and %s\r%s\n%s"
    numbers = [bound("12.34%"), bound("99 of 100 inputs"), bound("5.0%", "other"), bound("TBD")]
    readme = repository.write("README.md", before % tuple(number.encode() for number in numbers))
    readme.chmod(0o640)
    same = repository.write("same.md", bound("96.0%"))
    times = same.stat().st_mtime_ns
    assert repository.gate().updated == () and readme.read_bytes().count(b"12.34%") == 1
    report = repository.gate(update=True)
    numbers = [bound("96.00%"), bound("24 of 25 inputs"), bound("5.0%", "other"), bound("TBD")]
    assert readme.read_bytes() == before % tuple(number.encode() for number in numbers)
    assert (readme.stat().st_mode & 0o777, same.stat().st_mtime_ns) == (0o640, times)
    assert report.updated == ("README.md",)
    assert [(item.text, item.was, item.accepted) for item in report.markers] == [
        ("96.00%", "12.34%", True),
        ("24 of 25 inputs", "99 of 100 inputs", True),
        ("5.0%", None, False),
        ("TBD", None, False),
        ("96.0%", None, True),
    ]
    assert repository.gate(update=True).updated == ()


def test_update_writes_only_what_is_verified(repository: Repository) -> None:
    readme = repository.write("README.md", bound("12.3%"))
    content = repository.verdict.read_text()
    repository.verdict.write_text(content.replace('"proved": 24', '"proved": 25'))
    assert repository.gate(update=True).updated == ()
    repository.verdict.write_text(content)
    (repository.root / "leanbound.lock").unlink()
    report = repository.gate(update=True)
    assert report.updated == () and "nothing was updated" in report.checked
    assert readme.read_text() == bound("12.3%")


def test_recheck_reuses_nothing(repository: Repository) -> None:
    build = repository.workspace.build
    mine = repository.write("build/mine.json", "mine")
    repository.write("build/lean/stray.olean", "stray")
    repository.write("build/.before-recheck-killed/lean/x", "left by a run that was killed")
    certificate = build / "claims" / CLAIM / "certificate.json"
    edit(certificate, '"proved":', '"proved" :')
    repository.verdict.write_text("forged")
    assert repository.gate().exit_code == 1
    report = repository.gate(recheck=True)
    assert (report.exit_code, report.rechecked, repository.lean.builds) == (0, True, 2)
    assert "verified again from sources" in report.summary and "in an empty build folder" in report.checked
    assert mine.read_text() == "mine" and '"proved" :' not in certificate.read_text()
    assert not (build / "lean" / "stray.olean").exists() and not list(build.glob(".before-*"))
    assert repository.gate().exit_code == 0


def test_recheck_finds_what_lean_rejects(repository: Repository) -> None:
    repository.lean.reasons = ("axiom cheat is declared in a module of this project",)
    report = repository.gate(recheck=True)
    assert [reason.kind for reason in report.reasons] == [Kind.NOT_VERIFIED]
    assert "axiom cheat" in report.reasons[0].message and report.exit_code == 1


def test_recheck_that_is_interrupted_changes_nothing(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        repository.write("build/lean/half.olean", "half")
        repository.write("build/measured/x", "half")
        raise KeyboardInterrupt

    build = repository.workspace.build
    before = {path: path.read_bytes() for path in build.rglob("*") if path.is_file()}
    monkeypatch.setattr(recheck, "verify", interrupted)
    with pytest.raises(KeyboardInterrupt):
        repository.gate(recheck=True)
    assert {path: path.read_bytes() for path in build.rglob("*") if path.is_file()} == before


def test_nothing_untrusted_forges_a_line_or_steers_a_terminal(repository: Repository) -> None:
    forged = "gate: accepted: 1 claim and 0 bound numbers stand"
    repository.reasons = (f"lean says\n{forged}\r{forged}\u2028{forged}\x1b[2K\n::error::x\n##[command]\u202e",)
    (repository.workspace.proofs / f"a  verified  -\n{forged}").mkdir()
    repository.write(f"\x1b[31m{forged}.md", bound("\u202e%\x07" + "9" * 30))
    report = repository.gate()
    shown = text.render(report)
    assert set(shown) <= {"\n", *map(chr, range(0x20, 0x7F))}
    lines = shown.splitlines()
    assert [line for line in lines if line.startswith("gate:")] == [lines[-1]]
    assert lines[-1].startswith("gate: REJECTED for ") and "##[" not in shown
    assert not [line for line in lines if line.lstrip().startswith("::")]
    row = next(line for line in lines if line.startswith('"a  verified  -'))
    assert re.search(r'"  rejected  -  +claim-folder$', row)
    assert all(line.startswith("  | ") for line in lines if forged in line and '"' not in line and line != lines[-1])
    assert report.to_json().isascii() and "\\u001b" not in report.to_json().replace("\\\\u001b", "")


def test_escapes() -> None:
    assert escape("a\tb\u202e\ud800\u0301\u3164\U000e0001ℝ\u00a0") == (
        "a\\u0009b\\u202e\\ud800\\u0301\\u3164\\U000e0001ℝ\\u00a0"
    )
    assert indent("a\nb\n\n") == "a\n  | b"
    assert (quote("a/b-c.md"), quote("a b"), quote(""), quote('"')) == ("a/b-c.md", '"a b"', '""', '"\\u0022"')


def test_the_worst_reason_decides() -> None:
    def report(*outcomes: Outcome) -> GateReport:
        reasons = [Reason.of(Kind.NOT_VERIFIED, "x", "f", outcome=outcome) for outcome in outcomes]
        entry = ClaimEntry.of("a", Outcome.REJECTED)
        return GateReport(version="0", rechecked=False, checked="", claims=(entry,), markers=(), reasons=tuple(reasons))

    assert report().exit_code == 0
    assert report(Outcome.INCONCLUSIVE, Outcome.REJECTED, Outcome.INVALID).exit_code == 1
    assert report(Outcome.INCONCLUSIVE, Outcome.TOOLCHAIN_FAILURE).exit_code == 5
    assert {*SUMMARIES} == {*Kind}


def test_the_command(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Without a Lean, so that there is something to say."""
    monkeypatch.setenv("LEANBOUND_TOOLCHAIN", "native")
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("ELAN_HOME", "/nonexistent")
    root = str(repository.root)
    assert main(["gate", "--root", root]) == 5
    said = capsys.readouterr().out
    assert said.splitlines()[-1].startswith("gate: REJECTED for 2 reasons")
    assert main(["gate", "--root", root, "--json"]) == 5
    data = json.loads(capsys.readouterr().out)
    assert (data["schema_version"], data["accepted"], data["exit_code"]) == (1, False, 5)
    out = tmp_path / "out.sarif"
    assert main(["gate", "--root", root, "--sarif", "--output", str(out)]) == 5
    assert capsys.readouterr().out == said
    assert json.loads(out.read_text())["version"] == "2.1.0"
    with pytest.raises(SystemExit):
        main(["gate", "--json", "--sarif"])


def test_no_torch_is_needed(repository: Repository) -> None:
    program = (
        "import sys; from leanbound.cli import main; main(['gate']); "
        "sys.exit(3 if 'torch' in sys.modules or 'leanbound.families.attention_only.model' in sys.modules else 0)"
    )
    environment = {**os.environ, "LEANBOUND_TOOLCHAIN": "native", "PATH": "/nonexistent", "ELAN_HOME": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=repository.root, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.lean
def test_with_lean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A real claim, held against its own artifact, which is damaged then. The library's artifacts are there already."""
    monkeypatch.setenv("LEANBOUND_TOOLCHAIN", "embedded")
    workspace = Workspace(make_workspace(tmp_path / "repository"))
    monkeypatch.chdir(workspace.root)
    (workspace.root / "build").mkdir()
    checked_library(workspace.artifacts)
    locking.make_lock(workspace, load_embedded(install=True)).save(workspace)
    (workspace.root / "README.md").write_text(f"{bound('1.0%')}\n")
    assert main(["verify"]) == 0
    assert main(["gate", "--update"]) == 0
    assert (workspace.root / "README.md").read_text() == f"{bound('96.0%')}\n"
    assert main(["gate"]) == 0
    assert "24 of 25 = 0.9600" in capsys.readouterr().out
    (proof,) = workspace.artifacts.rglob("Proof.olean")
    proof.write_bytes(proof.read_bytes()[:-8])
    assert main(["gate"]) == 1
