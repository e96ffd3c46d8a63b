#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs clang-tidy over source files, joining the files of each CMake target into one.

    clang_tidy.py BUILD FILE...

clang-tidy spends most of its time on headers that all files include. With the files of a target joined, each header is
parsed only once per target. Start at main().
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys


def by_target(build, files):
    """Returns {target: [compile command entry]}, and the files that belong to no target (examples)."""
    wanted = {os.path.realpath(f) for f in files}
    targets = collections.defaultdict(list)
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if os.path.realpath(entry["file"]) in wanted:
            wanted.discard(os.path.realpath(entry["file"]))  # a file in several targets is checked in the first only
            targets[re.search(r" -o \S*CMakeFiles/(\S+?)\.dir", entry["command"])[1]].append(entry)
    return targets, wanted


def join(folder, target, entries):
    """Writes a source that includes the files. Returns its compile command entry."""
    source = folder / f"{target}.cpp"
    source.write_text("".join(f'#include "{e["file"]}"\n' for e in entries))
    first = entries[0]
    return {"directory": first["directory"], "file": str(source),
            "command": first["command"].removesuffix(first["file"]) + str(source)}


def check(folder, source):
    """Runs clang-tidy on one source. Returns its findings; empty if there are none."""
    done = subprocess.run(["clang-tidy-19", "--quiet", "--checks=-bugprone-suspicious-include", "-p", str(folder), source],
                          capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def check_joined(build, folder, source, files):
    """Checks a joined source. If it does not compile, because two files use the same name in their anonymous
    namespaces, checks each file by itself."""
    found = check(folder, source)
    if "[clang-diagnostic-error]" not in found or len(files) == 1:
        return found
    return "".join(check(build, file) for file in files)


def main(build, files):
    targets, alone = by_target(build, files)
    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    joined = [join(folder, target, entries) for target, entries in targets.items()]
    (folder / "compile_commands.json").write_text(json.dumps(joined))
    files_of = {j["file"]: [e["file"] for e in targets[pathlib.Path(j["file"]).stem]] for j in joined}
    largest_first = sorted(files_of, key=lambda source: -len(files_of[source]))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = list(pool.map(lambda source: check_joined(build, folder, source, files_of[source]), largest_first))
        # For these files clang-tidy derives the compile command from similar files.
        findings += pool.map(lambda file: check(build, file), sorted(alone))
    print("".join(findings), end="")
    return 1 if any(findings) else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]))
