"""`LeadGenius`: settings in, one transport, one attribute per API section."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import aiohttp
import msgspec

from leadgenius_async import _settings
from leadgenius_async._credentials_file import Saved
from leadgenius_async._http import auth as http_auth
from leadgenius_async._http.call import Kind, Reply, make_call
from leadgenius_async._http.limiter import Gate, Rate, Shared, file_name
from leadgenius_async._http.shared_login import SharedLogin
from leadgenius_async._http.transport import DEADLINE, TIMEOUT, Transport
from leadgenius_async._resources import checks
from leadgenius_async._resources.account import Account
from leadgenius_async._resources.admin import Admin
from leadgenius_async._resources.analytics import Analytics
from leadgenius_async._resources.api_keys import ApiKeys
from leadgenius_async._resources.auth import Auth
from leadgenius_async._resources.bulk import EnrichLeads, SourceLeads
from leadgenius_async._resources.campaigns import Campaigns
from leadgenius_async._resources.clients import Clients
from leadgenius_async._resources.company import CompanyCalls
from leadgenius_async._resources.email import Email
from leadgenius_async._resources.enrichment import Enrichment
from leadgenius_async._resources.integrations import Integrations
from leadgenius_async._resources.leads import Leads
from leadgenius_async._resources.maintenance import Maintenance
from leadgenius_async._resources.processing import ProcessingCalls
from leadgenius_async._resources.search_history import SearchHistory
from leadgenius_async._resources.settings import SettingsCalls
from leadgenius_async._resources.tasks import Tasks
from leadgenius_async._resources.territory import Territory
from leadgenius_async._resources.webhooks import Webhooks
from leadgenius_async._secret import Secret
from leadgenius_async._settings import Settings
from leadgenius_async.errors import ConfigurationError, CredentialsMissing


class LeadGenius:
    """The LeadGenius Pro API of one account.

    Settings that are not given come from the environment (`LEADGENIUS_API_KEY`, …), then from a
    profile, then from `~/.leadgenius_auth.json`.

    ```python
    async with LeadGenius() as lg:
        report = await lg.enrich_leads.export("leads/", fields=["id", "email"])
    ```

    Args:
        base_url: Origin of the service, with or without `/api`.
        api_key: API key; it needs its user id.
        user_id: The user that the key belongs to.
        access_token: A login's access token.
        refresh_token: A login's refresh token; it is enough, the access token is then asked for.
        username: For a login by name, when one is needed.
        password: The same.
        cookies: A browser session's `accessToken` and `idToken`.
        profile: Name of an entry in `profiles.json`.
        isolated: Use the credentials that are given here, or those of the profile named here, and
            no others: neither the environment's nor a saved login's. For work with several
            accounts, where each must stay with its own.
        rate: `standard` (100 requests a minute), `premium` (1,000) or `off`; or a number, the
            most requests a minute to use. The service's `X-RateLimit-Limit` outranks it: it
            corrects a tier either way, and lowers a number. If not given, the header is followed
            from `standard` on. Several windows: `"100/min,1000/hour,10000/day"`.
        proxy: URL of a proxy for all requests, `http://user:password@host:port`. The `HTTP_PROXY`
            of the environment and `.netrc` are not used: either could see the credentials.
        share_rate: Whether all processes of this host that use the account are paced together.
        timeout: Seconds for one try.
        deadline: Seconds for a whole call: queueing for the rate limit, tries and waits.
        trace_configs: aiohttp's trace hooks.

    Raises:
        ConfigurationError: A setting is unusable.
        ValueError: `timeout` or `deadline` is not above 0.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        api_key: str | Secret | None = None,
        user_id: str | None = None,
        access_token: str | Secret | None = None,
        refresh_token: str | Secret | None = None,
        username: str | None = None,
        password: str | Secret | None = None,
        cookies: Mapping[str, str] | None = None,
        profile: str | None = None,
        isolated: bool = False,
        rate: Rate | str | None = None,
        proxy: str | Secret | None = None,
        share_rate: bool | None = None,
        timeout: float = TIMEOUT,
        deadline: float = DEADLINE,
        trace_configs: Sequence[aiohttp.TraceConfig] = (),
    ) -> None:
        checks.seconds("timeout", timeout)
        checks.seconds("deadline", deadline)
        # From here on a traceback with locals does not show them.
        api_key, access_token, refresh_token = map(_hidden, (api_key, access_token, refresh_token))
        password, proxy = map(_hidden, (password, proxy))
        settings = _settings.load(
            profile=profile,
            isolated=isolated,
            base_url=base_url,
            api_key=api_key,
            user_id=user_id,
            access_token=access_token,
            refresh_token=refresh_token,
            username=username,
            password=password,
            rate=rate,
            proxy=proxy,
            share_rate=share_rate,
        )
        session = _session(settings)
        self._transport = Transport(
            settings.base_url,
            _credentials(settings, session, cookies),
            _gate(settings, cookies),
            timeout=timeout,
            deadline=deadline,
            proxy=settings.proxy,
            trace_configs=list(trace_configs),
        )
        session.bind(self._transport.request)
        account = Account(self._transport)
        self.auth: Auth = Auth(self._transport, session, account)
        shared = (self._transport, account)
        self.admin: Admin = Admin(*shared)
        self.analytics: Analytics = Analytics(*shared)
        self.api_keys: ApiKeys = ApiKeys(*shared)
        self.campaigns: Campaigns = Campaigns(*shared)
        self.clients: Clients = Clients(*shared)
        self.company: CompanyCalls = CompanyCalls(*shared)
        self.email: Email = Email(*shared)
        self.enrich_leads: EnrichLeads = EnrichLeads(*shared)
        self.enrichment: Enrichment = Enrichment(*shared)
        self.integrations: Integrations = Integrations(*shared)
        self.leads: Leads = Leads(*shared)
        self.maintenance: Maintenance = Maintenance(*shared)
        self.processing: ProcessingCalls = ProcessingCalls(*shared)
        self.settings: SettingsCalls = SettingsCalls(*shared)
        self.search_history: SearchHistory = SearchHistory(*shared)
        self.source_leads: SourceLeads = SourceLeads(*shared)
        self.tasks: Tasks = Tasks(*shared)
        self.territory: Territory = Territory(*shared)
        self.webhooks: Webhooks = Webhooks(*shared)

    @property
    def base_url(self) -> str:
        """Origin of the service, without `/api`."""
        return self._transport.base_url

    @property
    def rate_limit(self) -> float | None:
        """Requests a minute that are kept to, by the service's word once it gave it; None: any."""
        return self._transport.gate.limit

    @property
    def credentials(self) -> list[str]:
        """Which kinds of credentials are at hand: `API key`, `login`, `cookies`."""
        return [str(kind) for kind in self._transport.credentials]

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: object = None,
        deadline: float | None = None,
    ) -> Reply:
        """Send any call; what the sections do not cover goes this way.

        Args:
            method: HTTP method.
            path: Path with or without `/api`; it may bring a query of its own.
            query: More query parameters.
            json: What is sent as the JSON body; `msgspec.Raw` is sent as it is.
            deadline: Seconds for everything; the client's own if not given.

        Returns:
            Status, headers (by name, in whatever capitals), and the body's bytes.

        Raises:
            ValueError: The path is a whole URL.
            LeadGeniusError: See `errors`.
        """
        body = None if json is None else msgspec.json.encode(json)
        call = make_call(method, path, query=query, body=body)
        return await self._transport.request(call, deadline=deadline)

    async def aclose(self) -> None:
        """Close all connections, for good; `async with` does it at its end."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        # A traceback with locals may print one whose construction failed.
        transport: Transport | None = vars(self).get("_transport")
        return f"LeadGenius(base_url={transport.base_url!r})" if transport else "LeadGenius(…)"


def transport_of(lg: LeadGenius) -> Transport:
    """Return a client's way to the wire, for integrations that follow what goes there."""
    return lg._transport  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - it is no user's


def _gate(settings: Settings, cookies: Mapping[str, str] | None) -> Gate:
    account = account_of(settings, cookies)
    if settings.rate == "off" or not settings.share_rate or account is None:
        return Gate(settings.rate)
    return Gate(settings.rate, Shared(file_name(settings.base_url, account)))


def account_of(settings: Settings, cookies: Mapping[str, str] | None = None) -> Secret | None:
    """Return what tells this account from others: its key, or whose login it is."""
    if settings.api_key and settings.user_id:
        return settings.api_key
    if settings.access_token:
        user = http_auth.read_claims(settings.access_token).sub
        return Secret(user) if user else settings.access_token
    if settings.username:
        return Secret(settings.username)
    if cookies and cookies.get("accessToken"):
        return Secret(cookies["accessToken"])
    return settings.refresh_token


def _hidden(value: str | Secret | None) -> Secret | None:
    if value is None or isinstance(value, Secret):
        return value
    try:
        return Secret(value)
    except ValueError as error:
        problem = str(error)
    del value
    raise ConfigurationError(problem)


def _session(settings: Settings) -> http_auth.Session:
    tokens = None
    if settings.access_token:
        tokens = http_auth.Tokens(
            settings.access_token, id_token=settings.id_token, refresh=settings.refresh_token
        )
    saved = settings.saved
    return http_auth.Session(
        tokens,
        refresh=settings.refresh_token,
        username=settings.username,
        password=settings.password,
        shared=None if saved is None else _shared(saved),
    )


def _shared(saved: Saved) -> SharedLogin:
    lock = saved.path.with_name(f"{saved.path.name}.refresh.lock")
    login = _SavedLogin(saved)
    return SharedLogin(lock, login.read, login.write)


class _SavedLogin:
    """The tokens of a saved login; where new ones cannot be saved, those there are dead from then.

    A home may be read-only, as in a container: what runs goes on with the tokens in memory.
    """

    def __init__(self, saved: Saved) -> None:
        self._saved = saved
        self._unsaved: http_auth.Tokens | None = None

    def read(self) -> http_auth.Tokens | None:
        return self._unsaved or _saved_tokens(self._saved)

    def write(self, fresh: http_auth.Tokens) -> None:
        try:
            save_tokens(self._saved, fresh)
        except ConfigurationError as error:
            was_saved, self._unsaved = self._unsaved is None, fresh
            if was_saved:
                warnings.warn(
                    f"the login was renewed and cannot be saved ({error}): this process goes on "
                    "with it, others may have to log in again",
                    stacklevel=2,
                )
        else:
            self._unsaved = None


def _saved_tokens(saved: Saved) -> http_auth.Tokens | None:
    stored = saved.read()
    access, identity, refresh = (
        Secret(text) if isinstance(text := stored.get(name), str) and text else None
        for name in ("token", "id_token", "refresh_token")
    )
    if access is None:
        return None
    return http_auth.Tokens(access, id_token=identity, refresh=refresh)


def _credentials(
    settings: Settings, session: http_auth.Session, cookies: Mapping[str, str] | None
) -> dict[Kind, http_auth.Credential]:
    held: dict[Kind, http_auth.Credential] = {}
    by_token = settings.access_token or settings.refresh_token
    if by_token or (settings.username and settings.password):
        held[Kind.JWT] = session
    try:
        if cookies:
            held[Kind.COOKIES] = _cookies(cookies)
        if settings.api_key and settings.user_id:
            held[Kind.API_KEY] = http_auth.api_key(settings.api_key, settings.user_id)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    if settings.api_key and not held:
        raise CredentialsMissing("an API key needs its user id: set LEADGENIUS_USER_ID or user_id")
    return held


def _cookies(cookies: Mapping[str, str]) -> http_auth.Credential:
    access, identity = cookies.get("accessToken"), cookies.get("idToken")
    if not access:
        raise ValueError("cookies has no accessToken: give that cookie, and idToken beside it")
    return http_auth.cookies(Secret(access), Secret(identity) if identity else None)


def save_tokens(saved: Saved, tokens: http_auth.Tokens, **also: str) -> None:
    """Write a login's tokens to where it is saved, under the names that its readers share."""
    changes: dict[str, str | None] = {
        **also,
        "token": tokens.access.reveal(),
        "id_token": tokens.id_token.reveal() if tokens.id_token else None,
        "refresh_token": tokens.refresh.reveal() if tokens.refresh else None,
    }
    if not saved.read().get("api_key"):
        changes["user_id"] = tokens.claims.sub  # else it is the key's, which it must stay with
    saved.update(changes)
