#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs_test.py AGORA ROOT: runs every command of the ```sh blocks in Markdown files.

curl and agora commands must succeed; they run against a server of AGORA with the demo community and against a Redis.
Files that they leave in /tmp go into a temporary folder instead. Lines with ./dev are not run, but their verb must
exist. Each line of a ```cpp block must occur in one of the examples,
which are compiled.
"""
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

AGORA, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
SETTINGS = {"AGORA_SERVICE_TOKEN": "change-me-change-me"}


def commands():
    """Yields (file, command) for each line. Lines that end in a backslash are joined, comments are removed."""
    files = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout.split()
    for name in files:
        for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / name).read_text(), re.S | re.M):
            for line in block.replace("\\\n", " ").splitlines():
                line = re.sub(r"(^|\s)#.*", "", line).strip()
                if line:
                    yield name, line


def unknown_snippets():
    """Yields a complaint for each line of a ```cpp block that occurs in no example."""
    known = {line.strip() for file in (ROOT / "examples").glob("*.cpp") for line in file.read_text().splitlines()}
    files = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout.split()
    for name in files:
        if name == "docs/guides/add-a-feature.md":  # tests/guides compiles it
            continue
        for block in re.findall(r"^```cpp\n(.*?)^```", (ROOT / name).read_text(), re.S | re.M):
            yield from (f"{name}: no example has the line: {line}" for line in block.splitlines() if line.strip() not in known)


def start_redis(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(["/usr/bin/redis-server", "--port", str(port), "--save", "", "--bind", "127.0.0.1", "--dir", folder],
                              stdout=subprocess.PIPE, text=True)
    next(line for line in server.stdout if "eady to accept connections" in line)
    return server, port


def main():
    verbs = set(re.findall(r"^verb_(\w+)\(\)", (ROOT / "dev").read_text(), re.M))
    failures, count = list(unknown_snippets()), 0
    with tempfile.TemporaryDirectory() as folder:
        redis, redis_port = start_redis(folder)
        environment = {"PATH": os.environ["PATH"], "AGORA_DATA": folder, **SETTINGS}
        server = subprocess.Popen([AGORA, "serve", "--port", "0", "--demo", str(ROOT / "data/demo/bicycles.meta")],
                                  env={**environment, "ACCESS_LOG": "off"}, stdout=subprocess.PIPE, text=True)
        try:
            address = next(m.group(1) for m in (re.search(r"http://(127\.0\.0\.1:\d+)", line) for line in server.stdout)
                           if m)
            for name, command in commands():
                count += 1
                dev = re.match(r"(?:[A-Z_]+=\S+ )*\./dev(?: (\w+))?", command)
                if dev:
                    if dev.group(1) not in verbs | {None}:
                        failures.append(f"{name}: {command}: ./dev has no such verb")
                    continue
                ran = re.sub(r"(^|\s)(build/release/)?agora ", rf"\1{AGORA} ", command)
                ran = re.sub(r"(^|\s)curl ", r"\1curl -sS --fail-with-body --max-time 10 ", ran)
                ran = ran.replace("/tmp/", f"{folder}/").replace("127.0.0.1:8080", address).replace("127.0.0.1:6379", f"127.0.0.1:{redis_port}")
                for _ in range(5 if "redis check" in ran else 1):  # its targets are in ms, so a busy machine may miss them
                    result = subprocess.run(["bash", "-c", ran], env=environment, cwd=ROOT, capture_output=True, text=True,
                                            timeout=120)
                    if result.returncode == 0:
                        break
                if result.returncode != 0:
                    failures.append(f"{name}: {command}: exit {result.returncode}\n{result.stdout}{result.stderr}")
        finally:
            redis.kill()
            redis.wait()
            server.terminate()
            server.wait(timeout=20)
    if count == 0:
        failures.append("no command found")
    print(*failures, f"{count} commands", sep="\n")
    return bool(failures)


sys.exit(main())
