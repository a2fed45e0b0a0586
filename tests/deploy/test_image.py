"""The container image: what its build sees, what comes into it, and how it starts."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import context
from tests.processes import ROOT

DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
LINES = [
    line for line in DOCKERFILE.replace("\\\n", " ").splitlines() if line and line[0] not in "# "
]
BELONGS = {
    *("README.md", "LICENSE", "pyproject.toml", "requirements.lock", "requirements-build.lock"),
    *("deploy/vendor.py", "portal/__init__.py", "portal/guard/rules/portal.conf"),
    *("static/css/base.css", "templates/public/page.html"),
}
STAYS_OUTSIDE = (
    *(".env", ".git/config", ".venv/bin/python", ".build/packages/x.py", ".github/x.yml"),
    *("instance/secret-key", "instance/portal.db", "portal/instance/secret-key"),
    *("portal/.env", "templates/.secret", "deploy/secrets/secret-key", "deploy/compose.yaml"),
    *("id_rsa", "secrets.json", "portal.db", "backup.sql", "requirements-dev.lock", "Makefile"),
    *("tests/conftest.py", "bench/inside.py", "docs/waf.md", "artefacts/shot.png", "app.py"),
    *("portal/__pycache__/x.pyc", "portal/web/__pycache__/x.pyc", "static/vendor/htmx.min.js"),
    *("dist/portal-0.1.0.whl", ".hypothesis/x", ".coverage"),
)


def test_no_secret_and_no_test_is_sent_to_a_build(tmp_path: Path):
    shutil.copy(ROOT / ".dockerignore", tmp_path)
    for name in (*BELONGS, *STAYS_OUTSIDE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert set(context.sent(tmp_path)) == BELONGS


@pytest.mark.process
def test_of_this_checkout_only_files_of_the_repository_are_sent():
    command = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
    known = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    sent = set(context.sent())
    assert sent >= BELONGS
    assert sent <= set(known.stdout.splitlines())
    assert not [name for name in sent if "test" in name.split("/")[0]]


@pytest.mark.parametrize(
    ("pattern", "name", "is_ignored"),
    [
        ("a", "a", True),
        ("a", "a/b/c", True),
        ("a", "b/a", False),
        ("**/a", "a", True),
        ("**/a", "b/c/a", True),
        ("**/a", "b/ca", False),
        ("*.py", "a.py", True),
        ("*.py", "b/a.py", False),
        ("a/**", "a/b/c", True),
        ("a?", "ab", True),
        ("a?", "a/", False),
        ("/a/", "a", True),
        ("# a", "# a", False),
        ("*\n!a", "a/b", False),
        ("*\n!a\na/b", "a/b/c", True),
    ],
)
def test_patterns_are_read_as_docker_reads_them(pattern: str, name: str, is_ignored: bool):
    assert context._is_ignored(name, list(context._patterns(pattern))) is is_ignored


def test_everything_that_is_copied_is_sent():
    sent = set(context.sent())
    copies = [line.split()[1:-1] for line in LINES if line.startswith("COPY")]
    for source in (one for copy in copies if "--from=build" not in copy for one in copy):
        assert source == "." or source in sent


def test_the_base_is_an_argument_and_can_be_a_digest():
    assert [line for line in LINES if line.startswith("FROM")] == [
        "FROM ${BASE} AS build",
        "FROM ${BASE}",
    ]
    assert LINES[0].startswith("ARG BASE=python:3.11-")


def test_the_image_runs_on_the_lock_alone_and_has_no_test_tool():
    build, image = DOCKERFILE.split("FROM ${BASE}\n")
    into = "pip --python /opt/portal/bin/python install"
    installs = re.findall(rf"{into} (.+?) *(?:\\|$)", build, re.MULTILINE)
    assert installs == [
        "--no-cache-dir --require-hashes -r requirements.lock",
        "--no-deps --no-index /dist/portal-*.whl",
    ]
    copies = re.findall(r"^COPY (.+)$", image, re.MULTILINE)
    assert copies == ["--from=build /opt/portal /opt/portal"]
    assert "pip" not in image
    lock = (ROOT / "requirements.lock").read_text()
    for tool in ("pytest", "hypothesis", "playwright", "schemathesis", "mypy", "ruff", "uv"):
        assert not re.search(rf"^{tool}[=\[]", lock, re.MULTILINE), tool


def test_it_starts_without_a_shell_and_not_as_root():
    (command,) = re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)
    assert json.loads(command) == ["portal", "serve", "--upgrade"]
    (health,) = re.findall(r"^  CMD (.+)$", DOCKERFILE, re.MULTILINE)
    assert json.loads(health)[0] == "python"
    assert LINES.index("USER portal") < len(LINES) - 1


@pytest.mark.process
def test_the_bill_of_materials_is_the_lock(tmp_path: Path):
    made = tmp_path / "portal.cdx.json"
    recipe = (ROOT / "Makefile").read_text()
    (command,) = re.findall(r"\$\(BIN\)/(cyclonedx-py .+)$", recipe, re.MULTILINE)
    name, *arguments = command.replace("dist/portal.cdx.json", str(made)).split()
    tool = Path(sys.executable).with_name(name)
    environ = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [tool, *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(made.read_text())
    assert told["bomFormat"] == "CycloneDX"
    assert told["metadata"]["component"]["name"] == "portal"
    lock = (ROOT / "requirements.lock").read_text()
    pinned = dict(re.findall(r"^([a-z0-9._-]+)(?:\[.*?\])?==([^ ]+)", lock, re.MULTILINE))
    assert {one["name"]: one["version"] for one in told["components"]} == pinned
    hashes = [
        one["content"]
        for part in told["components"]
        for reference in part["externalReferences"]
        for one in reference["hashes"]
    ]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", lock))
