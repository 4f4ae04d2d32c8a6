"""Log records as JSON, a line each, for whatever collects them."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

#: What every record or line has; anything else was given with the record (`extra`).
_OWN = {
    *vars(logging.makeLogRecord({})),
    *("message", "asctime", "taskName"),
    *("time", "level", "logger"),
}
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object on one line.

    Its members are `time` (RFC 3339, UTC), `level`, `logger` and `message`; whatever was given with
    the record, such as `call`, `status`, `attempt`, `wait` (seconds) and `request_id`; `trace_id`
    and `span_id` where a span of OpenTelemetry is current; and `exception`, the traceback of one
    that was logged. The line is ASCII. A value that JSON has not is told as its `str`; one that was
    given by the name of a member that every line has is left out.

    What this package logs holds no contact data and no credentials; a traceback has the message of
    its error, which may quote what the service said.

    ```python
    import logging

    from leadgenius_async.logs import JsonFormatter

    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.getLogger("leadgenius_async").addHandler(handler)
    ```
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        line: dict[str, object] = {
            "time": _time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        given = vars(record).items()
        line |= {name: value for name, value in given if name not in _OWN and value is not None}
        line |= _current_span()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        members = (f"{_json(str(name))}: {_json(value)}" for name, value in line.items())
        return f"{{{', '.join(members)}}}"


def _json(value: object) -> str:
    try:
        text = json.dumps(value, default=str, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):  # NaN, a key that is no text, a cycle
        text = json.dumps(str(value), ensure_ascii=False)
    return _BEYOND_ASCII.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    """Return a character as JSON escapes it; half a pair, which many refuse, as U+FFFD."""
    char = found[0]
    return json.dumps("\ufffd" if "\ud800" <= char <= "\udfff" else char)[1:-1]


def _time(seconds: float) -> str:
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _current_span() -> dict[str, str]:
    """Return the ids of the current span; OpenTelemetry is asked only where it is loaded."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return {}
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
