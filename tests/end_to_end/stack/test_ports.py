import socket
from pathlib import Path

import pytest

from stack.data_dir import DataDir
from stack.errors import PortTaken
from stack.options import Options
from stack.ports import LOOPBACK, choose_port, free_port, is_free
from stack.services import Ports


@pytest.fixture
def taken():
    with socket.create_server((LOOPBACK, free_port())) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("part", ["api", "temporal", "ui", "carrier"])
def test_a_taken_port_is_said_with_the_flag_that_helps(taken: int, part: str, tmp_path: Path) -> None:
    ports = {"api_port": 0, "temporal_port": 0, "ui_port": 0, "carrier_port": 0, f"{part}_port": taken}
    with pytest.raises(PortTaken, match=rf"Port {taken} is taken.*--{part}-port N; --{part}-port 0 takes a free one"):
        Ports.choose(Options.model_validate(ports), DataDir(tmp_path))


def test_a_metrics_port_that_is_taken_is_said_before_anything_starts(taken: int, tmp_path: Path) -> None:
    """The workers' are the ports after the API's."""
    ports = dict.fromkeys(("api_port", "temporal_port", "ui_port", "carrier_port"), 0)
    with pytest.raises(PortTaken, match=rf"Port {taken} is taken.*--metrics-port N; --metrics-port 0 takes a free one"):
        Ports.choose(Options.model_validate(ports | {"metrics_port": taken - 1}), DataDir(tmp_path))


@pytest.mark.parametrize(("asked", "served"), [(None, 0), (0, 3)])
def test_metrics_are_served_by_the_api_and_each_worker_where_somebody_asks(
    asked: int | None, served: int, tmp_path: Path
) -> None:
    ports = dict.fromkeys(("api_port", "temporal_port", "ui_port", "carrier_port"), 0)
    options = Options.model_validate(ports | {"metrics_port": asked, "workers": 2})
    chosen = Ports.choose(options, DataDir(tmp_path)).metrics
    assert len(set(chosen)) == served
    assert all(map(is_free, chosen))


def test_port_zero_takes_a_free_one_below_the_range_of_outgoing_connections() -> None:
    port = choose_port(0, "--api-port")
    assert is_free(port)
    assert 1024 < port < 32_768


def test_a_port_is_free_again_while_its_former_connections_linger() -> None:
    port = free_port()
    with socket.create_server((LOOPBACK, port)) as server, socket.create_connection((LOOPBACK, port)):
        connection, _ = server.accept()
        connection.close()  # the server's side closes first: TIME_WAIT stays on our port
    assert is_free(port)
