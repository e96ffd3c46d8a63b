#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests tidy.py and header_budgets.py: writes files with one violation each into an empty tree and expects that it is
reported; files without a violation must not be reported."""
import os
import tempfile
import unittest

import header_budgets
import tidy

HEAD = "// SPDX-License-Identifier: MIT\n"


def found_in(path, text):
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as f:
            f.write(text)
        return [message for _, _, message in tidy.problems(root)]


class planted(unittest.TestCase):
    def finds(self, path, text, part):
        messages = found_in(path, text)
        self.assertTrue(any(part in m for m in messages), f"{path}: wanted {part!r}, got {messages}")

    def clean(self, path, text):
        self.assertEqual(found_in(path, text), [])

    def test_a_clean_file_passes(self):
        self.clean("agora/features/posts/posts.cpp",
                   HEAD + "#include <agora/features/posts/posts.hpp>\n#include <agora/features/users/users.hpp>\n"
                   "#include <agora/storage/db.hpp>\n#include <vector>\nint f()\n{\n    return 1;\n}\n")

    def test_a_feature_stays_in_its_layer(self):
        for include, part in [("agora/features/comments/comments.hpp", "may not include"),
                              ("agora/features/users/users_sql.hpp", "may not include"),
                              ("agora/features/users/users_sql.cpp", "may not include"),
                              ("agora/storage/sqlite/sqlite.hpp", "may not include"),
                              ("agora/application/config.hpp", "may not include"), ("agora/cli/cli.hpp", "may not include"),
                              ("boost/beast/http.hpp", "belongs to"), ("libpq-fe.h", "belongs to"), ("sqlite3.h", "belongs to")]:
            self.finds("agora/features/posts/posts.cpp", f"{HEAD}#include <{include}>\n", part)

    def test_lower_layers_do_not_look_up(self):
        for path, include in [("larder/src/core/a.cpp", "agora/outcome.hpp"), ("agora/http/a.cpp", "agora/features/posts/posts.hpp"),
                              ("agora/storage/a.cpp", "agora/http/request.hpp"), ("agora/storage/db.hpp", "agora/storage/sqlite/sqlite.hpp"),
                              ("agora/markup/a.cpp", "agora/storage/db.hpp"), ("agora/http/a.cpp", "larder/testing/process.hpp")]:
            self.finds(path, f"{HEAD}#pragma once\n#include <{include}>\n", "for tests" if "testing" in include else "may not include")

    def test_only_one_file_includes_beast(self):
        self.finds("agora/http/server.cpp", HEAD + "#include <boost/beast.hpp>\n", "belongs to")
        self.clean("agora/http/head_parser.cpp", HEAD + "#include <boost/beast/http/basic_parser.hpp>\n")

    def test_lengths(self):
        opening = HEAD + "// What it is for,\n// and where to start.\n"
        self.finds("agora/http/a.cpp", HEAD + "\n" * 500, "split it")
        self.finds("agora/http/a.cpp", HEAD + "int f()\n{\n" + "    ;\n" * 70 + "}\n", "a function of 72 lines")
        self.clean("agora/http/a.cpp", opening + "int f()\n{\n" + "    ;\n" * 68 + "}\n")
        self.finds("agora/http/a.hpp", HEAD + "#pragma once\nclass c {\n    int f()\n    {\n" + "        ;\n" * 70 + "    }\n};\n", "a function of")

    def test_banned_calls(self):
        for call in ["co_spawn(e, f(), asio::detached);", "std::thread t;", "getenv(\"X\");", "std::this_thread::sleep_for(1s);",
                     "rand();", "std::chrono::system_clock::now();", "printf(\"x\");", "// nothing\nGTEST_SKIP();",
                     "if (!co_await f()) co_return;", "while (co_await f()) g();", "n = b ? 0 : 1 + co_await f();"]:
            self.finds("agora/http/a.cpp", HEAD + call + "\n", "banned")
        self.finds("agora/features/posts/posts_sql.cpp", HEAD + "co_await db_.write(f);\n", "storage::outbox")
        self.clean("agora/features/posts/posts_sql.cpp", HEAD + "co_await outbox_.write(f);\n")
        self.clean("agora/http/a.cpp", HEAD + "// getenv() is banned\n")
        for literal in ['return problem(r, 404, "not_found", "gone");', 'return failure{"stale", "it has changed"};',
                        'if (e.code == "stale") return;', 'R"({"code":"stale"})"', '"{\\"code\\":\\"stale\\"}"']:
            self.finds("agora/api/a.cpp", HEAD + literal + "\n", "problem_code")
            self.clean("agora/api/a_test.cpp", HEAD + literal + "\n")
        self.finds("agora/api/a.cpp", HEAD + 'const problem_code old{"stale", 412};\n', "another name")
        self.finds("agora/api/a.cpp", HEAD + 'const problem_code stale{"stale", 412};\nconst problem_code stale{"stale", 409};\n', "already defined")
        self.clean("agora/api/a.cpp", HEAD + 'return failure{problems::stale, "it has changed"};\n')
        for literal in ['errors.emplace_back("name", "invalid", "must be one line");', 'return field_error{"name", "invalid", "is empty"};']:
            self.finds("agora/api/a.cpp", HEAD + literal + "\n", "field_code")
        self.finds("agora/api/a.cpp", HEAD + 'const field_code odd{"invalid", "It is."};\n', "another name")
        self.clean("agora/api/a.cpp", HEAD + 'errors.emplace_back("name", field_codes::invalid, "must be one line");\n')
        self.clean("agora/http/a.cpp", HEAD + "co_await f(b ? 0 : 1);\n")

    def test_openings_words_and_options(self):
        long = "int a;\n" * 60
        self.finds("agora/http/a.cpp", HEAD + "#include <vector>\n" + long, "opens with")
        self.clean("agora/http/a.cpp", HEAD + "// What it is for,\n// and where to start.\n" + long)
        self.clean("agora/http/a.cpp", HEAD + "int a;\n")
        for text in ["// The name of who asks.", "int a;  // the node is told of it", "/// Vouches for it.".lower()]:
            self.finds("agora/http/a.cpp", HEAD + text + "\n", "write plainly")
        self.finds("docs/a.md", "Redis is away.\n", "write plainly")
        self.clean("agora/http/a.cpp", HEAD + 'auto a = "who asks";\n')
        fields = lambda n: "".join(f"    int f{i} = 0;  ///< seconds\n" for i in range(n))
        self.finds("agora/http/a.hpp", HEAD + "#pragma once\nstruct a_options {\n" + fields(9) + "};\n", "9 fields")
        self.clean("agora/http/a.hpp", HEAD + "#pragma once\nstruct a_options {\n" + fields(8) + "    int f() const;\n};\n")

    def test_headers_licences_links_migrations(self):
        self.finds("agora/http/a.hpp", HEAD, "no #pragma once")
        self.finds("agora/http/a.cpp", "int a;\n", "no SPDX")
        self.finds("README.md", "[x](docs/missing.md)\n", "leads nowhere")
        self.clean("README.md", "[x](https://a.example/b) [y](README.md#z)\n")
        self.finds("agora/storage/migrations/0002_x.sql", "", "expected number 0001")
        self.finds("data/large.bin", "x" * (1 << 20) + "x", "larger than 1 MiB")


class header_budget(unittest.TestCase):
    def reported(self, listed, lines):
        """What is reported of a.hpp, which has so many lines after the preprocessor."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in [("larder/include/larder/a.hpp", "// a comment\n\n" + "int f();\n" * lines), ("tests/tidy/header_budgets.txt", listed)]:
                os.makedirs(os.path.join(root, os.path.dirname(path)))
                with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                    f.write(text)
            return header_budgets.problems(root)

    def test_a_header_within_its_budget_passes(self):
        self.assertEqual(self.reported("# a comment\nlarder/a.hpp 10\n", 10), [])

    def test_a_header_beyond_its_budget_is_reported_with_the_line_to_change(self):
        self.assertRegex("".join(self.reported("larder/a.hpp 10\n", 11)), "11 lines exceed its budget of 10.*: larder/a.hpp 500$")

    def test_a_header_without_a_budget_is_reported_with_the_line_to_add(self):
        self.assertRegex("".join(self.reported("", 1000)), "has no budget.*: larder/a.hpp 1500$")

    def test_a_budget_without_a_header_is_reported(self):
        self.assertRegex("".join(self.reported("larder/a.hpp 10\nlarder/b.hpp 10\n", 1)), "^larder/b.hpp: there is no such header")


if __name__ == "__main__":
    unittest.main()
