"""What the processing of leads goes by: services and agents, one document a company for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar, Unpack

from leadgenius_async import errors
from leadgenius_async._fields import SETTINGS
from leadgenius_async._http import decode, record
from leadgenius_async._http.record import Record
from leadgenius_async._http.transport import Transport
from leadgenius_async._resources import checks
from leadgenius_async._resources.account import Account
from leadgenius_async._resources.section import Section, present
from leadgenius_async._secret import Secret
from leadgenius_async._settings_structs import (
    AgentFields,
    AgentSettings,
    SdrFields,
    SdrSettings,
    UrlFields,
    UrlSettings,
)

S = TypeVar("S", bound=Record)

_KEYS = ("settings", "data")


class _Setting(Section, Generic[S]):
    """The calls that the three settings share.

    Args:
        transport: The way to the wire.
        account: Knows the account's company and clients.
        name: Last part of the path.
        type_: What an answer holds.
    """

    def __init__(self, transport: Transport, account: Account, name: str, type_: type[S]) -> None:
        super().__init__(transport, account)
        self._path = f"/settings/{name}"
        self._type = type_
        self._names = SETTINGS[name]

    async def _get(self) -> S | None:
        try:
            call, reply = await self._send("GET", self._path)
        except errors.NotFound as error:
            if error.from_gateway:
                raise  # a wrong base URL says nothing of the settings
            return None
        if bytes(decode.find(reply, _KEYS, call=call)) == b"null":
            return None
        return record.payload(reply, self._type, _KEYS, call=call)

    async def _create(self, fields: Mapping[str, object]) -> S:
        payload = present(**self._checked(fields))
        return await self._ask("POST", self._path, self._type, _KEYS, payload=payload)

    async def _update(self, fields: Mapping[str, object]) -> S:
        payload = self._checked(fields)
        return await self._ask("PUT", self._path, self._type, _KEYS, payload=payload)

    async def _upsert(self, fields: Mapping[str, object]) -> S:
        self._checked(fields)
        there = await self._get() is not None
        try:
            return await (self._update(fields) if there else self._create(fields))
        except (errors.Conflict, errors.NotFound):
            # Somebody else has made or removed them between the two requests.
            return await (self._create(fields) if there else self._update(fields))

    def _checked(self, fields: Mapping[str, object]) -> dict[str, object]:
        return {name: self._check(name, value) for name, value in checks.changes(fields).items()}

    def _check(self, name: str, value: object) -> object:
        checks.choice("the name of a setting", name, self._names)
        if value is None:
            return None
        plain = value.reveal() if isinstance(value, Secret) else value
        if not isinstance(plain, str):
            raise TypeError(f"{name} is of type {type(value).__name__}: give a text, or None")
        return checks.text(name, plain)


class UrlSetting(_Setting[UrlSettings]):
    """Calls of `/api/settings/url`: which enrichment services run, and their API keys.

    Takes a login; an API key is refused (documented).
    """

    def __init__(self, transport: Transport, account: Account) -> None:
        super().__init__(transport, account, "url", UrlSettings)

    async def get(self) -> UrlSettings | None:
        """Return the settings, or None where there are none.

        ```python
        settings = await lg.settings.url.get()
        ```
        """
        return await self._get()

    async def create(self, **fields: Unpack[UrlFields]) -> UrlSettings:
        """Make the settings.

        Args:
            companyUrl: The service that looks the company's address up.
            emailFinder: The service that looks the e-mail address up.
            enrichment1: The first of ten services of your own.
            companyUrl_Apikey: Its API key; each service has one, under its name and `_Apikey`.

        Raises:
            ValueError: No field, an unknown or an empty one.
            Conflict: There are some already (assumed).

        ```python
        key = "made-up"
        settings = await lg.settings.url.create(emailFinder="finder", emailFinder_Apikey=key)
        ```
        """
        return await self._create(fields)

    async def update(self, **fields: Unpack[UrlFields]) -> UrlSettings:
        """Change the settings; None clears a field, and those that are not named stay.

        Args:
            companyUrl: As for `create`, and so are the others.

        Raises:
            ValueError: No field, an unknown or an empty one.
            NotFound: There are none (assumed).

        ```python
        await lg.settings.url.create(emailFinder="finder")
        settings = await lg.settings.url.update(enrichment1="https://one.example", emailFinder=None)
        ```
        """
        return await self._update(fields)

    async def upsert(self, **fields: Unpack[UrlFields]) -> UrlSettings:
        """Change the settings, or make them where there are none.

        Args:
            companyUrl: As for `create`, and so are the others; None clears a field.

        Raises:
            ValueError: No field, an unknown or an empty one.

        ```python
        settings = await lg.settings.url.upsert(companyUrl="https://urls.example")
        ```
        """
        return await self._upsert(fields)


class AgentSetting(_Setting[AgentSettings]):
    """Calls of `/api/settings/agent`: the agents of the copyright processes.

    Takes a login; an API key is refused (documented).
    """

    def __init__(self, transport: Transport, account: Account) -> None:
        super().__init__(transport, account, "agent", AgentSettings)

    async def get(self) -> AgentSettings | None:
        """Return the settings, or None where there are none.

        ```python
        settings = await lg.settings.agent.get()
        ```
        """
        return await self._get()

    async def create(self, **fields: Unpack[AgentFields]) -> AgentSettings:
        """Make the settings.

        Args:
            projectId: The project that the agents belong to.
            enrichment1AgentId: The agent of the first process; there are ten.

        Raises:
            ValueError: No field, an unknown or an empty one.
            Conflict: There are some already (assumed).

        ```python
        settings = await lg.settings.agent.create(projectId="p-1", enrichment1AgentId="agent-1")
        ```
        """
        return await self._create(fields)

    async def update(self, **fields: Unpack[AgentFields]) -> AgentSettings:
        """Change the settings; None clears a field, and those that are not named stay.

        Args:
            projectId: As for `create`, and so are the others.

        Raises:
            ValueError: No field, an unknown or an empty one.
            NotFound: There are none (assumed).

        ```python
        await lg.settings.agent.create(projectId="p-1")
        settings = await lg.settings.agent.update(enrichment2AgentId="agent-2", projectId=None)
        ```
        """
        return await self._update(fields)

    async def upsert(self, **fields: Unpack[AgentFields]) -> AgentSettings:
        """Change the settings, or make them where there are none.

        Args:
            projectId: As for `create`, and so are the others; None clears a field.

        Raises:
            ValueError: No field, an unknown or an empty one.

        ```python
        settings = await lg.settings.agent.upsert(enrichment10AgentId="agent-10")
        ```
        """
        return await self._upsert(fields)


class SdrSetting(_Setting[SdrSettings]):
    """Calls of `/api/settings/sdr-ai`: the agents of the messages and AI fields.

    Takes a login; an API key is refused (documented).
    """

    def __init__(self, transport: Transport, account: Account) -> None:
        super().__init__(transport, account, "sdr-ai", SdrSettings)

    async def get(self) -> SdrSettings | None:
        """Return the settings, or None where there are none.

        ```python
        settings = await lg.settings.sdr_ai.get()
        ```
        """
        return await self._get()

    async def create(self, **fields: Unpack[SdrFields]) -> SdrSettings:
        """Make the settings.

        Args:
            projectId: The project that the agents belong to.
            message1AgentId: The agent that writes the first of ten messages.
            aiLeadScoreAgentId: The agent that writes this AI field; sixteen have one.

        Raises:
            ValueError: No field, an unknown or an empty one.
            Conflict: There are some already (assumed).

        ```python
        settings = await lg.settings.sdr_ai.create(projectId="p-1", message1AgentId="agent-1")
        ```
        """
        return await self._create(fields)

    async def update(self, **fields: Unpack[SdrFields]) -> SdrSettings:
        """Change the settings; None clears a field, and those that are not named stay.

        Args:
            projectId: As for `create`, and so are the others.

        Raises:
            ValueError: No field, an unknown or an empty one.
            NotFound: There are none (assumed).

        ```python
        await lg.settings.sdr_ai.create(projectId="p-1")
        settings = await lg.settings.sdr_ai.update(aiInterestAgentId="agent-2", projectId=None)
        ```
        """
        return await self._update(fields)

    async def upsert(self, **fields: Unpack[SdrFields]) -> SdrSettings:
        """Change the settings, or make them where there are none.

        Args:
            projectId: As for `create`, and so are the others; None clears a field.

        Raises:
            ValueError: No field, an unknown or an empty one.

        ```python
        settings = await lg.settings.sdr_ai.upsert(aiLeadScoreAgentId="agent-3")
        ```
        """
        return await self._upsert(fields)


class SettingsCalls:
    """The three settings.

    Args:
        transport: The way to the wire.
        account: Knows the account's company and clients.

    Attributes:
        url: Enrichment services and their API keys; `processing.enrich` goes by them.
        agent: Agents of the copyright processes; `processing.copyright` goes by them.
        sdr_ai: Agents of the messages and AI fields; `processing.sdr` goes by them.
    """

    def __init__(self, transport: Transport, account: Account) -> None:
        self.url: UrlSetting = UrlSetting(transport, account)
        self.agent: AgentSetting = AgentSetting(transport, account)
        self.sdr_ai: SdrSetting = SdrSetting(transport, account)
