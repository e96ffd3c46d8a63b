#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""consume_test.py SOURCE BUILD COMPILER: other projects use larder in each way there is, and run against a real Redis.
The examples and other_project/ take an installed larder by find_package and by pkg-config, other_project/ also takes its
sources by FetchContent."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

source, build = map(pathlib.Path, sys.argv[1:3])
compiler = sys.argv[3]
here = source / "tests/consume/other_project"
COMPONENTS = ["core", "json", "resp", "redis", "cache", "limit", "session"]
EXAMPLES = {
    "first_steps": "greeting: hello\nuser: Ann, 31\nvisits: 1, then WRONGTYPE\nbalance: 10\ntotal: 5\n",
    "without_asio": "hits: 1000\n",
    "events": "example:news: it works\n",
    "caching": "Ada, then hit_local, 1 query\nconfirmed\nnow Grace\nBob: there is none\nreport of 2026\narchive of 1999\nwarmed: loaded\n"
               "Grace and from the batch\nexample:profile:42: A hit in L1.\n",
}
OTHER = "7, loaded; 7, hit_local; 40; one Asio\n"


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=800, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nexited with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def build_project(project, into, *settings):
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    run("cmake", "-S", project, "-B", into, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={compiler}", *settings, *launcher)
    run("cmake", "--build", into)


with tempfile.TemporaryDirectory() as temporary:
    folder = pathlib.Path(temporary)
    prefix = folder / "prefix"
    run("cmake", "--install", build, "--component", "larder", "--prefix", prefix)
    programs = {}

    build_project(source / "examples", folder / "examples", f"-DCMAKE_PREFIX_PATH={prefix}")
    programs |= {folder / "examples" / name: said for name, said in EXAMPLES.items()}

    build_project(here, folder / "installed", f"-DCMAKE_PREFIX_PATH={prefix}")
    # As deep below the sources as the build they were compiled in, with its options: what ccache knows is not compiled again.
    fetched = build.parent / f"consume-{compiler}"
    build_project(here, fetched, f"-DLARDER_SOURCE={source}", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG")
    for into in (folder / "installed", fetched):
        programs |= {into / "other_project": OTHER} | {into / f"uses_{c}": None for c in COMPONENTS}

    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
    for package in ["larder"] + [f"larder-{c}" for c in COMPONENTS]:
        flags = run("pkg-config", "--cflags", "--libs", package, env=environment).split()
        used = package.removeprefix("larder-") if package != "larder" else "session"
        run(compiler, "-std=c++20", f"-DUSES_{used}", here / "uses.cpp", "-o", folder / package, *flags)
        programs[folder / package] = None

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(["/usr/bin/redis-server", "--port", str(port), "--save", "", "--bind", "127.0.0.1", "--dir", temporary],
                              stdout=subprocess.PIPE, text=True)
    try:
        for line in server.stdout:
            if "eady to accept connections" in line:
                break
        for program, expected in programs.items():
            said = run(program, f"redis://127.0.0.1:{port}")
            if expected not in (None, said) or said == "":
                sys.exit(f"{program} said\n{said}instead of\n{expected}")
    finally:
        server.kill()
        server.wait()
print(f"{len(programs)} programs work with {compiler}")
