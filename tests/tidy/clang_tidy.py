#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs clang-tidy over source files, the files of each CMake target together as one.

    clang_tidy.py [--seconds N] BUILD FILE...

Most of clang-tidy's time goes into the headers that every file includes. Joined, a target's files pay for them once.
With a limit, no further target is begun after N seconds; targets come in the order of their first files, and those
that were left out are printed.
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time


def by_target(build, files):
    """{target: [compile command entry]}, and the files that are in no target (examples)."""
    wanted = {os.path.realpath(f) for f in files}
    targets = collections.defaultdict(list)
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if os.path.realpath(entry["file"]) in wanted:
            wanted.discard(os.path.realpath(entry["file"]))  # the first target counts
            targets[re.search(r" -o \S*CMakeFiles/(\S+?)\.dir", entry["command"])[1]].append(entry)
    return targets, wanted


def join(folder, target, entries):
    """A source that includes the files, and how to compile it."""
    source = folder / f"{target}.cpp"
    source.write_text("".join(f'#include "{e["file"]}"\n' for e in entries))
    first = entries[0]
    return {"directory": first["directory"], "file": str(source),
            "command": first["command"].removesuffix(first["file"]) + str(source)}


def check(folder, source):
    """The findings; empty when there are none."""
    done = subprocess.run(["clang-tidy-19", "--quiet", "--checks=-bugprone-suspicious-include", "-p", str(folder), source],
                          capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def check_joined(build, folder, source, files):
    """Joined, two files may have one name in their anonymous namespaces; then each is checked by itself."""
    found = check(folder, source)
    if "[clang-diagnostic-error]" not in found or len(files) == 1:
        return found
    return "".join(check(build, file) for file in files)


def main(build, files, seconds):
    targets, alone = by_target(build, files)
    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    joined = [join(folder, target, entries) for target, entries in targets.items()]
    (folder / "compile_commands.json").write_text(json.dumps(joined))
    files_of = {j["file"]: [e["file"] for e in targets[pathlib.Path(j["file"]).stem]] for j in joined}
    place = {os.path.realpath(f): i for i, f in enumerate(files)}
    first_place = lambda source: min(place[os.path.realpath(f)] for f in files_of[source])
    # Without a limit all are checked, and the largest are begun first, so that both cores are busy to the end.
    order = sorted(files_of, key=first_place if seconds else lambda source: -len(files_of[source]))
    end = time.monotonic() + seconds if seconds else float("inf")
    left_out = []

    def checked(source):
        if time.monotonic() > end:
            left_out.append(pathlib.Path(source).stem)
            return ""
        return check_joined(build, folder, source, files_of[source])

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = list(pool.map(checked, order))
        # clang-tidy guesses how these are compiled from their neighbours.
        findings += pool.map(lambda file: check(build, file), sorted(alone))
    print("".join(findings), end="")
    if left_out:
        print(f"after {seconds} s these targets were left to ./dev tidy --all: {' '.join(sorted(left_out))}")
    return 1 if any(findings) else 0


if __name__ == "__main__":
    arguments = sys.argv[1:]
    limit = 0
    if arguments[0] == "--seconds":
        limit, arguments = int(arguments[1]), arguments[2:]
    sys.exit(main(pathlib.Path(arguments[0]).resolve(), arguments[1:], limit))
