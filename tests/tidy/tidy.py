#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the repository's own rules: layers, size limits, banned calls, links, names of migrations. `tidy.py [ROOT]`
prints `file:line: message` for each violation. The tables at the top are the rules; start at problems()."""
import os
import re
import subprocess
import sys

# The folders that a folder may include from, besides itself. The longest prefix that matches a file applies.
LAYERS = {
    "larder/include/larder": ["larder/include/larder"],
    "larder/src": ["larder/include/larder"],
    "larder/testing": ["larder/include/larder"],
    "examples": ["larder/include/larder"],
    "agora/embedded.hpp": [],
    "agora/version.hpp": [],
    "agora/listed_code.hpp": [],
    "agora/problem_code.hpp": ["agora/listed_code.hpp"],
    "agora/field_code.hpp": ["agora/listed_code.hpp"],
    "agora/outcome.hpp": ["agora/field_code.hpp", "agora/problem_code.hpp"],
    "agora/log.hpp": [],
    "agora/log.cpp": ["agora/log.hpp"],
    "agora/storage": ["larder/include/larder", "agora/embedded.hpp"],
    "agora/storage/sqlite": ["larder/include/larder", "agora/storage"],
    "agora/storage/postgres": ["larder/include/larder", "agora/storage"],
    "agora/html": ["larder/include/larder"],
    "agora/markup": ["larder/include/larder", "agora/outcome.hpp", "agora/html/safe.hpp"],
    "agora/web": ["agora/web_assets.hpp"],
    "agora/http": ["larder/include/larder", "agora/log.hpp", "agora/problem_code.hpp", "agora/outcome.hpp", "agora/web/assets.hpp"],
    "agora/site": ["larder/include/larder", "agora/html", "agora/http", "agora/markup/page_html.hpp", "agora/outcome.hpp", "agora/web/assets.hpp"],
    "agora/api": ["larder/include/larder", "agora/http", "agora/markup", "agora/outcome.hpp", "agora/storage/cursor.hpp"],
    "agora/mail": ["larder/include/larder"],
    "agora/credentials": ["larder/include/larder", "agora/problem_code.hpp", "agora/outcome.hpp", "agora/api/text.hpp"],
    "agora/services": ["larder/include/larder", "agora/http", "agora/api", "agora/markup", "agora/outcome.hpp", "agora/site", "agora/storage/outbox.hpp",
                       "agora/storage/cursor.hpp"],
    "agora/features": ["larder/include/larder", "agora/log.hpp", "agora/problem_code.hpp", "agora/html", "agora/http", "agora/api", "agora/mail", "agora/credentials", "agora/services", "agora/site", "agora/markup", "agora/outcome.hpp",
                       "agora/storage/db.hpp", "agora/storage/outbox.hpp", "agora/storage/cursor.hpp"],
    "agora/operations": ["larder/include/larder", "agora/log.hpp", "agora/http", "agora/api", "agora/services", "agora/outcome.hpp", "agora/version.hpp",
                         "agora/storage/db.hpp", "agora/storage/outbox.hpp"],
    "agora/demo": ["larder/include/larder", "agora/http", "agora/api", "agora/services", "agora/outcome.hpp"],
    "agora/import": ["larder/include/larder", "agora/markup", "agora/features/posts/posts.hpp", "agora/features/users/users.hpp",
                     "agora/storage/db.hpp", "agora/storage/outbox.hpp"],
    "agora/docs": ["larder/include/larder", "agora/html", "agora/http", "agora/site", "agora/outcome.hpp", "agora/problem_code.hpp", "agora/embedded.hpp", "agora/version.hpp",
                   "agora/web/assets.hpp"],
    "agora/application": ["larder/include/larder", "agora"],
    "agora/cli": ["larder/include/larder", "agora"],
    "agora/main.cpp": ["agora/cli"],
}


def slices():
    """{slice: (slices whose public header it may include, slices whose fixture its tests may include, too)}, as
    agora/features/CMakeLists.txt says: agora_slice(NAME USES ... TESTS_USE ...)"""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../agora/features/CMakeLists.txt"), encoding="utf-8") as f:
        lines = re.findall(r"^agora_slice\((\w+)(?: USES ((?:[a-z_]+ ?)+))?(?: ?TESTS_USE ((?:[a-z_]+ ?)+))?", f.read(), re.M)
    return {name: (uses.split(), uses.split() + tests_use.split()) for name, uses, tests_use in lines}


SLICES = slices()

# Headers that only these files may include.
RESERVED = {
    "boost/beast": ["agora/http/head_parser.cpp"],
    "sqlite3.h": ["agora/storage/sqlite/"],
    "libpq-fe.h": ["agora/storage/postgres/"],
    "boost/json": ["larder/src/json/reader.cpp", "larder/src/redis/rest_codec.cpp", "bench/"],
    "gumbo.h": ["agora/markup/"],
    "expat.h": ["agora/import/"],
    "spdlog/": ["agora/log.cpp", "agora/application/log.cpp"],
}
# The literal code of a problem or a field: as an argument, compared, or inside of JSON.
FIELD_CODE = r'\berrors?\.(emplace|push)_back\([^;]*, *"[a-z_]+", *|\bfield_error[{(] *[^;]*, *"[a-z_]+", *'
PROBLEM_CODE = r'\bproblem\(.*\b\d{3}, *"|\bfailure( \w+)?[{(] *"|\bcode *[!=]= *"|"code\\?":\\?"\w'
BANNED = [
    (r"\basio::detached\b|\bdetached\b\s*\)", "use runtime::spawn, so that the work is waited for", []),
    (r"\bstd::j?thread\b", "only the runtime, the SQLite driver, the log and the signal handling create threads",
     ["larder/src/core/runtime.cpp", "larder/src/redis/blocking.cpp", "agora/storage/sqlite/", "agora/application/log_output.", "agora/application/process.cpp", "larder/testing/", "examples/"]),
    (r"\bgetenv\b", "only agora/application/config.cpp reads settings", ["bench/", "larder/testing/count_allocations.cpp", "larder/src/redis/canary_test.cpp"]),
    (r"this_thread::sleep_for|\busleep\(|\bsleep\(", "wait for a condition, or use larder::sleep_for in a coroutine", ["larder/testing/", "tests/chaos/"]),
    (r"\b(db|database)_?(\(\))?(\.|->)write\(", "write through storage::outbox, so that the cache is invalidated",
     ["agora/storage/", "agora/import/", "agora/application/", "agora/cli/"]),
    (r"\brand\(\)|\bsrand\(", "use libsodium's randombytes or a seeded engine", []),
    (r"system_clock::now", "use a larder::clock", ["larder/src/core/clock.cpp"]),
    (r"\bprintf\(", "use fmt::print, and only in agora/cli", []),
    (r"GTEST_SKIP|DISABLED_", "tests must not be skipped or disabled: delete the test or make it run", []),
    (PROBLEM_CODE, "problem codes are problem_code constants, see agora/problem_code.hpp", ["larder/", "agora/storage/"]),
    (FIELD_CODE, "codes of fields are field_code constants, see agora/field_code.hpp", ["larder/"]),
    (r"\b(TODO|FIXME|XXX)\b", "do the work or delete the comment", []),
]
FREE_IN_TESTS = (PROBLEM_CODE, FIELD_CODE, r"\bstd::j?thread\b", r"\bprintf\(", r"\b(db|database)_?(\(\))?(\.|->)write\(")
# Words of this project's former dialect, in comments and documents, and what to write instead.
DIALECT = [
    (r"\bwho asks\b|\bwhoever asks\b", "the client, or the caller"),
    (r"\b(is|are|was|were|has been|being) told\b", "gets an invalidation, is tracked, or the error reports it"),
    (r"\b(is|are|was) away\b", "is unreachable"),
    (r"\buntrue\b", "invalidated"),
    (r"\bvouch", "confirm"),
    (r"\bfarewell|\bpost office|\bturnstile|\bshowcase", "erasure, mailer, semaphore, demo"),
    (r"\b(he|she) (is|has|was|may|can|does)\b", "the member, or they"),
]
DIALECT_STAYS = ("docs/decisions/", "tests/models/", "tests/tidy/", "agora/storage/migrations/", "CHANGELOG.md")
OPENING_LINES, OPENING_FROM = 2, 60  # a file of more lines opens with so many lines that say what it is for
MAX_OPTION_FIELDS = 8
# Option structs that are larger today, by their names; none may grow.
LARGER_OPTIONS = {"application_options": 11, "cache_options": 11, "options": 14, "region_options": 9}
MAX_FILE_LINES, MAX_TEST_LINES, MAX_FUNCTION_LINES, MAX_FILE_BYTES = 500, 800, 70, 1 << 20


def is_test(path):
    return path.endswith(("_test.cpp", "_fixture.hpp", "/crash_writer.cpp")) or "_test/" in path or "/testing/" in path or path.startswith(("tests/", "bench/"))


def tracked(root):
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=root, capture_output=True, text=True)
    if out.returncode == 0:
        return [p for p in out.stdout.splitlines() if os.path.isfile(os.path.join(root, p))]
    return [os.path.relpath(os.path.join(d, f), root) for d, _, fs in os.walk(root) for f in fs]


def layer_of(path):
    prefixes = [p for p in LAYERS if path == p or path.startswith(p + "/")]
    return max(prefixes, key=len) if prefixes else None


def resolve(include):
    if include.startswith("larder/testing/"):
        return include
    return "larder/include/" + include if include.startswith("larder/") else include


def slice_of(path):
    parts = path.split("/")
    return parts[2] if path.startswith("agora/features/") and len(parts) > 3 else None


def check_slice_include(path, target):
    mine, other = slice_of(path), slice_of(target)
    if mine is None or other is None or mine == other:
        return None
    uses, tests_use = SLICES.get(mine, ([], []))
    in_test = path.endswith(("_test.cpp", "_fixture.hpp"))
    if target == f"agora/features/{other}/{other}.hpp" and other in (tests_use if in_test else uses):
        return None
    if target == f"agora/features/{other}/{other}_fixture.hpp" and in_test and other in tests_use:
        return None
    return f"slice {mine} may not include {target}; only <slice>.hpp of the slices that agora/features/CMakeLists.txt says it USES"


def check_include(path, include):
    for header, allowed in RESERVED.items():
        if include.startswith(header) and not path.startswith(tuple(allowed)):
            return f"<{include}> belongs to {' '.join(allowed)}; other files must not include it"
    if is_test(path) or not include.startswith(("agora/", "larder/")):
        return None
    target, layer = resolve(include), layer_of(path)
    if include.startswith("larder/testing/"):
        return None if path.startswith("larder/testing/") else "larder/testing is for tests"
    if layer is None:
        return f"no layer for {path}; add it to LAYERS of tests/tidy/tidy.py"
    if wrong := check_slice_include(path, target):
        return wrong
    own = target == layer or target.startswith(layer + "/")
    # The folder of a driver is inside the folder of its port, but the port must not include it.
    if own and layer == "agora/storage" and target.startswith(("agora/storage/sqlite", "agora/storage/postgres")):
        own = False
    allowed = any(target == a or target.startswith(a + "/") for a in LAYERS[layer])
    return None if own or allowed else f"{layer} may not include {include}"


def function_lengths(lines):
    """Yields (first line, length) of each block whose braces are alone on their lines at indent 0 or 4, which is how
    functions are formatted in this repository."""
    for indent in ("", "    "):
        start = None
        for i, line in enumerate(lines):
            if line == indent + "{":
                start = i
            elif start is not None and line in (indent + "}", indent + "};"):
                yield start + 1, i - start + 1
                start = None


def awaits_in_condition(code):
    """Returns whether the code has a co_await in a condition or a `? :`. g++ 12 miscompiles a co_return under a
    condition that contains co_await, and runs the co_await in the branch of a `? :` that was not chosen
    (docs/decisions/0005-coroutines.md)."""
    if re.search(r"\s\?\s.*\bco_await\b", code):
        return True
    for m in re.finditer(r"\b(?:if|for|while|switch)\s*\(", code):
        depth, end = 1, m.end()
        while end < len(code) and depth:
            depth += {"(": 1, ")": -1}.get(code[end], 0)
            end += 1
        if "co_await" in code[m.end():end]:
            return True
    return False


def check_source(path, text):
    lines = text.splitlines()
    if "SPDX-License-Identifier: MIT" not in "\n".join(lines[:3]):
        yield 1, "no SPDX line"
    if path.endswith(".hpp") and "#pragma once" not in text and path != "cmake/precompiled.hpp":
        yield 1, "no #pragma once"
    limit = MAX_TEST_LINES if is_test(path) else MAX_FILE_LINES
    if len(lines) > limit:
        yield limit, f"{len(lines)} lines; split it, the limit is {limit}"
    for number, line in enumerate(lines, 1):
        if m := re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line):
            if wrong := check_include(path, m[1]):
                yield number, wrong
        code = line.split("//")[0]
        if awaits_in_condition(code):
            yield number, "co_await in a condition is banned (g++ 12 miscompiles it): assign the result to a variable first"
        for pattern, instead, allowed in BANNED:
            if path.startswith(tuple(allowed)) or (is_test(path) and pattern in FREE_IN_TESTS):
                continue
            if m := re.search(pattern, code):
                yield number, f"`{m[0]}` is banned: {instead}"
    if not is_test(path):
        for start, length in function_lengths(lines):
            if length > MAX_FUNCTION_LINES:
                yield start, f"a function of {length} lines; the limit is {MAX_FUNCTION_LINES}"


def check_opening(path, lines):
    """A long file says first what it is for."""
    opening = [line for line in lines[:12] if line.startswith("//") and "SPDX" not in line]
    if len(lines) > OPENING_FROM and not is_test(path) and len(opening) < OPENING_LINES:
        yield 2, f"a file of more than {OPENING_FROM} lines opens with two to six lines: what it is for, its invariants, where to start"


def check_options(path, text):
    """An option struct with too many fields is several things."""
    for m in re.finditer(r"^( *)struct (\w*options)\b[^;{]*\{\n(.*?)^\1\};", text, re.S | re.M):
        fields = len(re.findall(rf"^{m[1]}    [\w:<>, *&]+ \w+(?:\{{.*\}}| = .*)?;", m[3], re.M))
        if fields > LARGER_OPTIONS.get(m[2], MAX_OPTION_FIELDS):
            yield text[:m.start()].count("\n") + 1, f"{m[2]} has {fields} fields; the limit is {MAX_OPTION_FIELDS}: group them"


def check_words(path, text):
    if path.startswith(DIALECT_STAYS):
        return
    for number, line in enumerate(text.splitlines(), 1):
        prose = line if path.endswith(".md") else line.partition("//")[2]
        for pattern, instead in DIALECT:
            if m := re.search(pattern, prose):
                yield number, f"`{m[0]}`: write plainly, such as: {instead} (docs/glossary.md)"


def check_markdown(root, path, text):
    prose = re.sub(r"^```.*?^```", lambda code: "\n" * code[0].count("\n"), text, flags=re.S | re.M)
    for number, line in enumerate(prose.splitlines(), 1):
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
            if "://" in link or link.startswith("mailto:"):
                continue
            if not os.path.exists(os.path.join(root, os.path.dirname(path), link)):
                yield number, f"the link {link} leads nowhere"


def check_migrations(paths):
    names = sorted(os.path.basename(p) for p in paths if p.startswith("agora/storage/migrations/"))
    for expected, name in enumerate(names, 1):
        if not re.fullmatch(rf"{expected:04}_[a-z0-9_]+\.sql", name):
            return [(f"agora/storage/migrations/{name}", 1, f"expected number {expected:04}: numbered files without gaps")]
    return []


def check_codes(kind, sources):
    """A problem code or the code of a field is defined once, by a constant of its name."""
    defined = {}
    for path, text in sources:
        for m in re.finditer(rf'^(?!\s*//).*\b{kind}_code (\w+)\{{\s*"(\w+)"', text, re.M):
            line = text[:m.start()].count("\n") + 1
            if m[1] != m[2]:
                yield path, line, f"the constant of the {kind} code {m[2]} has another name"
            if m[2] in defined:
                yield path, line, f"the {kind} code {m[2]} is already defined in {defined[m[2]]}"
            defined.setdefault(m[2], path)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def problems(root):
    paths = tracked(root)
    found = check_migrations(paths)
    sources = [(p, read(os.path.join(root, p))) for p in paths if p.endswith((".cpp", ".hpp")) and not is_test(p)]
    for kind in ("problem", "field"):
        found += check_codes(kind, sources)
    for path in sorted(paths):
        full = os.path.join(root, path)
        if os.path.getsize(full) > MAX_FILE_BYTES:
            found.append((path, 1, "larger than 1 MiB"))
        if path.endswith((".cpp", ".hpp")):
            text = read(full)
            found += [(path, n, m) for check in (check_source(path, text), check_opening(path, text.splitlines()), check_options(path, text), check_words(path, text))
                      for n, m in check]
        elif path.endswith(".md"):
            found += [(path, n, m) for check in (check_markdown(root, path, read(full)), check_words(path, read(full))) for n, m in check]
    return found


if __name__ == "__main__":
    top = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    wrong = problems(os.path.abspath(top))
    for path, line, message in wrong:
        print(f"{path}:{line}: {message}")
    sys.exit(1 if wrong else 0)
