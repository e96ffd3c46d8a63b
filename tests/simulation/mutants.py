#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the sources of mutants.txt. `mutants.py --check`: fails unless every listed line occurs exactly once in its
file. `mutants.py NAME FOLDER`: copies the sources of the cache to FOLDER, with the edits of this mutant."""
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "larder/src/cache"
WORLD = ROOT / "tests/simulation"


def read_list():
    """{name: [(path, line, replacement)]}"""
    mutants, edits, path, old = {}, [], "", None
    for line in (ROOT / "tests/simulation/mutants.txt").read_text().splitlines():
        if line.startswith("mutant "):
            edits = mutants[line.split()[1]] = []
        elif line.startswith("file "):
            path = line.split()[1]
        elif line.startswith("- "):
            old = line[2:]
        elif line.startswith("+"):
            edits.append((path, old, line[2:]))
        elif line and not line.startswith("#"):
            sys.exit(f"mutants.txt: cannot read the line {line!r}")
    return mutants


def edited(name, edits):
    """{path: text with the edits}"""
    texts = {}
    for path, old, new in edits:
        lines = (texts[path] if path in texts else (ROOT / path).read_text()).split("\n")
        if lines.count(old) != 1:
            sys.exit(f"mutant {name}: {path} must have exactly one line {old!r}, but has {lines.count(old)}; "
                     "change tests/simulation/mutants.txt as the source was changed")
        lines[lines.index(old)] = new
        texts[path] = "\n".join(lines)
    return texts


def main():
    mutants = read_list()
    if sys.argv[1:] == ["--check"]:
        for name, edits in mutants.items():
            edited(name, edits)
        return
    name, folder = sys.argv[1], Path(sys.argv[2])
    texts = edited(name, mutants[name])
    for pattern in ("*.cpp", "*.hpp", "lua/*.lua"):
        for source in CACHE.glob(pattern):
            copy = folder / source.relative_to(CACHE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    for path, text in texts.items():
        for base in (CACHE, WORLD):
            if (ROOT / path).is_relative_to(base):
                (folder / (ROOT / path).relative_to(base)).write_text(text)


main()
