"""A real Alertmanager fires and resolves."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from portal import clock
from tests.patience import needed, until
from tests.ports import free_port
from tests.processes import Served
from tests.runtime.firings import PATH


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "data", "--no-worker") as running:
        yield running


def test_a_real_alertmanager_fires_and_resolves(served: Served, tmp_path: Path):
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        assert not needed("alertmanager")
        pytest.skip("no Alertmanager; on Debian: apt-get install prometheus-alertmanager")
    token = served.run(
        "token", "create", "am", "--scope", "alerts:push", "--scope", "runtime:read"
    ).strip()
    config = tmp_path / "alertmanager.yml"
    config.write_text(
        f"""
route: {{receiver: portal, group_wait: 0s, group_interval: 1s, repeat_interval: 1s}}
receivers:
- name: portal
  webhook_configs:
  - url: {served.address}{PATH}
    send_resolved: true
    http_config: {{authorization: {{credentials: {token}}}}}
"""
    )
    port = free_port()
    process = subprocess.Popen(
        [
            program,
            f"--config.file={config}",
            f"--storage.path={tmp_path / 'am'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        manager = Served.__new__(Served)
        manager.address = f"http://127.0.0.1:{port}"
        until(lambda: manager.get("/-/ready").status == 200, what="Alertmanager")

        def tell(**more: str) -> None:
            labels = {"alertname": "HighLatency", "severity": "critical", "instance": "web-1"}
            answer = manager.post("/api/v2/alerts", [{"labels": labels, **more}])
            assert answer.status == 200, answer.text

        def held() -> list[dict]:
            answer = served.get("/api/admin/runtime/health", Authorization=f"Bearer {token}")
            return [one for one in json.loads(answer.text)["alerts"] if one["id"] == "HighLatency"]

        tell()
        until(lambda: len(held()) == 1, what="the episode")
        begun = held()[0]["since"]
        # It is told again each second; that is the same episode.
        tell()
        until(lambda: len(held()) == 1 and held()[0]["since"] == begun)
        ended = clock.iso(clock.now() - timedelta(milliseconds=50))
        tell(endsAt=ended)
        until(lambda: held() == [], what="the end")
    finally:
        process.terminate()
        process.wait(60)
