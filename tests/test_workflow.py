""".github/: the workflow is of its schema, closed, pinned, and its scripts do what they say."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

# It starts other programs.
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
FLOW = ".github/workflows/ci.yml"
TEXT = (ROOT / FLOW).read_text("utf-8")
JOBS = YAML(typ="safe").load(TEXT)["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]


def checked(*command, said=None, **environ):
    done = subprocess.run(
        command,
        cwd=ROOT,
        input=said,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environ},
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("schema", "name"), [("github-workflows", FLOW), ("dependabot", ".github/dependabot.yml")]
)
def test_it_is_of_its_schema(schema, name):
    code, said = checked(BIN / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", name)
    assert code == 0, said


def test_an_auditor_of_workflows_finds_nothing():
    code, said = checked(BIN / "zizmor", "--offline", "--persona", "pedantic", "-q", ".github")
    assert code == 0, said


def test_its_scripts_and_the_tests_own_have_no_fault_a_linter_knows():
    assert checked(BIN / "shellcheck", ".ci/run") == (0, "")
    for step in filter(lambda one: "run" in one, STEPS):
        script = re.sub(r"\$\{\{.*?\}\}", "word", step["run"])
        assert checked(BIN / "shellcheck", "--shell=bash", "-", said=script) == (0, ""), script


def test_it_runs_what_developers_run_and_nothing_is_pushed_unless_that_passed():
    assert JOBS["test"]["steps"][-1]["run"] == "bash .ci/run"
    assert set(JOBS["image"]["needs"]) == {"test", "audit"} and JOBS["deploy"]["needs"] == "image"
    (push,) = [step for step in STEPS if step.get("id") == "push"]
    assert push["with"]["push"] == "${{ github.event_name == 'push' }}"
    assert push["with"]["platforms"] == "linux/amd64,linux/arm64"
    assert push["with"]["provenance"] == "mode=max" and push["with"]["sbom"] is True
    (login,) = [step for step in STEPS if "login" in step.get("uses", "")]
    assert login["with"]["password"] == "${{ secrets.GITHUB_TOKEN }}"


def test_what_it_uses_is_pinned_by_commit_and_its_tools_by_version():
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used and all(re.search(r"@[0-9a-f]{40}$", one) for one in used)
    for line in re.findall(r"uses: .*", TEXT):
        assert re.search(r" # v\d+\.\d+\.\d+$", line)
    pins = (ROOT / "requirements-dev.txt").read_text("utf-8")
    assert re.search(r"detect-secrets==[\d.]+", TEXT)[0] in pins


def script(name):
    (step,) = [one for one in STEPS if one.get("name") == name]
    return re.sub(r"\$\{\{.*?\}\}", "word", step["run"])


@pytest.fixture
def stubbed(tmp_path):
    """Return a way to run a step with a program that only tells how it was called."""

    def run(name, program, answer="", **environ):
        stub, out = tmp_path / program, tmp_path / "out"
        out.touch()
        stub.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$@" >> {tmp_path / "called"}\necho "{answer}"\n'
        )
        stub.chmod(0o755)
        told = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(out), **environ}
        code, said = checked("bash", "-e", "-c", script(name), **told)
        called = tmp_path / "called"
        return (
            code,
            said,
            called.read_text().split("\n") if called.exists() else [],
            out.read_text(),
        )

    return run


HOOK = "Call the hook, where there is one"
BASE = "The digest of the base as it is today"


def test_without_a_hook_nothing_is_called(stubbed):
    assert stubbed(HOOK, "curl", HOOK="", IMAGE="x", DIGEST="y")[::2] == (0, [])


def test_the_hook_is_called_with_the_very_image_and_not_shown(stubbed):
    told = {
        "HOOK": "https://render.example/x?key=abc",
        "IMAGE": "ghcr.io/Me/Bot",
        "DIGEST": "sha256:1",
    }
    code, said, called, _ = stubbed(HOOK, "curl", **told)
    assert code == 0 and "imgURL=ghcr.io/me/bot@sha256:1" in called and told["HOOK"] in called
    assert "abc" not in said


def test_the_base_is_named_with_the_digest_the_registry_tells_or_not_at_all(stubbed):
    digest = "sha256:" + "0f" * 32
    code, _, called, out = stubbed(BASE, "docker", digest)
    (base,) = re.findall(r"^ARG BASE=(.+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert code == 0 and out == f"image={base}@{digest}\n" and base in called
    assert stubbed(BASE, "docker", "no such manifest")[0] != 0


def test_no_secret_stands_in_what_is_not_a_test(tmp_path):
    baseline = shutil.copy(ROOT / ".secrets.baseline", tmp_path)
    names = checked("git", "ls-files", "-co", "--exclude-standard")[1].split()
    kept = (".secrets.baseline", "tests/", "bench/")
    names = [n for n in names if not n.startswith(kept) and (ROOT / n).is_file()]
    code, said = checked(BIN / "detect-secrets-hook", "--baseline", baseline, *names)
    assert code in (0, 3), said
