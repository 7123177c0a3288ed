"""Write the files that are made from the models of the language: the JSON Schema and the reference page.

python scripts/write_generated.py           # says which of them are stale
python scripts/write_generated.py --write   # writes them
"""

from __future__ import annotations

import sys
from pathlib import Path

from robustcheck.run.known_names import known_names
from robustcheck.spec.schema import generate_files


def main(arguments: list[str], texts: dict[Path, str]) -> int:
    """Write the generated files, or say which of them are stale."""
    stale = {path: text for path, text in texts.items() if not path.is_file() or path.read_text("utf-8") != text}
    for path, text in stale.items():
        if "--write" in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        sys.stdout.write(f"{'written' if '--write' in arguments else 'stale'}: {path.name}\n")
    return 1 if stale and "--write" not in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], generate_files(known_names(Path.cwd()))))
