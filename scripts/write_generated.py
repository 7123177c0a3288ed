"""Write the files that are made from code: the JSON Schema, the reference pages of the language and the metrics,
and the specifications of the plots.

python scripts/write_generated.py           # says which of them are stale
python scripts/write_generated.py --write   # writes them
"""

from __future__ import annotations

import sys
from pathlib import Path

from chart_templates import chart_files
from metrics_reference import metrics_markdown

from robustcheck.measure import known_metrics
from robustcheck.run.known_names import known_names
from robustcheck.spec.schema import generate_files

METRICS_PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
# The protocol of each subject.
PAGES = {
    "attack": ("Adversarial attacks", "protocols/attacks.md"),
    "calibrate": ("Calibration", "protocols/calibration.md"),
    "classify": ("Accuracy", "protocols/natural-shifts.md"),
    "correspondence": ("Correspondence", "protocols/correspondence.md"),
    "corrupt": ("Corruptions", "protocols/corruptions.md"),
    "cue_conflict": ("Shape and texture", "protocols/shape-bias.md"),
    "detect": ("Out-of-distribution detection", "protocols/ood.md"),
    "factors": ("Visual factors", "protocols/visual-factors.md"),
    "multiple_choice": ("Answers", "protocols/answers.md"),
    "overlap": ("Data overlap", "protocols/overlap.md"),
    "retrieve": ("Retrieval", "protocols/retrieval.md"),
    "sequence": ("Perturbation sequences", "protocols/corruptions.md"),
    "typographic": ("Typographic attacks", "protocols/typographic.md"),
    "video": ("Video", "protocols/video.md"),
}


def generated() -> dict[Path, str]:
    """Return the text of every generated file, by its path."""
    pages = generate_files(known_names(Path.cwd()))
    return pages | chart_files() | {METRICS_PAGE: metrics_markdown(known_metrics(), PAGES)}


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
    sys.exit(main(sys.argv[1:], generated()))
