#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compile_errors_test.py SOURCE COMPILER: tests that mistakes in programs that use larder are reported by the compiler.

Every program in this folder must compile without its mistake, and with it (-DMISTAKE) must fail with the error given
in the text file of the same name. The project's compiler and clang 19 are tested. The lines of a text file are:

    g++: text        the first line of g++'s error, without the location; `none` if g++ compiles the program
    clang: text      the same for clang
    flags: -Wname    additional compiler options

A program without a text file has many mistakes, in one line each, which ends with `// error: function`: the error is
the call of that function in a constant expression.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

source, compiler = sys.argv[1:3]
FOLDER = pathlib.Path(__file__).parent


def kind(command):
    """Returns `clang` or `g++`, whatever the command is called."""
    version = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
    return "clang" if "clang" in version else "g++"


COMPILERS = [compiler] if kind(compiler) == "clang" else [compiler, "clang++-19"]


def expectations(program):
    return dict(line.split(": ", 1) for line in program.with_suffix(".txt").read_text(encoding="utf-8").splitlines())


class Compiler:
    """A compiler with a precompiled <larder/cache.hpp>."""

    def __init__(self, command, folder):
        self.command, self.kind = command, kind(command)
        self.header = pathlib.Path(folder) / f"{self.kind}.hpp"
        self.header.write_text("#include <larder/cache.hpp>\n")
        suffix = ".pch" if self.kind == "clang" else ".gch"
        done = self.run("-x", "c++-header", self.header, "-o", f"{self.header}{suffix}")
        if done.returncode != 0:
            sys.exit(done.stderr)

    def run(self, *arguments):
        return subprocess.run([self.command, "-std=c++20", "-I", f"{source}/larder/include", "-I", source, *arguments],
                              capture_output=True, text=True, timeout=200, env={**os.environ, "LC_ALL": "C.UTF-8"})

    def first_error(self, program, *options):
        """Returns the text of the first error; `none` if the program compiles."""
        done = self.run("-fsyntax-only", *options, "-include", self.header, program)
        found = re.search(r"error: (.*)", done.stderr)
        return "none" if done.returncode == 0 else found[1] if found else done.stderr


    def errors_by_line(self, program):
        """Returns {line of the program: the function that must not be called there}."""
        unlimited = "-ferror-limit=0" if self.kind == "clang" else "-fmax-errors=0"
        found, line = {}, None
        for text in self.run("-fsyntax-only", "-DMISTAKE", unlimited, program).stderr.splitlines():
            here = re.match(rf"{re.escape(str(program))}:(\d+):", text)
            # clang reports the program's line as the error; g++ names it first, and then wrong ones of other calls.
            if here and (line is None or " error: " in text):
                line = int(here[1])
            if function := re.search(r"non-.?constexpr.? function ['‘].*?(\w+)(\(\))?['’]", text):
                found.setdefault(line, function[1])
                line = None
        return found


def check_lines(program, by):
    """Like check(), for a program without a text file."""
    lines = program.read_text(encoding="utf-8").splitlines()
    expected = {n: line.split("// error: ")[1] for n, line in enumerate(lines, 1) if "// error: " in line}
    got = by.errors_by_line(program)
    wrong = [f"{program.name}:{n} {by.command}\n  expected: {expected.get(n, 'none')}\n  got:      {got.get(n, 'none')}\n"
             for n in sorted(expected.keys() | got.keys()) if expected.get(n) != got.get(n)]
    right = by.first_error(program)
    return "".join(wrong) + ("" if right == "none" and expected else f"{program.name} {by.command}: {right}\n")


def check(program, by):
    """Returns a description of the failures; empty if there are none."""
    if not program.with_suffix(".txt").exists():
        return check_lines(program, by)
    expected = expectations(program)
    flags = expected.get("flags", "").split()
    wrong = []
    for options, wanted in (["-DMISTAKE"], expected[by.kind]), ([], "none"):
        got = by.first_error(program, *flags, *options)
        if got != wanted:
            wrong.append(f"{program.name} {' '.join([by.command, *options])}\n  expected: {wanted}\n  got:      {got}\n")
    return "".join(wrong)


programs = sorted(FOLDER.glob("*.cpp"))
with tempfile.TemporaryDirectory() as temporary, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    compilers = list(pool.map(lambda command: Compiler(command, temporary), COMPILERS))
    failures = "".join(pool.map(check, *zip(*((p, c) for c in compilers for p in programs))))
if failures or not programs:
    sys.exit(failures or "no programs")
print(f"{len(programs)} programs")
