#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks how much each public header of larder makes its users compile: `header_budgets.py [ROOT]` counts the lines that
are left of the header after the preprocessor (g++ -E -P, without empty lines) and compares them with header_budgets.txt.
Prints one line for each header that exceeds its budget or is not listed, and for each listed header that is gone."""
import concurrent.futures
import os
import subprocess
import sys

INCLUDE, LIST = "larder/include", "tests/tidy/header_budgets.txt"
STEP = 500  # a new budget leaves a tenth, rounded up to so many lines


def headers(root):
    top = os.path.join(root, INCLUDE)
    return sorted(os.path.relpath(os.path.join(d, f), top) for d, _, files in os.walk(top) for f in files if f.endswith(".hpp"))


def lines_of(root, header):
    made = subprocess.run(["g++", "-std=c++20", "-I", os.path.join(root, INCLUDE), "-E", "-P", "-x", "c++", "-"],
                          input=f"#include <{header}>\n", capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise RuntimeError(f"{header}: {made.stderr.strip()}")
    return sum(1 for line in made.stdout.splitlines() if line.strip())


def budgets_in(root):
    with open(os.path.join(root, LIST), encoding="utf-8") as f:
        rows = [line.split() for line in f if line.strip() and not line.startswith("#")]
    return {header: int(lines) for header, lines in rows}


def line_for(header, lines):
    return f"{header} {-(-lines * 11 // (10 * STEP)) * STEP}"


def problems(root):
    budgets, found = budgets_in(root), headers(root)
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        counted = dict(zip(found, pool.map(lambda h: lines_of(root, h), found)))
    out = [f"{h}: there is no such header; remove its line from {LIST}" for h in budgets if h not in counted]
    for header, lines in counted.items():
        if header not in budgets:
            out.append(f"{header}: it has no budget; add this line to {LIST}: {line_for(header, lines)}")
        elif lines > budgets[header]:
            out.append(f"{header}: {lines} lines exceed its budget of {budgets[header]}. Include less or, if its users must "
                       f"compile all of it, change its line in {LIST} to: {line_for(header, lines)}")
    return out


if __name__ == "__main__":
    wrong = problems(os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "..")))
    print("\n".join(wrong) or "every public header is within its budget")
    sys.exit(1 if wrong else 0)
