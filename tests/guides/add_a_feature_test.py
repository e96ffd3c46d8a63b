#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""add_a_feature_test.py ROOT SCRATCH: follows docs/guides/add-a-feature.md in a copy of the repository.

A line that holds only a path in backticks names the file that the next code block becomes. "In `file`, after `line`:"
inserts the next code block behind that line. Then the test of the new slice is built and run, the application is built
with it, and the checks of the repository are made. The copy shares the compiler cache with the repository.
"""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT, SCRATCH = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
GUIDE = ROOT / "docs/guides/add-a-feature.md"


def run(*command):
    print("+", *command, flush=True)
    subprocess.run(command, cwd=SCRATCH, check=True)


def copy_repository():
    """Files that did not change keep their times, so that a second run builds little."""
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True,
                           text=True, check=True).stdout.split("\n")
    wanted = {name for name in names if name and (ROOT / name).is_file()}
    for name in wanted:
        source, target = ROOT / name, SCRATCH / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    for folder in ("agora", "larder", "tests"):
        for path in (SCRATCH / folder).rglob("*"):
            if path.is_file() and str(path.relative_to(SCRATCH)) not in wanted:
                path.unlink()


def follow(guide):
    """Applies the steps, and returns how many there were."""
    migrations = len(list((SCRATCH / "agora/storage/migrations").glob("*.sql")))
    steps = re.findall(r"^(?:`([\w/.]+)`|In `([\w/.]+)`, after `([^`]+)`:)\n\n```\w+\n(.*?)^```", guide, re.S | re.M)
    for new_file, file, after, code in steps:
        if new_file:
            path = SCRATCH / new_file.replace("NNNN", f"{migrations + 1:04}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code)
            continue
        text = (SCRATCH / file).read_text()
        lines = [line for line in text.splitlines(keepends=True) if line.strip() == after]
        assert len(lines) == 1, f"{file} has {len(lines)} lines {after}"
        (SCRATCH / file).write_text(text.replace(lines[0], lines[0] + code))
    return len(steps)


copy_repository()
assert follow(GUIDE.read_text()) == 8, "the guide has another number of steps"
run("git", "init", "-q")
run("python3", "tests/tidy/tidy.py", ".")
run("cmake", "--preset", "release", "-DLARDER_TESTS=ON")
run("cmake", "--build", "build/release", "--target", "agora_links_test", "agora_application")
run("build/release/server/features/agora_links_test")
