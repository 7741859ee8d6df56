"""`python -m tests.chaos.altered_stack up …`: the project's own stack with a few parts altered, see alterations.py."""

import json
from dataclasses import replace

from cli.main import main
from stack import local_stack
from stack.postgres import Postgres
from stack.processes import Program
from stack.ready_file import CarrierAccount
from stack.services import Services
from stack.temporal import Temporal
from tests.chaos.alterations import ROOT, Alterations
from tests.chaos.clock import clock_environment

SMALL_DISK = ("--max_wal_size=48MB", "--min_wal_size=32MB")
OTHER_RESOLVER = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
OWN_OR_EMPTY = 'file="$1"; shift; [ -e "$0" ] && file="$0.$$.db"; exec "$@" --db-filename "$file"'
FAULTS = "OUTDIAL_SIMULATOR_FAULTS"
ALTERED = Alterations.of_environment()


class SmallPostgres(Postgres):
    """Its write-ahead log leaves room on a small disk."""

    def program(self) -> Program:
        program = super().program()
        return replace(program, argv=[*program.argv, *SMALL_DISK])


class SwappedTemporal(Temporal):
    """As it is, but with an empty file of its own for as long as it is to be another one."""

    def program(self) -> Program:
        program = super().program()
        if ALTERED.empty_temporal is None:
            return program
        argv = list(program.argv)
        at = argv.index("--db-filename")
        file = argv[at + 1]
        del argv[at : at + 2]
        return replace(program, argv=["sh", "-c", OWN_OR_EMPTY, str(ALTERED.empty_temporal), file, *argv])


class AlteredServices(Services):
    """The same programs with other settings, and workers and API begun by `altered_process`."""

    @property
    def postgres(self) -> Postgres:
        own = super().postgres
        return own if ALTERED.postgres is None else SmallPostgres(ALTERED.postgres, own.port, own.password)

    @property
    def temporal(self) -> Temporal:
        return SwappedTemporal(self.data_dir.temporal_file, self.ports.temporal, self.ports.ui)

    def carrier(self, account: CarrierAccount) -> Program:
        program = super().carrier(account)
        return replace(program, environment={**program.environment, FAULTS: json.dumps(ALTERED.faults)})

    def api(self, account: CarrierAccount) -> Program:
        return _altered(super().api(account), "api", stepped=True)

    def workers(self, account: CarrierAccount) -> list[Program]:
        return [_altered(one, "worker", stepped=not at) for at, one in enumerate(super().workers(account))]


def _altered(program: Program, module: str, *, stepped: bool) -> Program:
    *python, _ = program.argv
    argv = [*python, "tests.chaos.altered_process", module]
    environment = {**program.environment, "PYTHONPATH": str(ROOT)}
    if stepped and ALTERED.clock is not None:
        environment |= clock_environment(ALTERED.clock)
    if ALTERED.resolver is not None:
        argv = ["unshare", "--mount", "sh", "-c", OTHER_RESOLVER, str(ALTERED.resolver), *argv]
    return replace(program, argv=argv, environment=environment)


if __name__ == "__main__":
    local_stack.Services = AlteredServices  # type: ignore[attr-defined]
    main()
