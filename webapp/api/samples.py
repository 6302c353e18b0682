"""Code samples for the API's documentation: curl, Python and JavaScript.

tests/test_samples.py runs them unchanged.
"""

import json
from collections.abc import Mapping
from typing import Any

JSON = "application/json"

WIDTH = 60
"""Longest line of JSON that can be broken, in characters."""

PYTHON = """\
import json
{imports}
{given}request = Request(
    "{url}",
    data={body},
    headers={{"Content-Type": "{kind}"}},
)
with urlopen(request, timeout=30) as response:
    answer = json.load(response)
print(answer["text"], answer["status"])
"""

JAVASCRIPT = """\
{given}const response = await fetch("{url}", {{
  method: "POST",
  headers: {{ "Content-Type": "{kind}" }},
  body: {body},
}});
const answer = await response.json();
if (!response.ok) throw new Error(answer.detail);
console.log(answer.text, answer.status);
"""
"""For Node.js. A browser would send it from another site's page, which the server refuses."""


def in_lines(value: object, indent: int = 0, name: str = "") -> str:
    """Format a value as JSON, after its name if it has one. Short values take one line."""
    line = name + json.dumps(value)
    if indent + len(line) <= WIDTH or not isinstance(value, Mapping | list):
        return line
    inner = indent + 2
    if isinstance(value, Mapping):
        parts = [in_lines(part, inner, f"{json.dumps(key)}: ") for key, part in value.items()]
    else:
        parts = [in_lines(part, inner) for part in value]
    opening, closing = "{}" if isinstance(value, Mapping) else "[]"
    margin = " " * inner
    return f"{name}{opening}\n{margin}" + f",\n{margin}".join(parts) + f"\n{' ' * indent}{closing}"


def curl_of(url: str, content: Mapping[str, Any]) -> str:
    """Return the command for a request body: with its JSON example, or else with a picture."""
    if JSON not in content:
        return f"curl -s '{url}' -F image=@photo.jpg\n"
    example = in_lines(content[JSON]["example"], 2)
    return f"curl -s '{url}' \\\n  -H 'Content-Type: {JSON}' \\\n  -d '{example}'\n"


def samples_of(url: str, content: Mapping[str, Any]) -> dict[str, str]:
    """Return code that reads a drawing or a picture and prints the number, by language."""
    curl = curl_of(url, content)
    if JSON in content:
        drawing = in_lines(content[JSON]["example"])
        python = PYTHON.format(
            imports="from urllib.request import Request, urlopen\n",
            given=f"drawing = {drawing}\n",
            url=url,
            body="json.dumps(drawing).encode()",
            kind=JSON,
        )
        javascript = JAVASCRIPT.format(
            given=f"const drawing = {drawing};\n",
            url=url,
            body="JSON.stringify(drawing)",
            kind=JSON,
        )
    else:
        python = PYTHON.format(
            imports="from pathlib import Path\nfrom urllib.request import Request, urlopen\n",
            given="",
            url=url,
            body='Path("photo.jpg").read_bytes()',
            kind="image/jpeg",
        )
        javascript = JAVASCRIPT.format(
            given='import { readFile } from "node:fs/promises";\n\n',
            url=url,
            body='await readFile("photo.jpg")',
            kind="image/jpeg",
        )
    return {"curl": curl, "Python": python, "JavaScript (Node.js)": javascript}
