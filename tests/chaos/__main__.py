"""`python -m tests.chaos`: exits with 1 on any breach of an invariant."""

import argparse
import sys
from dataclasses import fields

from tests.chaos.report import lines
from tests.chaos.run import Options, run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Everything fails at once.")
    for option in fields(Options):
        kind = type(option.default)
        parser.add_argument(f"--{option.name.replace('_', '-')}", type=kind, default=option.default)
    options = Options(**vars(parser.parse_args()))
    outcome = run(options)
    print("\n".join(lines(options, outcome)))
    sys.exit(1 if outcome.breaches else 0)


if __name__ == "__main__":
    main()
