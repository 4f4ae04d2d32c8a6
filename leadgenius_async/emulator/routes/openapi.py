"""`GET /api/openapi.json`: the service described by the structs that read and answer its calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from leadgenius_async.emulator.errors import LoginError
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, Endpoint, Known, NoQuery, call
from leadgenius_async.emulator.structs import ErrorBody, LoginErrorBody

_SECURITY = {
    "login": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "accessToken"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "userId": {"type": "apiKey", "in": "header", "name": "x-user-id"},
}
_LOGIN: list[dict[str, list[str]]] = [{"login": []}, {"cookie": []}]
_API_KEY: list[dict[str, list[str]]] = [{"apiKey": [], "userId": []}]
_KNOWN: dict[Known, str] = {
    "documented": "The platform documents the call and the shape of its answer.",
    "observed": "The shape of the answer was seen in production.",
    "assumed": "The shape of the answer, or a part that matters, is a guess.",
}
#: Answered by the gateway, whose words are HTML.
_GATEWAY = {413, 504}


class Description(msgspec.Struct):
    """An OpenAPI document, as far as it is the same for every service."""

    openapi: str
    info: dict[str, str]
    tags: list[dict[str, str]]
    paths: dict[str, dict[str, Any]]
    components: dict[str, Any]


def describe(endpoints: Sequence[Endpoint]) -> Description:
    """The OpenAPI 3.1 document of these calls."""
    structs = {struct for endpoint in endpoints for struct in _structs(endpoint)}
    _, components = msgspec.json.schema_components(
        sorted(structs, key=lambda struct: struct.__name__),
        ref_template="#/components/schemas/{name}",
    )
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return Description(
        openapi="3.1.0",
        info={"title": "LeadGenius Pro API, as the emulator serves it", "version": "1.1"},
        tags=[{"name": name, "description": text} for name, text in _KNOWN.items()],
        paths=paths,
        components={"schemas": components, "securitySchemes": _SECURITY},
    )


def endpoint_of(endpoints: Sequence[Endpoint]) -> Endpoint:
    """The call that answers with the description of the others."""
    description = describe(endpoints)

    @call("GET", "/api/openapi.json", Credentials.NONE)
    async def answer(ask: Ask[NoQuery, None]) -> Description:
        """The service's description."""
        del ask
        return description

    return answer


def _structs(endpoint: Endpoint) -> Iterable[type]:
    error = _error_of(endpoint)
    return (*endpoint.bodies, *endpoint.answers, error)


def _error_of(endpoint: Endpoint) -> type:
    return LoginErrorBody if isinstance(endpoint.refuse(""), LoginError) else ErrorBody


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    section = endpoint.handler.__module__.rpartition(".")[2]
    name = "-".join(re.findall(r"\w+", endpoint.path.removeprefix("/api/")))
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.method.lower()}-{name}",
        "summary": (endpoint.handler.__doc__ or "").partition("\n")[0],
        "tags": [section, endpoint.known],
        "security": _security(endpoint.takes),
        "parameters": [*_path_parameters(endpoint.path), *_query_parameters(endpoint.query)],
        "responses": _responses(endpoint),
    }
    if endpoint.bodies:
        operation["requestBody"] = {
            "required": endpoint.body_needed,
            "content": _body(endpoint.bodies),
        }
    return operation


def _security(takes: Credentials) -> list[dict[str, list[str]]]:
    login = _LOGIN if Credentials.JWT in takes else []
    key = takes & (Credentials.API_KEY | Credentials.ASSUMED_KEY)
    return [*login, *(_API_KEY if key else [])]


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(query: type) -> list[dict[str, Any]]:
    _, components = msgspec.json.schema_components([query], ref_template="#/{name}")
    schema = components[query.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": parameter}
        for name, parameter in schema["properties"].items()
    ]


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    error = _error_of(endpoint)
    refused = {400, *endpoint.refuses, *((401, 429) if endpoint.takes else ())}
    responses = {
        str(endpoint.status): {"description": "Done", "content": _json(endpoint.answers)},
    }
    for status in sorted(refused):
        html = {"text/html": {"schema": {"type": "string"}}}
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": html if status in _GATEWAY else _json((error,)),
        }
    return responses


def _body(forms: Sequence[type]) -> dict[str, Any]:
    """A single form that is told from its batch form by the member that only the latter has."""
    content = _json(forms)
    if len(forms) > 1:
        single, batch = content["application/json"]["schema"]["anyOf"]
        mark = msgspec.structs.fields(forms[1])[0].encode_name
        alone = {"allOf": [single], "not": {"required": [mark]}}
        content["application/json"]["schema"]["anyOf"] = [alone, batch]
    return content


def _json(structs: Sequence[type]) -> dict[str, Any]:
    refs = [{"$ref": f"#/components/schemas/{struct.__name__}"} for struct in structs]
    return {"application/json": {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}}}
