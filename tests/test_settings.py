"""Settings: parsed once, every problem told at once, secrets never shown."""

from pathlib import Path

import pytest

from portal.settings import CHAT_SCHEMES, SettingsError, kept_secret, load

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


def test_earlier_keys_are_one_a_line_and_as_strong_as_the_current_one(tmp_path: Path):
    path = tmp_path / "keys"
    path.write_text(f"{LONG},\n\n{LONG[::-1]}\n")
    keys = load({"PORTAL_SECRET_KEY_FALLBACKS_FILE": str(path)}).secret_key_fallbacks
    assert keys == (f"{LONG},", LONG[::-1])
    assert load({}).secret_key_fallbacks == ()
    weak = {"PORTAL_ENV": "production", "PORTAL_SECRET_KEY_FALLBACKS": f"{LONG} p"}
    assert "PORTAL_SECRET_KEY_FALLBACKS: each key must" in " ".join(problems(weak))
    strong = weak | {"PORTAL_SECRET_KEY_FALLBACKS": LONG}
    assert "PORTAL_SECRET_KEY_FALLBACKS" not in " ".join(problems(strong))


def test_scrapers_have_names_and_kinds():
    tokens = load({"PORTAL_METRICS_TOKENS": f"a={LONG},b:manual={LONG}"}).metrics_tokens
    assert [(one.name, one.is_manual) for one in tokens] == [("a", False), ("b", True)]


def test_a_kept_secret_is_made_once_and_for_its_owner_only(tmp_path: Path):
    assert kept_secret(tmp_path, "key") == kept_secret(tmp_path, "key")
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0


MAILING = {
    "PORTAL_SMTP_URL": "smtp+starttls://ada:s%40cret@mail.example.com",
    "PORTAL_MAIL_FROM": "Example <status@example.com>",
    "PORTAL_EXTERNAL_URL": "https://status.example.com",
}


def test_a_mail_server_is_read_whole():
    server = load(MAILING).smtp_url
    assert server is not None
    assert (server.host, server.port, server.tls) == ("mail.example.com", 587, "starttls")
    assert (server.user, server.password) == ("ada", "s@cret")
    plain = load(MAILING | {"PORTAL_SMTP_URL": "smtp://127.0.0.1"}).smtp_url
    assert plain is not None
    assert (plain.port, plain.tls) == (25, "offered")
    tls = load(MAILING | {"PORTAL_SMTP_URL": "smtps://mail.example.com"}).smtp_url
    assert tls is not None
    assert tls.port == 465


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_SMTP_URL", "mail.example.com"),
        ("PORTAL_SMTP_URL", "http://mail.example.com"),
        ("PORTAL_SMTP_URL", "smtps://ada@mail.example.com"),
        # A password never goes over a connection that anyone can read.
        ("PORTAL_SMTP_URL", "smtp://ada:hush@mail.example.com"),
        ("PORTAL_MAIL_FROM", "nobody"),
        ("PORTAL_MAIL_FROM", "Example\r\nBcc: eve@example.com <status@example.com>"),
        ("PORTAL_MAIL_RATE", "fast"),
        ("PORTAL_REMINDERS", "soon"),
        ("PORTAL_REMINDERS", "90d"),
        ("PORTAL_ALLOWED_TARGETS", "http://inside/"),
        ("PORTAL_OPERATOR_CHANNELS", "json://127.0.0.1/hush"),
        ("PORTAL_OPERATOR_CHANNELS", "file:///etc/passwd"),
        ("PORTAL_OPERATOR_CHANNELS", "syslog://"),
        ("PORTAL_OPERATOR_CHANNELS", "slack"),
    ],
)
def test_what_cannot_be_sent_by_is_refused_without_its_secrets(name: str, value: str):
    found = problems(MAILING | {name: value})
    assert any(one.startswith(name) for one in found)
    assert "hush" not in " ".join(found)


def test_mail_wants_a_sender_and_an_address_for_its_links():
    found = " ".join(problems({"PORTAL_SMTP_URL": "smtp://127.0.0.1"}))
    assert "PORTAL_MAIL_FROM" in found
    assert "PORTAL_EXTERNAL_URL" in found


def test_every_chat_is_one_that_the_library_knows():
    from apprise import Apprise

    known = {
        scheme
        for one in Apprise().details()["schemas"]
        for scheme in (*(one["protocols"] or ()), *(one["secure_protocols"] or ()))
    }
    assert known >= CHAT_SCHEMES
    assert CHAT_SCHEMES.isdisjoint({"json", "jsons", "xml", "form", "file", "exec", "syslog"})
