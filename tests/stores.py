"""An object store on this machine, and the bucket of a test in it."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager

import pyarrow.fs as pafs
from moto.server import ThreadedMotoServer

#: Credentials that the store on this machine takes.
ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "sample",
    "AWS_SECRET_ACCESS_KEY": "sample-secret",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Bucket:
    """A bucket of its own for a test.

    Args:
        endpoint: Where the store answers.
        name: Its name, if it is to have a certain one.
    """

    def __init__(self, endpoint: str, name: str | None = None) -> None:
        self.name = name or f"bucket-{uuid.uuid4().hex[:8]}"
        scheme, _, host = endpoint.partition("://")
        self.filesystem = pafs.S3FileSystem(
            endpoint_override=host,
            scheme="http" if scheme == "http" else "https",
            region="us-east-1",
            access_key=ACCOUNT["AWS_ACCESS_KEY_ID"],
            secret_key=ACCOUNT["AWS_SECRET_ACCESS_KEY"],
            allow_bucket_creation=True,
        )
        self.filesystem.create_dir(self.name)

    def uri(self, prefix: str) -> str:
        return f"s3://{self.name}/{prefix}"

    def names(self, prefix: str) -> list[str]:
        """Return the files below a prefix."""
        selector = pafs.FileSelector(f"{self.name}/{prefix}", recursive=True, allow_not_found=True)
        found: list[pafs.FileInfo] = self.filesystem.get_file_info(selector)
        start = len(self.name) + len(prefix) + 2
        return sorted(info.path[start:] for info in found if info.is_file)

    def read(self, name: str) -> bytes:
        with self.filesystem.open_input_stream(f"{self.name}/{name}") as stream:
            return bytes(stream.read())

    def write(self, name: str, data: bytes) -> None:
        with self.filesystem.open_output_stream(f"{self.name}/{name}") as stream:
            stream.write(data)

    def delete(self, name: str) -> None:
        self.filesystem.delete_file(f"{self.name}/{name}")


@contextmanager
def running_s3() -> Generator[str]:
    """Run a store, and give its endpoint."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def environment(endpoint: str) -> dict[str, str]:
    """Return what a user would set to reach a store."""
    outside = {name: "" for name in os.environ if name.startswith("AWS_")}
    return {**outside, **ACCOUNT, "AWS_ENDPOINT_URL": endpoint}
