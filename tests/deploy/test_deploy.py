"""What is in deploy/ works with this version: settings, probes, proxies, the image and the unit."""

import ipaddress
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from portal import settings
from portal.settings import DeclaredWorker
from tests.conftest import Build
from tests.deploy.programs import DEPLOY, run
from tests.processes import ROOT
from tests.sites import Site

PROMETHEUS = DEPLOY / "prometheus"


@pytest.fixture
def site(build: Build) -> Site:
    worker = DeclaredWorker("profileEngagement", timedelta(seconds=30))
    return build(workers_declared=(worker,))


def test_every_setting_named_is_a_setting():
    known = {row.variable for row in settings.table()}
    files = [path for path in DEPLOY.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    for path in [*files, *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]:
        for name in re.findall(r"\bPORTAL_[A-Z_]+", path.read_text()):
            if name != "PORTAL_TESTS_NEED":
                assert name.removesuffix("_FILE") in known, f"{name} in {path.name}"


def test_kubernetes_probes_are_paths_of_the_portal_and_nothing_runs_as_root(site: Site):
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes/portal.yaml").read_text()))
    deployment = next(one for one in documents if one["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    paths = {str(rule) for rule in site.app.url_map.iter_rules()}
    (container,) = pod["containers"]
    for probe, path in (
        ("startupProbe", "/health/startup"),
        ("livenessProbe", "/health/live"),
        ("readinessProbe", "/health/ready"),
    ):
        assert container[probe]["httpGet"]["path"] == path
        assert path in paths
    hook = container["lifecycle"]["preStop"]["exec"]["command"]
    assert hook[:3] == ["portal", "lifecycle", "drain"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    values = next(one for one in documents if one["kind"] == "ConfigMap")["data"]
    secrets = {"PORTAL_SECRET_KEY": "s" * 40, "PORTAL_METRICS_TOKENS": f"prometheus={'t' * 40}"}
    assert settings.load({**values, **secrets}).is_production
    monitor = yaml.safe_load((PROMETHEUS / "servicemonitor.yaml").read_text())
    service = next(one for one in documents if one["kind"] == "Service")
    assert monitor["spec"]["selector"]["matchLabels"] == service["metadata"]["labels"]
    assert monitor["spec"]["endpoints"][0]["path"] in paths


def test_proxies_are_declared_exactly_and_nobody_else_comes_near():
    """Who is believed about the client's address can name any address."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    (network,) = compose["networks"]["default"]["ipam"]["config"]
    believed = compose["services"]["portal"]["environment"]["PORTAL_TRUSTED_PROXIES"]
    assert believed == f"{network['gateway']}/32"
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes/portal.yaml").read_text()))
    by_kind = {one["kind"]: one for one in documents}
    policy, pod = by_kind["NetworkPolicy"]["spec"], by_kind["Deployment"]["spec"]["template"]
    assert policy["podSelector"]["matchLabels"] == pod["metadata"]["labels"]
    assert policy["policyTypes"] == ["Ingress"]
    (rule,) = policy["ingress"]
    (port,) = pod["spec"]["containers"][0]["ports"]
    assert rule["ports"] == [{"port": port["name"]}]
    # Both in one entry: pods with the label, in the namespace.
    assert all({"namespaceSelector", "podSelector"} == one.keys() for one in rule["from"])
    believed = ipaddress.ip_network(by_kind["ConfigMap"]["data"]["PORTAL_TRUSTED_PROXIES"])
    assert believed.is_private
    assert believed.prefixlen >= 16
    unit = (DEPLOY / "systemd/portal.service").read_text()
    assert re.findall(r"PORTAL_TRUSTED_PROXIES=(\S+)", unit) == ["127.0.0.1/32"]


def test_compose_and_the_image_agree_on_where_things_are():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    portal = compose["services"]["portal"]
    assert (DEPLOY / portal["build"]["context"] / portal["build"]["dockerfile"]).is_file()
    values = {
        name: value for name, value in portal["environment"].items() if not name.endswith("_FILE")
    }
    image = dict(re.findall(r"(PORTAL_[A-Z_]+)=(\S+)", (DEPLOY / "Dockerfile").read_text()))
    secrets = {"PORTAL_SECRET_KEY": "s" * 40}
    loaded = settings.load({**image, **values, **secrets})
    assert loaded.is_production
    assert str(loaded.data_dir) == portal["volumes"][0].split(":")[1]
    named = {
        name for service in compose["services"].values() for name in service.get("secrets", ())
    }
    assert named == set(compose["secrets"])
    for name in ("prometheus", "alertmanager"):
        for volume in compose["services"][name]["volumes"]:
            source = DEPLOY / volume.split(":")[0]
            assert source.is_file() or "secrets" in volume
    scrapes = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    (manager,) = scrapes["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    assert manager.split(":")[0] in compose["services"]
    assert scrapes["global"]["external_labels"]["portal_url"] == loaded.url
    receiver = yaml.safe_load((PROMETHEUS / "alertmanager.yml").read_text())["receivers"][0]
    address = urlsplit(receiver["webhook_configs"][0]["url"])
    assert address.hostname in compose["services"]
    assert address.hostname in loaded.trusted_hosts
    assert address.path == "/api/admin/runtime/alerts/alertmanager"


@pytest.mark.process
def test_the_unit_is_one_that_systemd_understands(tmp_path: Path):
    text = (DEPLOY / "systemd/portal.service").read_text()
    values = dict(re.findall(r"^Environment=(PORTAL_[A-Z_]+)=(\S+)$", text, re.MULTILINE))
    values = {name: value for name, value in values.items() if not name.endswith("_FILE")}
    assert settings.load({**values, "PORTAL_SECRET_KEY": "s" * 40}).is_production
    # The program itself is not installed where the tests run.
    unit = tmp_path / "portal.service"
    unit.write_text(text.replace("/opt/portal/.venv/bin/portal", "/bin/true"))
    said = run("systemd-analyze", "verify", "--man=no", str(unit))
    assert "portal.service" not in said, said
