"""Page: the results in docs/benchmarks.md, one section for each device and set of parts."""

from __future__ import annotations

from pathlib import Path

MARK = "<!-- results -->\n"


def write(section: str, page: Path) -> None:
    """Put a section below the page's own words, in place of the one with the same heading."""
    words = page.read_text(encoding="utf-8") if page.exists() else f"# Benchmarks\n\n{MARK}"
    own, _, results = words.partition(MARK)
    heading = section.split("\n", 1)[0]
    others = [one for one in _sections(results) if one.split("\n", 1)[0] != heading]
    page.parent.mkdir(parents=True, exist_ok=True)
    kept = "\n\n".join([*others, section.strip()])
    page.write_text(f"{own}{MARK}\n{kept}\n", encoding="utf-8")


def _sections(results: str) -> list[str]:
    return [f"### {one.strip()}" for one in ("\n" + results).split("\n### ")[1:]]
