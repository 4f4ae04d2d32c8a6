"""What the bill of materials says; `nox -s sbom` runs it.

`python tests/components.py SBOM` fails if a dependency, a version or a licence is missing, or if
the bill would differ from one machine or hour to the next.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

#: What would not be the same twice: a path, an hour, a random number.
VARYING = ("file:", '"timestamp"', '"serialNumber"')


def declared() -> set[str]:
    """Return the names of the package and of what its core needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = (re.split(r"[^\w.-]", text, maxsplit=1)[0] for text in project["dependencies"])
    return {normal(name) for name in (project["name"], *needed)}


def normal(name: str) -> str:
    """Return a name as package indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(component: dict[str, Any]) -> str:
    """Return the first licence that a component declares, as an expression, an id or a name."""
    for each in component.get("licenses", ()):
        found = each.get("expression") or each["license"].get("id") or each["license"].get("name")
        if found:
            return str(found)
    return ""


def main(bill: Path) -> None:
    """Print the components; end with an error if the bill is not whole."""
    text = bill.read_text()
    if varying := [word for word in VARYING if word in text]:
        raise SystemExit(f"the bill is not the same twice, it has {varying}")
    components = {normal(one["name"]): one for one in json.loads(text)["components"]}
    if missing := declared() - set(components):
        raise SystemExit(f"the bill lacks {sorted(missing)}")
    for name, component in sorted(components.items()):
        if not component.get("version") or not licence(component):
            raise SystemExit(f"the bill has no version or no licence of {name}")
        print(f"{name} {component['version']}: {licence(component)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
