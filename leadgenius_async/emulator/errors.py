"""Errors as the service words them: JSON from the application, HTML from the gateway.

ApiError                an answer of the application, with `errorType`
  LoginError            login and refresh: `solution`, no `errorType`
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import web

from leadgenius_async.emulator.structs import ErrorBody, LoginErrorBody

#: How the decoder says that a member is absent, or empty where it must not be.
_MISSING = re.compile(
    r"missing required field `(?P<name>[^`]+)`|`str` of length >= 1 - at `\$\.(?P<empty>\w+)`"
)


class ApiError(Exception):
    """An answer of the application that is an error.

    Args:
        status: HTTP status.
        error_type: The service's own word for it.
        error: What happened, one sentence.
        details: The value or the call that caused it.
        recommendation: What to do about it.
        headers: Headers that go with the answer.
    """

    def __init__(
        self,
        status: int,
        error_type: str,
        error: str,
        *,
        details: str = "",
        recommendation: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {error_type}: {error}")
        self.status = status
        self.error_type = error_type
        self.error = error
        self.details = details
        self.recommendation = recommendation
        self.headers: dict[str, str] = dict(headers or {})

    def body(self, request_id: str) -> bytes:
        """The JSON body, named by the request it answers."""
        return msgspec.json.encode(
            ErrorBody(
                success=False,
                error=self.error,
                errorType=self.error_type,
                details=self.details,
                recommendation=self.recommendation,
                requestId=request_id,
            )
        )


class LoginError(ApiError):
    """A login or a refresh that failed.

    Args:
        status: HTTP status.
        error: What happened, one sentence.
        solution: What to do about it.
        retry_after: Milliseconds to wait, where waiting helps.
    """

    def __init__(
        self, status: int, error: str, solution: str, *, retry_after: int | None = None
    ) -> None:
        super().__init__(status, "", error)
        self.solution = solution
        self.retry_after = retry_after

    def body(self, request_id: str) -> bytes:
        """The JSON body in the shape that only login and refresh have."""
        return msgspec.json.encode(
            LoginErrorBody(
                success=False,
                error=self.error,
                solution=self.solution,
                requestId=request_id,
                retryAfter=self.retry_after,
            )
        )


def missing_field(name: str) -> ApiError:
    """400: a required parameter or body field is absent or empty."""
    return ApiError(
        400,
        "missing_required_field",
        f"{name} is required",
        details=f"{name} is missing or empty",
        recommendation=f"Send {name}.",
    )


def invalid_value(name: str, value: str, allowed: str) -> ApiError:
    """400: a value is outside of what the call allows."""
    return ApiError(
        400,
        "invalid_value",
        f"{name} is not valid",
        details=f"{name}={value[:80]!r}",
        recommendation=f"Give {allowed}.",
    )


def invalid_format(what: str, details: str, recommendation: str) -> ApiError:
    """400: a value cannot be read at all."""
    return ApiError(
        400,
        "invalid_format",
        f"{what} has an invalid format",
        details=details,
        recommendation=recommendation,
    )


def invalid_shape(problem: str) -> ApiError:
    """400: a query or a body that its declaration refuses, by the words of the decoder."""
    if missing := _MISSING.search(problem):
        return missing_field(missing["name"] or missing["empty"])
    error_type = "invalid_value" if "$" in problem else "invalid_format"
    return ApiError(
        400,
        error_type,
        "The request is not valid",
        details=problem,
        recommendation="Send what the API documents.",
    )


def unauthorized(error_type: str, error: str, recommendation: str) -> ApiError:
    """401: nobody that this call knows is asking."""
    return ApiError(
        401, error_type, error, details="Authentication failed", recommendation=recommendation
    )


def token_expired() -> ApiError:
    """401: the token was good once."""
    return unauthorized("token_expired", "The token has expired", "Refresh the token.")


def rate_exceeded(*, allowed: str = "", retry_after: int | None = None) -> ApiError:
    """429: the account asks too often; the rate headers are added to it where there is a limit."""
    return ApiError(
        429,
        "rate_limit_exceeded",
        "Too many requests",
        details=allowed,
        recommendation="Wait as many seconds as Retry-After says.",
        headers={} if retry_after is None else {"Retry-After": str(retry_after)},
    )


def owner_mismatch(company_id: str) -> ApiError:
    """403: the company is not the caller's."""
    return ApiError(
        403,
        "owner_mismatch",
        "You do not have access to this company",
        details=f"companyId={company_id[:80]!r}",
        recommendation="Use the companyId of the account that the credentials belong to.",
    )


def forbidden(who: str) -> ApiError:
    """403: the caller is known and may not do this."""
    return ApiError(
        403,
        "insufficient_permissions",
        f"Only {who} may do this",
        details="The caller's role is not enough",
        recommendation=f"Sign in as {who}.",
    )


def no_such(what: str, identifier: str) -> ApiError:
    """404: nothing of the caller's company has this identifier."""
    return ApiError(
        404,
        "not_found",
        f"{what} not found",
        details=f"id={identifier[:80]!r}",
        recommendation="Check the id; another company's is not found either.",
    )


def already_exists(what: str, details: str) -> ApiError:
    """409: it is there already."""
    return ApiError(
        409,
        "already_exists",
        f"{what} already exists",
        details=details,
        recommendation="Update it instead.",
    )


def not_found(path: str) -> ApiError:
    """404: the API has no such path."""
    return ApiError(
        404,
        "not_found",
        "Not found",
        details=f"No route for {path[:200]}",
        recommendation="Check the path.",
    )


def method_not_allowed(method: str, path: str, allowed: str) -> ApiError:
    """405: the path exists, the method does not."""
    return ApiError(
        405,
        "invalid_value",
        f"Method {method} is not allowed",
        details=f"{method} {path[:200]}",
        recommendation=f"Use {allowed}.",
        headers={"Allow": allowed},
    )


def gateway_page(status: int) -> web.Response:
    """The HTML page that the gateway answers with before or after the application."""
    title = f"{status} {HTTPStatus(status).phrase}"
    html = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n"
        f"<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    return web.Response(status=status, text=html, content_type="text/html")
