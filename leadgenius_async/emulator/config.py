"""What a user can set about the emulator, checked when it is set."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from leadgenius_async.emulator.choices import (
    PLANS,
    BatchCreate,
    DuplicateBatch,
    DuplicateCreate,
    ExistingCompany,
    ExpiresIn,
    FaultCalls,
    ForeignCompany,
    LateAnswer,
    Login,
    PoisonBatch,
    PoisonStatus,
    Refreshed,
    Refusal,
    UnknownIds,
)
from leadgenius_async.emulator.config_checks import check
from leadgenius_async.emulator.limits import DAY, HOUR, WINDOW, RateHeaders, RateModel


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorConfig:
    """The emulator's options.

    The switches from `bulk_accepts_jwt` on stand for facts that the platform does not
    document; their defaults are the stricter guess.

    Attributes:
        leads: EnrichLeads of the first company, rows. The second company has a hundredth.
        source_leads: SourceLeads of the first company, rows.
        clients: Clients of the first company; the first one holds 60 % of the rows.
        seed: The same seed gives the same rows and the same habits, byte for byte.
        rate: `"standard"` (100 requests per minute), `"premium"` (1,000), a positive number
            of requests per minute, or `"off"`.
        rate_hour: Requests per hour besides; None: any number.
        rate_day: Requests per day besides; None: any number.
        rate_model: How requests are counted: those of the last 60 seconds (`"sliding_log"`, the
            strictest), of each minute by the clock (`"fixed"`), of a minute that begins with the
            first request after the last one (`"first_request"`), of each minute with a fading
            share of the one before (`"weighted"`), or by tokens that come back one by one
            (`"bucket"`).
        bucket_size: Tokens that the bucket of `rate` holds, and so requests at once; None: as
            many as `rate` has.
        rate_headers: How the rate headers name the end of the window: in epoch seconds
            (`"epoch"`) or milliseconds (`"epoch_ms"`), in seconds from now (`"delta"`), the same
            under the lower-case names of the IETF's drafts (`"draft"`), or not at all, without
            Retry-After too (`"none"`).
        habits: Short and empty pages, the 6 MiB cap, invisible leads and odd rows.
        db: File that keeps the data; it is reused if it was made with the same options.
            None: a temporary file, removed at the end.
        host: Address to listen on; one that other machines reach needs `expose`.
        port: Port to listen on; 0 takes any free one.
        expose: Listen on an address that other machines reach, and answer whatever host they name.
        latency: Seconds from the arrival of a request for a bulk page to its answer, at least;
            the page is built meanwhile.
        repeat_share: Share of the bulk pages whose last row comes again as the first row of the
            page that follows, 0 to 1; the seed says which. A page of one row repeats nothing.
        slow_above: A bulk page of more rows than this answers 504, as one that takes the gateway
            too long; None: none does.
        loop_pages: After so many bulk pages with rows, `nextToken` leads back to the listing's
            start, with the same tokens each time round; they never expire. None: it never does.
        endless_empty: From the second page on, every bulk page is empty and has a new `nextToken`.
        login_attempts: Logins that one address may try in 15 minutes.
        login: What a right password leads to: tokens (`"ok"`), 401 as for a user who is not
            confirmed yet (`"unconfirmed"`) or who has a second factor (`"mfa"`; its status is
            assumed), or 500 whatever the password (`"failing"`).
        refresh: What a right refresh token leads to: tokens (`"ok"`), 200 without an
            `accessToken` (`"no_token"`) or with the one of the last time (`"same_token"`), 500
            (`"failing"`), or 401 (`"refused"`).
        access_token_life: Seconds until an access token expires, rounded down; of 0 or less it
            has expired when it is given out.
        expires_in: What `expiresIn` says: the life (`"life"`), nothing (`"absent"`), or this
            number of seconds, right or wrong.
        refresh_token_life: Seconds until a refresh token expires.
        page_token_life: Seconds until a `nextToken` expires.
        rotate_refresh_tokens: A refresh answers with a new refresh token and voids the old.
        bulk_accepts_jwt: The bulk lists take a JWT besides the API key.
        foreign_company: A bulk list of a company that is not the caller's answers 403
            (`"forbidden"`) or 200 without rows (`"empty"`).
        keys_everywhere: Calls that are documented for a login only, or for nothing in
            particular, take an API key too.
        batch_create: How much of a batch that is answered 201 is stored: `"all"`, every second
            lead (`"part"`), each lead by `batch_share` (`"share"`), the first `batch_first`
            (`"first"`), or nothing (`"none"`, as users saw it in production).
        batch_create_times: Batches that `batch_create` holds for; those that follow are stored
            whole. None: it holds for all.
        batch_share: Share of a batch's leads that `"share"` stores, 0 to 1; the seed says which.
        batch_first: Leads of a batch that `"first"` stores.
        batch_limit: Leads that a batch may have; more are a 400.
        request_cap: Bytes that a request's body may have; more are a 413 of the gateway.
        poison: A text, such as `"@poison.example"`: a lead with it in a field cannot be created,
            alone or in a batch. Empty: none is poison but by `habits`.
        poison_status: What a lead with `poison` is answered, 500 or 400.
        poison_batch: What a batch with one lead that the service cannot store leaves behind:
            `"none"`, or the leads before it (`"part"`).
        duplicate_create: A single create of a client's known e-mail answers 409
            (`"conflict"`) or makes a second lead (`"create"`).
        duplicate_batch: A client's known e-mail in a batch is left out and named in `skipped`
            (`"skip"`), or makes a second lead (`"create"`).
        duplicates_by_case: E-mails that differ in case alone are no duplicates.
        find_by_case: Find takes an e-mail by its case.
        strip_fields: Names of fields, by comma, that a create leaves out without a word.
        read_lag: Seconds until lists, find, search and get show what a call has created, changed
            or deleted; till then they show what was there before. A purge shows at once.
        find_lag: The same for find alone; None: as `read_lag` says.
        lost_before: Share of the writes of leads, 0 to 1 by the seed, whose connection is closed
            without an answer, and that are not applied. A write is a create, update or delete.
        lost_after: Share of the writes that are applied, and then closed without an answer.
        applied_late: Share of the writes that are applied only after a time by the emulator's
            clock; the answer is `late_answer`, at once.
        late_seconds: Seconds after which they are applied.
        late_least: With it each is applied after a time from this to `late_seconds`, by the
            seed; None: always after `late_seconds`.
        late_answer: A closed connection (`"lost"`), or 504 with the gateway's page (`"timeout"`).
        refused_writes: Share of the writes that are answered `refusal` and not applied.
        refusal: 429, or 401 as for a token that has expired.
        apply_refused: A write that is answered 429, or 401 for a token that has expired, is
            applied all the same.
        applied_twice: Share of the creates, single or batch, that are stored two times.
        fault_at: Only this write, counted from 1, meets one of the shares above; None: each may.
        fault_calls: The writes that meet them, and that `fault_at` counts: `"all"`, or `"create"`,
            `"update"` or `"delete"` (of one lead), or these with `_batch`, of a batch.
        unknown_ids: An update or delete of an unknown lead answers 404 (`"not_found"`) or
            200 (`"ignored"`).
        move_leads: An update may change a lead's `client_id`; else it keeps its own.
        list_by_record_id: `GET /api/leads` lists invisible leads by the wrong id that they have.
        list_webhook_urls: The list of webhooks shows their URLs, with the secret in each.
        purge_limit: Leads that a purge deletes before the gateway answers 504. Needs `habits`.
        existing_company: A create of a company by a user who has one, as all of the sample
            have, answers 409 (`"conflict"`) or changes that one (`"update"`).
        run_failures: Share of the background runs that end as FAILED, 0 to 1; the seed says which.
        settings_strict: A create of settings that are there answers 409, and an update of
            settings that are not 404; else both do what the other would.
        run_seconds: Seconds that a background run or a scrape takes from its start to its end.

    Raises:
        ValueError: An option has a value outside its range; the message names both.
    """

    leads: int = 10_000
    source_leads: int = 2_000
    clients: int = 40
    seed: int = 0
    rate: str | int = "standard"
    habits: bool = True
    db: str | os.PathLike[str] | None = None
    host: str = "127.0.0.1"
    port: int = 0
    expose: bool = False
    latency: float = 0.0
    rate_hour: int | None = None
    rate_day: int | None = None
    rate_model: RateModel = "sliding_log"
    bucket_size: int | None = None
    rate_headers: RateHeaders = "epoch"
    repeat_share: float = 0.0
    slow_above: int | None = None
    loop_pages: int | None = None
    endless_empty: bool = False
    login_attempts: int = 5
    login: Login = "ok"
    refresh: Refreshed = "ok"
    access_token_life: float = 3_600.0
    expires_in: ExpiresIn | int = "life"
    refresh_token_life: float = 30 * 86_400.0
    page_token_life: float = 86_400.0
    rotate_refresh_tokens: bool = False
    bulk_accepts_jwt: bool = False
    foreign_company: ForeignCompany = "forbidden"
    keys_everywhere: bool = True
    batch_create: BatchCreate = "all"
    batch_create_times: int | None = None
    batch_share: float = 0.5
    batch_first: int = 1
    batch_limit: int = 100
    request_cap: int = 1024 * 1024
    poison: str = ""
    poison_status: PoisonStatus = 500
    poison_batch: PoisonBatch = "none"
    duplicate_create: DuplicateCreate = "conflict"
    duplicate_batch: DuplicateBatch = "skip"
    duplicates_by_case: bool = False
    find_by_case: bool = False
    strip_fields: str = ""
    read_lag: float = 0.0
    find_lag: float | None = None
    lost_before: float = 0.0
    lost_after: float = 0.0
    applied_late: float = 0.0
    late_seconds: float = 29.0
    late_least: float | None = None
    late_answer: LateAnswer = "lost"
    refused_writes: float = 0.0
    refusal: Refusal = 429
    apply_refused: bool = False
    applied_twice: float = 0.0
    fault_at: int | None = None
    fault_calls: FaultCalls = "all"
    unknown_ids: UnknownIds = "not_found"
    move_leads: bool = True
    list_by_record_id: bool = True
    list_webhook_urls: bool = False
    purge_limit: int = 1_000
    existing_company: ExistingCompany = "conflict"
    run_seconds: float = 2.0
    run_failures: float = 0.0
    settings_strict: bool = True

    def __post_init__(self) -> None:
        """Refuse values that could only fail later."""
        check(self)

    @property
    def per_minute(self) -> int | None:
        """Requests per minute that one account may send, None for no limit."""
        if self.rate == "off":
            return None
        return self.rate if isinstance(self.rate, int) else PLANS[self.rate]

    @property
    def limits(self) -> list[tuple[int, float]]:
        """Requests and seconds of each window that one account must keep to."""
        windows = [
            (self.per_minute, WINDOW),
            (self.rate_hour, HOUR),
            (self.rate_day, DAY),
        ]
        return [(limit, seconds) for limit, seconds in windows if limit is not None]


#: The options' names.
OPTIONS = tuple(EmulatorConfig.__dataclass_fields__)


def configured(config: EmulatorConfig, options: Mapping[str, object]) -> EmulatorConfig:
    """Return a configuration with some options changed.

    Raises:
        TypeError: There is no such option; the message names all.
        ValueError: An option has a value outside its range.
    """
    for name in options:
        if name not in OPTIONS:
            raise TypeError(f"there is no option {name}: give one of {', '.join(OPTIONS)}")
    return replace(config, **options)  # type: ignore[arg-type]  # checked by EmulatorConfig itself
