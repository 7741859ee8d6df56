"""`/metrics`, on a port of its own: it is for Prometheus, and never on the API's address."""

import logging

from prometheus_client import start_http_server

from telemetry.facts import FactsCollector
from telemetry.metrics import BUILD, REGISTRY, start_at_zero
from telemetry.temporal import set_up_runtime

FACTS = FactsCollector()

logger = logging.getLogger(__name__)


class Exposition:
    """What one process serves, set up once."""

    def __init__(self) -> None:
        self.port: int | None = None  # where it listens; None: nothing is served
        self._is_set_up = False

    def set_up(self, process: str, version: str, host: str, port: int | None) -> None:
        """Before the first client of Temporal is made. `port`: 0 takes a free one. Raises OSError where it is taken."""
        if self._is_set_up:
            return
        self._is_set_up = True
        if port is None:
            set_up_runtime(metrics=False)
            return
        server, _ = start_http_server(port, host, registry=REGISTRY)
        self.port = int(server.server_port)
        temporal = set_up_runtime(metrics=True)
        if temporal is not None:
            REGISTRY.register(temporal)
        REGISTRY.register(FACTS)
        BUILD.labels(version, process).set(1)
        start_at_zero(())
        logger.info("metrics are at http://%s:%d/metrics", host, self.port)


EXPOSITION = Exposition()
