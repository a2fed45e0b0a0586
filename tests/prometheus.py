"""A real Prometheus that scrapes a portal of the test."""

import os
import subprocess
from pathlib import Path

from tests.ports import free_port
from tests.processes import Served


class Prometheus:
    """A real Prometheus that scrapes a portal every second; can be stopped and started."""

    def __init__(self, served: Served, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._config = folder / "prometheus.yml"
        self._config.write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            "scrape_configs:\n"
            "  - job_name: portal\n"
            "    metrics_path: /health/metrics\n"
            f"    authorization: {{credentials_file: {served.folder / 'metrics-token'}}}\n"
            f"    static_configs: [{{targets: ['127.0.0.1:{served.port}']}}]\n"
        )

    def start(self) -> None:
        with (self._folder / "prometheus.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self._config}",
                    f"--storage.tsdb.path={self._folder / 'tsdb'}",
                    f"--web.listen-address=127.0.0.1:{free_port()}",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "GOMAXPROCS": "1"},
            )

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def __enter__(self) -> "Prometheus":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
