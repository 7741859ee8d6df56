"""Temporal's runtime in this process: its own metrics, and its log among ours."""

import logging
import socket
import urllib.request
from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from temporalio import activity, workflow
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

LOOPBACK = "127.0.0.1"
ANSWER_SECONDS = 2.0

logger = logging.getLogger("temporal")


class TemporalMetrics(Collector):
    """What the runtime serves on loopback, read whenever we are asked."""

    def __init__(self, address: str) -> None:
        self._url = f"http://{address}/metrics"
        self._direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def describe(self) -> Iterable[Metric]:
        """Nothing: it is asked only when we are."""
        return ()

    def collect(self) -> Iterable[Metric]:
        try:
            with self._direct.open(self._url, timeout=ANSWER_SECONDS) as answer:
                return list(text_string_to_metric_families(answer.read().decode()))
        except OSError as error:
            logger.warning("Temporal's metrics cannot be read (%s)", type(error).__name__)
            return ()


def set_up_runtime(*, metrics: bool) -> TemporalMetrics | None:
    """Before the first client is made. Its log goes to the logger `temporal`, warnings and up."""
    activity.logger.activity_info_on_message = False  # our formats take the ids out of it
    workflow.logger.workflow_info_on_message = False
    address = f"{LOOPBACK}:{_free_port()}" if metrics else None
    Runtime.set_default(
        Runtime(
            telemetry=TelemetryConfig(
                logging=LoggingConfig(
                    filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
                    forwarding=LogForwardingConfig(
                        logger, append_target_to_name=False, prepend_target_on_message=False
                    ),
                ),
                metrics=PrometheusConfig(
                    bind_address=address, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
                )
                if address
                else None,
                attach_service_name=False,
            )
        ),
        error_if_already_set=False,
    )
    return TemporalMetrics(address) if address else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
