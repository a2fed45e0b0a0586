"""What the text of each kind of setting means, and what is none, as a sentence."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from portal import settings
from portal.settings import (
    AutoBlockRule,
    DeclaredWorker,
    ScraperToken,
    SettingsError,
    WorkerQueue,
    load,
)
from portal.status.terms import Audience
from tests.instants import DAY


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ENV", "development", "development"),
        ("BIND", "0.0.0.0:80", "0.0.0.0:80"),
        ("BIND", "[::1]:8000", "[::1]:8000"),
        ("DATABASE_URL", "", ""),
        ("DATABASE_URL", "sqlite:////srv/portal.db", "sqlite:////srv/portal.db"),
        (
            "DATABASE_URL",
            "postgresql+psycopg://p:x@/p?host=one:5432&host=two:5432&target_session_attrs=any",
            "postgresql+psycopg://p:x@/p?host=one:5432&host=two:5432&target_session_attrs=any",
        ),
        ("REDIS_URL", "", ""),
        ("REDIS_URL", "rediss://:hush@redis:6380/0", "rediss://:hush@redis:6380/0"),
        ("RATE_LIMIT", "10/second", "10/second"),
        ("POLL_SECONDS", "30", 30),
        ("POOL_SIZE", "12", 12),
        ("METRICS_STALE_AFTER", "90", timedelta(seconds=90)),
        ("METRICS_STALE_AFTER", "5m", timedelta(minutes=5)),
        ("DRAIN_DELAY", "0", timedelta()),
        ("DRAIN_LINGER", "30s", timedelta(seconds=30)),
        ("REQUIRE_APPROVAL", "on", True),
        ("REQUIRE_APPROVAL", "No", False),
        ("TRUSTED_PROXIES", "10.0.0.0/8, ::1", (ip_network("10.0.0.0/8"), ip_network("::1"))),
        (
            "METRICS_TOKENS",
            f"prom={'a' * 32},ops:manual={'b' * 32}",
            (ScraperToken("prom", "a" * 32), ScraperToken("ops", "b" * 32, is_manual=True)),
        ),
        (
            "ALLOWED_ORIGINS",
            "https://WWW.example.com,https://*.example.org",
            ("https://www.example.com", "https://*.example.org"),
        ),
        ("AUTO_BLOCK", "off", None),
        ("AUTO_BLOCK", "3/1m for 1h", AutoBlockRule(3, timedelta(minutes=1), timedelta(hours=1))),
        ("WAF_ENGINE", "off", "off"),
        (
            "WORKERS_DECLARED",
            "jobs:30s,mail:60:required",
            (
                DeclaredWorker("jobs", timedelta(seconds=30)),
                DeclaredWorker("mail", timedelta(seconds=60), is_required=True),
            ),
        ),
        ("REMINDERS", "1h,24h,1h", (DAY, timedelta(hours=1))),
        ("REMINDERS", "off", ()),
        (
            "ALLOWED_TARGETS",
            "Hooks.example.com,10.1.0.0/16",
            ("hooks.example.com", ip_network("10.1.0.0/16")),
        ),
    ],
)
def test_a_text_becomes_its_value(name: str, text: str, value: Any):
    found = load({"PORTAL_ENV": "test", f"PORTAL_{name}": text})
    assert getattr(found, name.lower()) == value


def test_a_queue_is_looked_at_where_it_lives():
    found = load(
        {
            "PORTAL_ENV": "test",
            "PORTAL_WORKERS_DECLARED": "emails:30s,jobs:30s",
            "PORTAL_WORKER_QUEUES": "emails=list redis://host/0 queue:emails;"
            " jobs=sql sqlite:///jobs.db SELECT count(*) FROM job",
        }
    )
    assert found.worker_queues == (
        WorkerQueue("emails", "list", "redis://host/0", "queue:emails"),
        WorkerQueue("jobs", "sql", "sqlite:///jobs.db", "SELECT count(*) FROM job"),
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("ENV", "staging", "must be development, production or test"),
        ("BIND", "8000", "must be address:port"),
        ("BIND", "127.0.0.1:99999", "must be address:port"),
        ("BIND", "localhost:8000", "must be address:port"),
        ("BIND", "::1:8000", "must be address:port"),
        ("BIND", "[127.0.0.1]:8000", "must be address:port"),
        ("DATABASE_URL", "postgresql://p@one:5432,two:5432/p", "several servers are written"),
        ("DATABASE_URL", "mysql://p@one/p", "must be such as sqlite:////var"),
        ("DATABASE_URL", "nonsense", "must be such as sqlite:////var"),
        ("DATABASE_URL", "sqlite://", "must be such as sqlite:////var"),
        ("DATABASE_URL", "sqlite:///:memory:", "must be such as sqlite:////var"),
        ("REDIS_URL", "redis:6379", "must be such as redis://host:6379/0"),
        ("REDIS_URL", "redis://redis:port/0", "must be such as redis://host:6379/0"),
        ("REDIS_URL", "memcached://redis", "must be such as redis://host:6379/0"),
        ("RATE_LIMIT", "many", "must be a rate such as 300/minute"),
        ("POLL_SECONDS", "0", "must be 1 or more"),
        ("REQUIRE_APPROVAL", "perhaps", "must be on or off"),
        ("TRUSTED_PROXIES", "the proxy", "the proxy"),
        ("METRICS_TOKENS", "prometheus", "must be a list of name=token"),
        ("METRICS_TOKENS", f"a:auto={'x' * 32}", "must be a list of name=token"),
        ("METRICS_TOKENS", f"a={'x' * 32},a={'y' * 32}", "names a scraper twice"),
        ("ALLOWED_ORIGINS", "www.example.com", "is not an origin such as"),
        ("AUTO_BLOCK", "often", "must be off or have the form 8/300s for 900s"),
        ("AUTO_BLOCK", "0/300s for 900s", "the threshold must be from 1 to 10000"),
        ("AUTO_BLOCK", "8/5s for 900s", "the time to count in must be from 30s to 1d"),
        ("AUTO_BLOCK", "8/300s for 5d", "the block must last from 60s to 2d"),
        ("WAF_ENGINE", "snort", "must be modsecurity or off"),
        ("WORKERS_DECLARED", "jobs", "must be a list of name:interval"),
        ("WORKERS_DECLARED", "9lives:30s", "must be a list of name:interval"),
        ("WORKERS_DECLARED", "jobs:30s,jobs:60s", "names a worker twice"),
        ("WORKER_QUEUES", "jobs=pile redis://host/0 x", "must have the form emails=list"),
        ("WORKER_QUEUES", "jobs=list redis://host/0", "must have the form emails=list"),
        ("REMINDERS", "30d", "one to five durations up to 14d"),
        ("ALLOWED_TARGETS", "http://hooks", "is neither a host nor a network"),
    ],
)
def test_what_is_none_is_a_sentence(name: str, text: str, said: str):
    with pytest.raises(SettingsError) as raised:
        load({"PORTAL_ENV": "test", f"PORTAL_{name}": text})
    (problem,) = raised.value.problems
    assert problem.startswith(f"PORTAL_{name}")
    assert said in problem


def test_audiences_are_those_that_an_announcement_can_have():
    assert tuple(Audience) == settings.AUDIENCES


@pytest.mark.parametrize(("old", "new"), sorted(settings.RENAMED.items()))
@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_a_setting_that_was_renamed_says_its_new_name(old: str, new: str, suffix: str):
    with pytest.raises(settings.SettingsError, match=f"{old} was renamed to {new}"):
        settings.load({f"{old}{suffix}": "on"})
