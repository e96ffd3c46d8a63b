#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""consume_test.py SOURCE BUILD: installs larder into a temporary folder, builds the examples against it with
find_package, one of them with pkg-config, and runs all against a real Redis."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

source, build = map(pathlib.Path, sys.argv[1:3])
EXPECTED = {
    "first_steps": "greeting: hello\nuser: Ann, 31\nvisits: 1, then WRONGTYPE\nbalance: 10\ntotal: 5\n",
    "without_asio": "hits: 1000\n",
    "events": "example:news: it works\n",
    "caching": "Ada, then hit_local, 1 query\nconfirmed\nnow Grace\nBob: there is none\nreport of 2026\narchive of 1999\nwarmed: loaded\n"
               "Grace and from the batch\nexample:profile:42: A hit in L1.\n",
}


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=280, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nexited with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


with tempfile.TemporaryDirectory() as temporary:
    folder = pathlib.Path(temporary)
    prefix = folder / "prefix"
    run("cmake", "--install", build, "--component", "larder", "--prefix", prefix)
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    run("cmake", "-S", source / "examples", "-B", folder / "examples", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}", *launcher)
    run("cmake", "--build", folder / "examples")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "larder", env=environment).split()
    run("g++", source / "examples/without_asio.cpp", "-o", folder / "by_pkg_config", *flags)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(["/usr/bin/redis-server", "--port", str(port), "--save", "", "--bind", "127.0.0.1", "--dir", temporary],
                              stdout=subprocess.PIPE, text=True)
    try:
        for line in server.stdout:
            if "eady to accept connections" in line:
                break
        programs = {name: folder / "examples" / name for name in EXPECTED} | {"by_pkg_config": folder / "by_pkg_config"}
        for name, program in programs.items():
            said = run(program, f"redis://127.0.0.1:{port}")
            expected = EXPECTED.get(name, EXPECTED["without_asio"])
            if said != expected:
                sys.exit(f"{name} said\n{said}instead of\n{expected}")
    finally:
        server.kill()
        server.wait()
print("the examples work from an install tree")
