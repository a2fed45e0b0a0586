"""Settings: parsed once, every problem told at once, secrets never shown."""

from pathlib import Path

import pytest

from portal.settings import SettingsError, kept_secret, load

LONG = "x" * 32


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as refusal:
        load(environ)
    return refusal.value.problems


def test_every_problem_is_told_at_once_without_secrets():
    found = problems(
        {
            "PORTAL_RATE_LIMIT": "many",
            "PORTAL_BIND": "nowhere",
            "PORTAL_METRICS_TOKENS": "hush",
            "PORTAL_TYPO": "1",
        }
    )
    assert len(found) == 4
    assert "hush" not in " ".join(found)


def test_production_refuses_what_is_weak():
    found = " ".join(problems({"PORTAL_ENV": "production", "PORTAL_SECRET_KEY": "short"}))
    for name in ("PORTAL_SECRET_KEY", "PORTAL_EXTERNAL_URL", "PORTAL_TRUSTED_HOSTS"):
        assert name in found
    settings = load(
        {
            "PORTAL_ENV": "production",
            "PORTAL_SECRET_KEY": LONG,
            "PORTAL_EXTERNAL_URL": "https://status.example",
            "PORTAL_TRUSTED_HOSTS": "status.example",
        }
    )
    assert settings.has_secure_cookies


def test_a_short_metrics_token_is_refused():
    assert "prometheus" in problems({"PORTAL_METRICS_TOKENS": "prometheus=short"})[0]


def test_a_file_holds_a_value(tmp_path: Path):
    path = tmp_path / "key"
    path.write_text(f"{LONG}\n")
    assert load({"PORTAL_SECRET_KEY_FILE": str(path)}).secret_key == LONG
    assert problems({"PORTAL_SECRET_KEY_FILE": str(tmp_path / "none")})
    assert problems({"PORTAL_SECRET_KEY_FILE": str(path), "PORTAL_SECRET_KEY": LONG})


def test_scrapers_have_names_and_kinds():
    tokens = load({"PORTAL_METRICS_TOKENS": f"a={LONG},b:manual={LONG}"}).metrics_tokens
    assert [(one.name, one.is_manual) for one in tokens] == [("a", False), ("b", True)]


def test_a_kept_secret_is_made_once_and_for_its_owner_only(tmp_path: Path):
    assert kept_secret(tmp_path, "key") == kept_secret(tmp_path, "key")
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
