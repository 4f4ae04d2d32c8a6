"""Ours into NDJSON."""

from peers.job import read_job
from peers.ours import run

if __name__ == "__main__":
    run(read_job(), "ndjson")
