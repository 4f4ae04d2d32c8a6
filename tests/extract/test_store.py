"""What a target names, how it is reached, and what its errors say."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow.fs as pafs
import pytest

from leadgenius_async import LeadGenius, errors
from leadgenius_async._extract import store
from leadgenius_async._extract.own_files import is_own
from leadgenius_async._extract.store import Store, default_staging, resolve, told
from leadgenius_async.emulator import Emulator

if TYPE_CHECKING:
    from stores import Bucket

fsspec: Any = pytest.importorskip("fsspec")


@pytest.fixture
def s3_options(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what the file system of S3 is made with, which is then none."""
    options: dict[str, Any] = {}

    def make(**given: Any) -> pafs.FileSystem:
        options.update(given)
        return pafs.LocalFileSystem()

    monkeypatch.setattr(pafs, "S3FileSystem", make)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    return options


@pytest.mark.parametrize(
    ("outside", "query", "expected"),
    [
        ({}, "", ("us-east-1", None, "https")),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "", ("eu-west-1", None, "https")),
        ({"AWS_DEFAULT_REGION": "a", "AWS_REGION": "b"}, "", ("b", None, "https")),
        ({"AWS_REGION": "b"}, "?region=c", ("c", None, "https")),
        ({"AWS_ENDPOINT_URL": "http://here:9000/"}, "", ("us-east-1", "here:9000", "http")),
        ({"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_S3": "https://b"}, "",
         ("us-east-1", "b", "https")),
        ({"AWS_ENDPOINT_URL": "http://a"}, "?endpoint_override=b", ("us-east-1", "b", "https")),
        ({}, "?endpoint_override=b&scheme=http", ("us-east-1", "b", "http")),
    ],
)  # fmt: skip
def test_how_s3_is_reached(
    s3_options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    outside: dict[str, str],
    query: str,
    expected: tuple[object, ...],
) -> None:
    """Region and endpoint are named, by the address or the environment: none is looked for."""
    for name, value in outside.items():
        monkeypatch.setenv(name, value)
    found = resolve(f"s3://bucket/some/leads/{query}")
    assert isinstance(found, Store)
    assert found.uri == "s3://bucket/some/leads"
    names = ("region", "endpoint_override", "scheme")
    assert tuple(s3_options[name] for name in names) == expected
    assert s3_options["background_writes"] is False


@pytest.mark.parametrize(
    "uri",
    [
        "s3://AKIASAMPLE:sample-secret@bucket/leads",
        "s3://AKIASAMPLE:sample/secret@bucket/leads",
        "s3://AKIASAMPLE@bucket/leads",
        "s3://bucket/leads?access_key=AKIASAMPLE&secret_key=sample-secret",
        "sftp://me:sample-secret@host.example/leads",
        "abfs://container@account.example/leads?sas_token=sample-secret",
        "sftp://me@host.example/leads?passwd=sample-secret",
        "abfs://container@account.example/leads?credential=sample-secret",
        "sftp://me@host.example/leads?sample-secret",
        "abfs://container@account.example/leads#password=sample-secret",
    ],
)
def test_credentials_in_an_address_are_refused(uri: str) -> None:
    """And not repeated."""
    with pytest.raises(ValueError, match="there are credentials in the address") as caught:
        resolve(uri)
    assert "secret@" not in str(caught.value)
    assert "AKIASAMPLE" not in str(caught.value)
    assert "sample" not in str(caught.value)


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        ("s3://", ValueError, "give s3://bucket/prefix"),
        ("s3://bucket/leads?colour=red", ValueError, "no more than region"),
        (Path("s3://bucket/leads"), ValueError, "give it as text"),
        ("nothing://known/leads", ValueError, "Protocol not known: nothing"),
        ("abfs://container/leads", ValueError, "account name"),
        ("sftp://me@host.example/leads", errors.ConfigurationError, "paramiko"),
    ],
)
def test_addresses_that_lead_nowhere(out: str | Path, error: type[Exception], message: str) -> None:
    """Each is told with what to do."""
    with pytest.raises(error, match=message):
        resolve(out)


@pytest.mark.parametrize(
    "out",
    ["simplecache::s3://AKIASAMPLE:sample-secret@bucket/leads", "s3:/bucket/leads", "a::b"],
)
def test_what_was_meant_as_an_address_is_no_folder(out: str) -> None:
    """No folder of people's contact data with a secret in its name."""
    with pytest.raises(ValueError, match="neither a folder nor scheme://") as caught:
        resolve(out)
    assert "sample" not in str(caught.value)
    assert resolve("C:/leads") == Path("C:/leads")


def test_what_only_fsspec_knows_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not installed."""
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(errors.ConfigurationError, match=r"leadgenius-async\[fsspec\]"):
        resolve("memory://some/leads")


def test_folders() -> None:
    """A path, and a file:// of one, are no store."""
    assert resolve("some/leads") == Path("some/leads")
    assert resolve(Path("some/leads")) == Path("some/leads")
    assert resolve("file:///some/le%20ads") == Path("/some/le ads")
    with pytest.raises(TypeError, match="filesystem is a SimpleNamespace"):
        resolve("leads", SimpleNamespace())


def test_each_address_has_a_staging_folder() -> None:
    """The same one each time, with or without a slash at its end."""
    assert default_staging("s3://a/b") == default_staging("s3://a/b/")
    assert default_staging("s3://a/b") != default_staging("s3://a/c")


def test_what_exports_write() -> None:
    """All else is left alone."""
    own = ["_SUCCESS", "manifest.json", "schema.json", "rejects.ndjson", ".manifest.json.tmp"]
    own += ["enrich_leads/part-00000.parquet", "source_leads/.part-00012.ndjson.gz.tmp"]
    own += [
        "enrich_leads/client_id=a%2Fb/part-00000.parquet",
        "enrich_leads/client_id=/part-00000.parquet",
    ]
    others = ["enrich_leads/year=2024/part-00000.parquet", "enrich_leads/../part-00000.parquet"]
    others += ["enrich_leads/client_id=a/b/part-00000.parquet", "enrich_leads//part-00000.parquet"]
    others += ["mine.txt", "enrich_leads/mine.parquet", "other/part-00000.parquet", "_SUCCESS/a"]
    assert [*filter(is_own, own + others)] == own


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (OSError("AWS Error NO_SUCH_BUCKET during CreateMultipartUpload"), "make the bucket"),
        (OSError("AWS Error ACCESS_DENIED during PutObject operation"), "check the credentials"),
        (OSError("AWS Error UNKNOWN (HTTP status 403)"), "check the credentials"),
        (PermissionError("Forbidden"), "check the credentials"),
        (RuntimeError("Unable to locate credentials"), "check the credentials"),
        (OSError("AWS Error UNKNOWN (HTTP status 301)"), "AWS_REGION"),
        (OSError("AWS Error NETWORK_CONNECTION during HeadBucket"), "check the network"),
        (TimeoutError("timed out"), "check the network"),
        (OSError("No space left on device"), "give the same command again"),
        (ValueError(), "ValueError"),
    ],
)
def test_errors_name_the_remedy(error: Exception, remedy: str) -> None:
    """Each file system raises its own; one class comes out."""
    message = rf"^s3://bucket cannot be read .*{remedy}"
    with pytest.raises(errors.StorageError, match=message), told("s3://bucket cannot be read"):
        raise error


def test_errors_hide_what_nobody_is_to_see() -> None:
    """A user's part of an address, and what follows a question mark; and the error behind it."""
    with pytest.raises(errors.StorageError) as caught, told("it cannot be read"):
        raise OSError("GET https://me:secret@host.example/a?sig=secret failed\nwith: secret")
    assert "secret" not in str(caught.value)
    assert "https://host.example/a failed" in str(caught.value)
    assert caught.value.__suppress_context__


async def test_a_bucket_that_is_not_there(
    emulator: Emulator, lg: LeadGenius, bucket: Bucket
) -> None:
    """It is told before the first request, not when all is taken out."""
    del bucket
    with pytest.raises(errors.StorageError, match=r"leads cannot be listed .*make the bucket"):
        await lg.enrich_leads.export("s3://nowhere-to-be-found/leads")
    assert len(emulator.log) == 0


async def test_nobody_answers(
    emulator: Emulator, lg: LeadGenius, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, with the endpoint as what to look at."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(errors.StorageError, match=r"cannot be listed.*AWS_ENDPOINT_URL"):
        await lg.enrich_leads.export(bucket.uri("leads"))
    assert len(emulator.log) == 0


@pytest.mark.parametrize("folder", ["/deep/leads/", "deep/leads", "memory://deep/leads", ""])
def test_paths_of_a_file_system(tmp_path: Path, folder: str) -> None:
    """With a slash before it or without, it is the same folder; none is the root."""
    (tmp_path / "source").write_bytes(b"1234")
    target = resolve(folder, fsspec.filesystem("memory"))
    assert isinstance(target, Store)
    names = ["manifest.json", "source_leads/part-00000.parquet"]
    for name in names:
        target.put(tmp_path / "source", name)
    assert target.files() == dict.fromkeys(names, 4)
    for name in [*names, "_SUCCESS"]:
        target.delete(name)
    assert target.files() == {}


def test_half_a_file_never_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no upload that completes it, it is written under another."""
    filesystem = fsspec.filesystem("memory")
    target = resolve("/half/leads", filesystem)
    assert isinstance(target, Store)
    monkeypatch.setattr(store, "_CHUNK", 4)
    source = tmp_path / "source"
    source.write_bytes(b"12345678")
    seen: list[list[str]] = []
    original = filesystem.mv

    def move(_: object, *args: Any, **options: Any) -> None:
        seen.append(filesystem.find("/half"))
        original(*args, **options)

    monkeypatch.setattr(type(filesystem), "mv", move)
    for _ in range(2):  # the second time one stands there
        target.put(source, "enrich_leads/part-00000.parquet")
    hidden = "/half/leads/enrich_leads/.part-00000.parquet.tmp"
    assert seen == [[hidden], [hidden]]
    assert filesystem.cat("/half/leads/enrich_leads/part-00000.parquet") == b"12345678"
    assert target.files() == {"enrich_leads/part-00000.parquet": 8}


def test_a_file_that_cannot_be_read_to_its_end_leaves_no_half(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the file's error that is told; Arrow, left alone, would complete the upload."""
    target = resolve(bucket.uri("leads"))
    assert isinstance(target, Store)

    class Torn(io.BytesIO):
        def read(self, _: int | None = None) -> bytes:
            if not (found := super().read(4)):
                raise OSError("Input/output error")
            return found

    def open_torn(*_: object) -> Torn:
        return Torn(b"12345678")

    monkeypatch.setattr(Path, "open", open_torn)
    with pytest.raises(OSError, match=r"^Input/output error$"):
        target.put(tmp_path / "source", "manifest.json")
    assert bucket.names("leads") == []
