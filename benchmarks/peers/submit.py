"""Submits a list in a peer's way: `python -m benchmarks.peers.submit MODULE NUMBERS_FILE FIRST_ID`.

It prints `ready`, waits for a line, then stores the contacts and enqueues them, and prints its CPU seconds.
"""

import importlib
import json
import sys
import time
from pathlib import Path

import psycopg

from benchmarks.peers import records

if __name__ == "__main__":
    module = importlib.import_module(f"benchmarks.peers.{sys.argv[1]}")
    numbers, first = json.loads(Path(sys.argv[2]).read_text()), int(sys.argv[3])
    print("ready", flush=True)
    sys.stdin.readline()
    before = time.process_time()
    with (
        psycopg.connect(records.DATABASE) as connection,
        connection.cursor().copy("COPY contacts (id, number) FROM STDIN") as copy,
    ):
        for row in enumerate(numbers, first):
            copy.write_row(row)
    module.submit(range(first, first + len(numbers)))
    print(json.dumps({"cpu": time.process_time() - before}), flush=True)
