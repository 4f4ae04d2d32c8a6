"""Where logins and keys are saved.

`~/.leadgenius_auth.json`, which other tools of the platform read and write as well, and the entries
of `profiles.json`, which have the same keys.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import platformdirs

from leadgenius_async._private import make_private_folder
from leadgenius_async.errors import ConfigurationError

_PRIVATE = 0o600
_LONGEST_WAIT = 10.0  # seconds; a write takes a few milliseconds


@dataclass(frozen=True, slots=True)
class CredentialsFile:
    """The saved login, a JSON object.

    Its keys are `token`, `id_token`, `refresh_token`, `email`, `user_id`, `api_key` and
    `base_url`. Keys that this package does not know are kept as they are.
    """

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @classmethod
    def default(cls) -> CredentialsFile:
        """Return the file in the user's home folder."""
        return cls(Path.home() / ".leadgenius_auth.json")

    def read(self) -> dict[str, object]:
        """Return what the file holds; nothing if there is no file.

        A file that others could read is tightened to 0600 where that is possible, with a warning.

        Raises:
            ConfigurationError: It is not JSON, or belongs to another user.
        """
        try:
            data = self._read_own()
        except (FileNotFoundError, NotADirectoryError):  # the latter: a home of /dev/null
            return {}
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error.strerror}") from None
        try:
            return msgspec.json.decode(data, type=dict[str, object])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise ConfigurationError(
                f"{self.path} is not a JSON object: mend or delete it, then log in again"
            ) from None

    def update(self, changes: Mapping[str, object]) -> None:
        """Write some keys and keep the others; None removes a key.

        The file appears whole or not at all, readable by its owner alone. A link stays one: what
        it leads to is written.
        """
        self.rewrite(lambda old: _merged(old, changes))

    def rewrite(self, change: Callable[[dict[str, object]], Mapping[str, object]]) -> None:
        """Write what `change` makes of what the file holds, one process after the other.

        Raises:
            ConfigurationError: It cannot be read or written, or another process keeps its lock.
        """
        import filelock  # noqa: PLC0415 - 10 ms, for those who write

        lock = filelock.FileLock(f"{self.path}.lock", mode=_PRIVATE, timeout=_LONGEST_WAIT)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise ConfigurationError(
                f"{self.path} cannot be written: another process keeps {lock.lock_file} locked"
            ) from None
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be written: {error.strerror}") from None
        try:
            kept = change(self.read())
            self._replace(msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")
        finally:
            lock.release()

    def _read_own(self) -> bytes:
        descriptor = os.open(self.path, os.O_RDONLY)
        with os.fdopen(descriptor, "rb") as file:
            if hasattr(os, "getuid"):  # elsewhere a mode says nothing about other users
                self._keep_private(descriptor)
            return file.read()

    def _keep_private(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        if status.st_uid != os.getuid():
            raise ConfigurationError(f"{self.path} belongs to another user: it is not used")
        if stat.S_IMODE(status.st_mode) & 0o077:
            try:
                os.fchmod(descriptor, _PRIVATE)
            except OSError as error:  # a read-only file system
                end = f"can be read by other users, and stays so: {error.strerror}"
            else:
                end = "could be read by other users; its mode is now 0600"
            warnings.warn(f"{self.path} {end}", stacklevel=2)

    def _replace(self, data: bytes) -> None:
        path = Path(os.path.realpath(self.path))  # a rename would put a plain file over a link
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        try:
            with os.fdopen(os.open(temporary, flags, _PRIVATE), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            _sync(path.parent)
        except OSError as error:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
            raise ConfigurationError(f"{self.path} cannot be written: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class Profile:
    """One entry of `profiles.json`, with the keys of the credentials file."""

    name: str
    file: CredentialsFile

    def __str__(self) -> str:
        return f"profile {self.name!r} of {self.path}"

    @classmethod
    def named(cls, name: str) -> Profile:
        """Return the entry of this name in the user's config folder."""
        folder = Path(platformdirs.user_config_dir("leadgenius"))
        return cls(name, CredentialsFile(folder / "profiles.json"))

    @property
    def path(self) -> Path:
        """The file that the entry stands in."""
        return self.file.path

    def read(self) -> dict[str, object]:
        """Return what the entry holds; nothing if there is none.

        Raises:
            ConfigurationError: The file cannot be read, or the entry is no object.
        """
        return self._among(self.file.read())

    def update(self, changes: Mapping[str, object]) -> None:
        """Write some keys and keep the others, and all other entries; None removes a key."""
        try:
            make_private_folder(self.path.parent)
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be written: {error.strerror}") from None
        self.file.rewrite(lambda old: {**old, self.name: _merged(self._among(old), changes)})

    def entries(self) -> dict[str, dict[str, object]]:
        """Return all entries by their names."""
        return self._entries(self.file.read())

    def _among(self, stored: dict[str, object]) -> dict[str, object]:
        return self._entries(stored).get(self.name, {})

    def _entries(self, stored: dict[str, object]) -> dict[str, dict[str, object]]:
        try:
            return msgspec.convert(stored, dict[str, dict[str, object]])
        except msgspec.ValidationError as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error}") from None


Saved = CredentialsFile | Profile


def _sync(folder: Path) -> None:
    """Make a rename in a folder outlive a power loss, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _merged(old: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**old, **changes}.items() if value is not None}
