"""Object stores and other file systems as the place where a dataset is to stand.

All of it goes through `pyarrow.fs`, on threads: S3, Google Cloud Storage and Azure are in its
wheel, and whatever fsspec knows is wrapped.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import pyarrow as pa
import pyarrow.fs as pafs
from platformdirs import user_state_path

from leadgenius_async import errors
from leadgenius_async._extract.own_files import TABLES, is_own

_CHUNK = 8 * 2**20  # bytes
#: In these a file is there when its upload is complete, and not before. Elsewhere it is written
#: under a hidden name and moved.
_OBJECT_STORES = {"s3", "s3a", "gcs", "gs", "abfs", "abfss", "az", "oss"}
#: Those of pyarrow's own file systems, by their type.
_SCHEMES = {"s3": "s3", "gcs": "gs", "abfs": "abfs"}
_LONGEST = 300  # characters of an error
_FOLDED = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
#: A user without a password, the host, a port.
_HOST = re.compile(r"([^:@]+@)?[^:@]*(:\d+)?")
_BUCKET = re.compile(r"[^:@]*")
#: What may stand behind a ? of an address.
_QUERY = {"region", "endpoint_override", "scheme"}
#: What a message may carry and nobody is to see: a user's part of an address, and a query.
_HIDDEN = re.compile(r"(?<=://)[^/\s@]+@|\?\S+")

_RIGHTS = "check the credentials, and their rights to list, read, write and delete there"
_REMEDIES = (
    (r"no.?such.?bucket", "make the bucket, or correct its name"),
    (r"status 301|permanent.?redirect", "name the bucket's region (AWS_REGION)"),
    (r"denied|forbidden|status 40[13]|access.?key|signature|credential|expired|auth", _RIGHTS),
    (
        r"network|connect|resolve|timed?.?out",
        "check the network and the endpoint (AWS_ENDPOINT_URL)",
    ),
)


class Store:
    """A folder in a store.

    Args:
        filesystem: What reaches it.
        root: Its path there.
        uri: Its address, as users know it.
        given: The address as it was given, with what says how to reach it.

    Attributes:
        uri: See above.
        given: See above.
    """

    def __init__(self, filesystem: pafs.FileSystem, root: str, uri: str, given: str) -> None:
        self._filesystem = filesystem
        self._root = root.rstrip("/")
        self.uri = uri.rstrip("/")
        self.given = given.rstrip("/")
        scheme = filesystem.type_name.removeprefix("py::fsspec+")
        self._is_object_store = any(name in _OBJECT_STORES for name in re.findall(r"\w+", scheme))

    def uri_of(self, name: str) -> str:
        """Return the address of a file below the folder."""
        return f"{self.uri}/{name}"

    def files(self) -> dict[str, int]:
        """Return the files that exports write and that stand here: names and bytes.

        Raises:
            StorageError: The store says no, or gives no answer; or there is no such bucket.
        """
        self._forget_listings()
        with self._told("be listed"):
            found = [info for folder in ("", *TABLES) for info in self._infos(folder)]
            if not found and self._is_object_store:
                self._require_bucket()
        files = {self._name(info.path): info.size for info in found if info.is_file}
        return {name: size for name, size in files.items() if is_own(name)}

    def read(self, name: str) -> bytes:
        """Return what is in a small file.

        Raises:
            StorageError: The store says no, or gives no answer.
        """
        with self._told("be read"), self._filesystem.open_input_stream(self._path(name)) as file:
            data: bytes = file.read()
        return data

    def put(self, source: Path, name: str) -> None:
        """Bring a file here; under its name it is whole from the first.

        Raises:
            StorageError: The store says no, or gives no answer.
            OSError: The file cannot be read.
        """
        final = self._path(name)
        if self._is_object_store:
            self._copy(source, final)
            return
        folder, _, last = final.rpartition("/")
        hidden = f"{folder}/.{last}.tmp" if folder else f".{last}.tmp"
        if folder:
            with self._told("be written to"):
                self._filesystem.create_dir(folder, recursive=True)
        self._copy(source, hidden)
        self.delete(name)  # not every file system moves a file over another
        with self._told("be written to"):
            self._filesystem.move(hidden, final)

    def delete(self, name: str) -> None:
        """Delete a file; one that is not there is no mistake.

        Raises:
            StorageError: The store says no, or gives no answer.
        """
        with self._told("be cleared"), contextlib.suppress(FileNotFoundError):
            self._filesystem.delete_file(self._path(name))

    def _copy(self, source: Path, path: str) -> None:
        with source.open("rb") as file:
            with self._told("be written to"):
                # Else Arrow goes by the name, and compresses once more what is compressed.
                stream = self._filesystem.open_output_stream(path, compression=None)
            try:
                while chunk := file.read(_CHUNK):
                    with self._told("be written to"):
                        stream.write(chunk)
                with self._told("be written to"):
                    stream.close()
            except BaseException:
                # Arrow closes what it collects, and so completes it: half a file, which goes.
                with contextlib.suppress(Exception):
                    stream.close()
                with contextlib.suppress(Exception):
                    self._filesystem.delete_file(path)
                raise

    def _infos(self, folder: str) -> list[pafs.FileInfo]:
        """Return what is in a folder; of those of the tables, also what is deeper."""
        path = self._path(folder) if folder else self._root
        selector = pafs.FileSelector(path, recursive=bool(folder), allow_not_found=True)
        found: list[pafs.FileInfo] = self._filesystem.get_file_info(selector)
        return found

    def _require_bucket(self) -> None:
        bucket = self._root.lstrip("/").partition("/")[0]
        if self._filesystem.get_file_info(bucket).type == pafs.FileType.NotFound:
            raise FileNotFoundError(f"no such bucket: {bucket}")

    def _forget_listings(self) -> None:
        """Let fsspec ask anew: it keeps listings for as long as a process lives."""
        handler: Any = getattr(self._filesystem, "handler", None)
        if isinstance(handler, pafs.FSSpecHandler):
            cached: Any = handler.fs
            cached.invalidate_cache()

    def _name(self, path: str) -> str:
        # With a slash before it or without, as the file system likes it.
        return path.strip("/").removeprefix(self._root.strip("/")).lstrip("/")

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if self._root else name

    @contextlib.contextmanager
    def _told(self, what: str) -> Generator[None]:
        with told(f"{self.uri} cannot {what}"):
            yield


def resolve(out: str | Path, filesystem: object | None = None) -> Path | Store:
    """Return the local folder or the store that `out` names.

    Args:
        out: A folder or a URI; with a file system, a path in it.
        filesystem: One of pyarrow's or fsspec's, to be used instead of what the URI says.

    Raises:
        ValueError: It cannot be read, or there are credentials in it.
        TypeError: The file system is neither pyarrow's nor fsspec's.
        ConfigurationError: What reaches it is not installed.
        StorageError: It cannot be reached.
    """
    given = os.fspath(out)
    if isinstance(out, Path) and _FOLDED.match(given):
        raise ValueError(f"{out} has lost a slash of its ://, as every Path does: give it as text")
    if filesystem is not None:
        return _on(filesystem, given)
    if (folder := local_folder(given)) is not None:
        return folder
    parts = urlsplit(given)
    _refuse_secrets(given, parts)
    uri = parts._replace(query="", fragment="").geturl()
    with told(f"{uri} cannot be reached", (ValueError, errors.LeadGeniusError)):
        found, path = _reach(parts, uri)
    return Store(found, path, uri, given)


def local_folder(out: str) -> Path | None:
    """Return the folder that a path or a `file://` names; None for other URIs.

    Raises:
        ValueError: It is neither, but was meant to be an address.
    """
    if not _URI.match(out):
        if "::" in out or _FOLDED.match(out):  # which is not repeated: credentials may be in it
            raise ValueError(
                "the address is neither a folder nor scheme://…: two slashes, and no :: that "
                "chains file systems (in Python, give such a one as filesystem)"
            )
        return Path(out)
    parts = urlsplit(out)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def default_staging(given: str) -> Path:
    """Return the folder where an export stands until it is published, one for each address."""
    name = hashlib.sha256(given.rstrip("/").encode()).hexdigest()[:16]
    return user_state_path("leadgenius") / "exports" / name


def _on(filesystem: object, given: str) -> Store:
    path = _URI.sub("", given, count=1)
    if isinstance(filesystem, pafs.FileSystem):
        name = _SCHEMES.get(filesystem.type_name)
        uri = f"{name}://{path}" if name else given
        return Store(filesystem, path, uri, uri)
    protocol = getattr(filesystem, "protocol", None)
    if protocol is None or not hasattr(filesystem, "invalidate_cache"):
        raise TypeError(f"filesystem is a {type(filesystem).__name__}: give pyarrow's or fsspec's")
    name = protocol if isinstance(protocol, str) else protocol[0]
    uri = f"{name}://{path.lstrip('/')}"
    return Store(_wrapped(filesystem), path, uri, uri)


def _wrapped(filesystem: Any) -> pafs.FileSystem:
    # Its stub leaves out all that makes it a handler.
    handler = pafs.FSSpecHandler(filesystem)  # type: ignore[abstract]  # pyright: ignore[reportAbstractUsage]
    return pafs.PyFileSystem(handler)


def _refuse_secrets(given: str, parts: SplitResult) -> None:
    names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    allowed = _BUCKET if parts.scheme in {"s3", "s3a", "gs", "gcs"} else _HOST
    if not allowed.fullmatch(parts.netloc) or names - _QUERY or parts.fragment:
        scheme = _URI.match(given)
        raise ValueError(
            f"there are credentials in the address {scheme and scheme[0]}…, or may be (behind a ? "
            "stand no more than region, endpoint_override and scheme, and there is no #), where "
            "logs and process lists show them: give them as the store's own tools take them, such "
            "as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )


def _reach(parts: SplitResult, uri: str) -> tuple[pafs.FileSystem, str]:
    if parts.scheme in {"s3", "s3a"}:
        return _s3(parts, uri), parts.netloc + unquote(parts.path)
    try:
        return pafs.FileSystem.from_uri(parts.geturl())
    except pa.ArrowNotImplementedError:
        return _fsspec(parts, uri)
    except pa.ArrowInvalid as error:
        if "Unrecognized filesystem type" in str(error):
            return _fsspec(parts, uri)
        raise ValueError(f"{uri}: {error}") from None


def _s3(parts: SplitResult, uri: str) -> pafs.S3FileSystem:
    """Reach S3, or what speaks its language; a region is named, or Arrow would look for it."""
    query = dict(parse_qsl(parts.query))
    if not parts.netloc:
        raise ValueError(f"{uri}: give s3://bucket/prefix")
    outside = os.environ.get
    region = outside("AWS_REGION") or outside("AWS_DEFAULT_REGION") or "us-east-1"
    endpoint = outside("AWS_ENDPOINT_URL_S3") or outside("AWS_ENDPOINT_URL") or ""
    scheme, _, host = query.get("endpoint_override", endpoint).rpartition("://")
    return pafs.S3FileSystem(
        region=query.get("region", region),
        endpoint_override=host.rstrip("/") or None,
        scheme="http" if query.get("scheme", scheme) == "http" else "https",
        # In the background, Arrow would hold whole files in memory that wait for a slow line.
        background_writes=False,
    )


def _fsspec(parts: SplitResult, uri: str) -> tuple[pafs.FileSystem, str]:
    try:
        fsspec = import_module("fsspec.core")  # an extra, and without types
    except ImportError:
        raise errors.ConfigurationError(
            f"{uri}: pyarrow does not know {parts.scheme}://; fsspec may: install "
            "leadgenius-async[fsspec], and the package that fsspec needs for it"
        ) from None
    try:
        filesystem, path = fsspec.url_to_fs(parts.geturl())
    except ImportError as error:
        raise errors.ConfigurationError(f"{uri}: {error}") from None
    except ValueError as error:
        raise ValueError(f"{uri}: {_first_line(error)}") from None
    return _wrapped(filesystem), path


@contextlib.contextmanager
def told(what: str, passed: tuple[type[Exception], ...] = ()) -> Generator[None]:
    """Turn what a file system raises, each its own, into a `StorageError` with a remedy.

    Args:
        what: The address, and what cannot be done.
        passed: Exceptions that say already what to do.
    """
    try:
        yield
    except passed:
        raise
    except Exception as error:  # noqa: BLE001 - see above
        said = _first_line(error)
        found = (remedy for pattern, remedy in _REMEDIES if re.search(pattern, said, re.IGNORECASE))
        remedy = next(found, "see to that, and give the same command again")
        # Without its cause, which a traceback would print as it came.
        raise errors.StorageError(f"{what} ({said}): {remedy}") from None


def _first_line(error: Exception) -> str:
    """Return what an error says, without what nobody is to see."""
    lines = _HIDDEN.sub("", str(error)).strip().splitlines() or [type(error).__name__]
    return lines[0][:_LONGEST]
