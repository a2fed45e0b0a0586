"""A wheel is whole: installed away from the checkout, it migrates, serves and looks right."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.commands import bare_environ
from tests.processes import ROOT, Served

pytestmark = pytest.mark.process
BUILDS = ROOT / ".build/packages"
PIP = (str(ROOT / ".build/installer/bin/pip"), "--python")
ENVIRON = {
    **{name: value for name, value in bare_environ().items() if not name.startswith("PYTHON")},
    "PIP_NO_INDEX": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}


def run(*command: str, **more: str) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env={**ENVIRON, **more}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make wheel` does; nothing is downloaded."""
    assert (BUILDS / ".installed").is_file(), "make develop brings what builds the portal"
    folder = tmp_path_factory.mktemp("dist")
    run(
        *(*PIP, sys.executable, "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", str(folder), "."),
        PYTHONPATH=str(BUILDS),
    )
    (made,) = folder.glob("portal-*.whl")
    return made


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel, and with the packages that are here."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder, with_pip=False)
    made = folder / "bin/python"
    run(*PIP, str(made), "install", "--quiet", "--no-deps", str(wheel))
    (packages,) = folder.glob("lib/python*/site-packages")
    # Their .pth files are not followed, so the checkout itself is not among them.
    (packages / "here.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return made


def test_all_files_are_in_the_wheel_and_those_of_others_too(wheel: Path):
    command = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
    tracked = run(*command, "portal", "static", "templates", "translations").split()
    wanted = {one if one.startswith("portal/") else f"portal/{one}" for one in tracked}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    names = ("htmx.min.js", "swagger-ui-bundle.js", "swagger-ui.css")
    assert held == wanted | {f"portal/static/vendor/{name}" for name in names}


def test_a_wheel_serves_away_from_the_checkout(python: Path, tmp_path: Path):
    where = run(str(python), "-P", "-c", "import portal; print(portal.__file__, portal.ROOT)")
    assert str(ROOT) not in where
    served = Served(
        tmp_path / "data", by_shell=True, cwd=tmp_path, python=str(python), PORTAL_ENV="test"
    )
    run(str(python.with_name("portal")), "db", "upgrade", **served.environ)
    with served:
        for path, kind in (
            ("/", "text/html"),
            ("/health/ready", "application/health+json"),
            ("/panel/login", "text/html"),
            ("/static/css/base.css", "text/css"),
            ("/static/js/portal.js", "text/javascript"),
            ("/static/vendor/htmx.min.js", "text/javascript"),
            ("/static/vendor/swagger-ui.css", "text/css"),
            ("/static/favicon.svg", "image/svg+xml"),
        ):
            answer = served.get(path)
            assert answer.status == 200, (path, served.output)
            assert answer.headers["content-type"].startswith(kind), path
        assert "WAF: modsecurity" in served.execute("check")
    assert served.process is not None
    assert served.process.returncode == 0
