"""A hook of mkdocs: links out of docs/ become names of files, because the site holds the pages alone.

``[quickstart](../suites/quickstart.robust.yaml)`` reads ``quickstart (suites/quickstart.robust.yaml)``.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

_LINK = re.compile(r"\[([^\]]+)\]\((\.\./[^)\s]+)\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return the text of a page without its links to files that are not part of the site."""
    directory = posixpath.dirname(page.file.src_uri)

    def plain(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("docs", directory, found[2].partition("#")[0]))
        return found[0] if target.startswith("docs/") else f"{found[1]} (`{target}`)"

    return _LINK.sub(plain, markdown)
