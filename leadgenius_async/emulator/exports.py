"""What points a shell's `leadgenius` at the emulator."""

from __future__ import annotations

#: What would send something of the user's own to it, or send it elsewhere.
_UNSET = ("ACCESS_TOKEN", "REFRESH_TOKEN", "USERNAME", "PASSWORD", "PROFILE", "PROXY")


def exports(*, base_url: str, api_key: str, user_id: str, rate: str | int) -> str:
    """Return lines for a shell: the address, the key, the pace, and nothing else of an account.

    There is no login among them, since each command would log in anew, of which the service
    allows few.
    """
    variables = {"BASE_URL": base_url, "API_KEY": api_key, "USER_ID": user_id, "RATE": rate}
    unset = " ".join(f"LEADGENIUS_{name}" for name in _UNSET)
    lines = [f"export LEADGENIUS_{name}={value}" for name, value in variables.items()]
    return "".join(f"{line}\n" for line in (f"unset {unset}", *lines))
