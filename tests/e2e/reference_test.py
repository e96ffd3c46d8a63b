#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""reference_test.py AGORA ROOT [--write]: compares docs/reference with what AGORA says of itself, or writes it.

settings.md is `agora settings --markdown`, errors.md is `agora errors --markdown`, cli.md the help texts of all
commands.
"""
import difflib
import pathlib
import re
import subprocess
import sys

AGORA, FOLDER, WRITE = sys.argv[1], pathlib.Path(sys.argv[2]) / "docs/reference", "--write" in sys.argv


def output(*arguments):
    return subprocess.run([AGORA, *arguments], capture_output=True, text=True, check=True, timeout=30).stdout


def commands(path):
    """Yields a section for a command and for those below it, in the order of its help."""
    text = output(*path, "--help").rstrip().replace(AGORA, "agora")
    yield f"## {' '.join(['agora', *path])}\n\n```text\n{text}\n```\n"
    below = re.search(r"^Subcommands:\n((?:  .*\n?)+)", text, re.M)
    for name in re.findall(r"^  (\w+)", below[1], re.M) if below else []:
        yield from commands([*path, name])


def pages():
    yield "settings.md", output("settings", "--markdown")
    yield "errors.md", output("errors", "--markdown")
    yield "cli.md", ("# Command line\n\nThis page is made by `./dev docs` from the program: the help texts of all commands.\n\n"
                     + "\n".join(commands([])))


different = False
for name, text in pages():
    path = FOLDER / name
    if WRITE:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text)
        continue
    old = path.read_text() if path.exists() else ""
    if old != text:
        different = True
        print("".join(difflib.unified_diff(old.splitlines(True), text.splitlines(True), str(path), "the program")))
        print(f"docs/reference/{name} is not what the program says; run ./dev docs")
sys.exit(1 if different else 0)
