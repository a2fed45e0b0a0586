"""Rules, dashboards and receivers in deploy/: their tools take them, and their series exist."""

import json
import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from deploy.grafana import generate
from portal.settings import DeclaredWorker
from tests.conftest import Build
from tests.contracts.test_alerts import names
from tests.deploy.programs import DEPLOY, run
from tests.processes import ROOT
from tests.sites import Site

PROMETHEUS = DEPLOY / "prometheus"


@pytest.fixture
def site(build: Build) -> Site:
    worker = DeclaredWorker("profileEngagement", timedelta(seconds=30))
    return build(workers_declared=(worker,))


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\bgigvora_[a-z_]+", text))


@pytest.mark.process
def test_promtool_accepts_the_scrape_configuration(tmp_path: Path):
    for name in ("prometheus.yml", "alerts.yml"):
        shutil.copy(PROMETHEUS / name, tmp_path)
    token = tmp_path / "token"
    token.write_text("secret")
    config = tmp_path / "prometheus.yml"
    config.write_text(config.read_text().replace("/etc/prometheus/portal-token", str(token)))
    assert "SUCCESS" in run("promtool", "check", "config", str(config))


@pytest.mark.process
def test_every_alert_fires_and_keeps_still_as_its_test_says():
    run("promtool", "check", "rules", "alerts.yml", folder=PROMETHEUS)
    assert "SUCCESS" in run("promtool", "test", "rules", "alerts_test.yml", folder=PROMETHEUS)
    rules = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    alerts = {rule["alert"] for group in rules for rule in group["rules"]}
    checks = [
        check
        for test in yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text())["tests"]
        for check in test["alert_rule_test"]
    ]
    assert alerts == {check["alertname"] for check in checks if check["exp_alerts"]}
    assert alerts == {check["alertname"] for check in checks if not check["exp_alerts"]}
    for group in rules:
        for rule in group["rules"]:
            section = re.fullmatch(
                r"{{ \$externalLabels\.portal_url }}/panel/runbook#(section-\d)",
                rule["annotations"]["runbook_url"],
            )
            assert section
            assert f'id="{section[1]}"' in (ROOT / "templates/panel/runbook.html").read_text()


def test_the_runbooks_rule_and_those_that_hold_during_a_stall_are_there():
    text = (PROMETHEUS / "alerts.yml").read_text()
    for expression in (
        "max_over_time(gigvora_metrics_scraper_age_seconds[10m]) > 240",
        'up{job="portal"} == 0',
        'absent_over_time(gigvora_metrics_scrapes_total{job="portal"}[4m])',
        "time() - max_over_time(gigvora_metrics_last_scrape_timestamp[1h]) > 240",
        "gigvora_metrics_scraper_age_seconds > 240",
    ):
        assert expression in text


@pytest.mark.parametrize("name", generate.DASHBOARDS)
def test_dashboards_are_as_generated_and_name_what_the_feed_has(site: Site, name: str):
    text = (DEPLOY / "grafana" / f"{name}.json").read_text()
    assert text == generate.text(name)
    site.scrape()
    feed = names_in(site.scrape().get_data(as_text=True))
    board = json.loads(text)
    named = names_in(text)
    assert named <= feed, named - feed
    places = [
        (x, y)
        for panel in board["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(places) == len(set(places)), "panels overlap"
    assert max(x for x, _ in places) < 24


def test_every_series_of_the_rules_is_in_the_feed(site: Site):
    site.scrape()
    feed = names_in(site.scrape().get_data(as_text=True))
    assert names_in((PROMETHEUS / "alerts.yml").read_text()) <= feed


@pytest.mark.process
def test_amtool_accepts_the_receiver():
    said = run("amtool", "check-config", str(PROMETHEUS / "alertmanager.yml"))
    assert "SUCCESS" in said


def test_the_rules_judge_by_scraper_and_name_alerts_of_the_portal():
    text = (PROMETHEUS / "alerts.yml").read_text()
    rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
    assert not [one for one in rules if "seconds_since_last_scrape" in one["expr"]]
    own = {one["labels"]["portal_alert"] for one in rules if "portal_alert" in one["labels"]}
    assert own <= names()
    # Figures of people are whole ones.
    assert "| humanize }}" not in text
