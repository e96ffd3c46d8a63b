#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""consume_test.py SOURCE BUILD COMPILER [--whole]: tests that other projects can use larder, by running their programs.

The programs use a real Redis. The examples and other_project/ use an installed larder by find_package and by pkg-config.
other_project/ also uses larder's sources by FetchContent: all components with --whole, otherwise only those that compile
quickly."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

source, build = map(pathlib.Path, sys.argv[1:3])
compiler = sys.argv[3]
whole = "--whole" in sys.argv
here = source / "tests/consume/other_project"
COMPONENTS = ["core", "json", "resp", "redis", "cache", "limit", "session"]
EXAMPLES = {
    "first_steps": "greeting: hello\nuser: Ann, 31\nvisits: 1, then WRONGTYPE\nbalance: 10\ntotal: 5\n",
    "without_asio": "hits: 1000\n",
    "events": "example:news: it works\n",
    "caching": "Ada, then hit_local, 1 query\nconfirmed\nnow Grace\nBob: not found\nreport of 2026\narchive of 1999\nwarmed: loaded\n"
               "Grace and from the batch\nexample:profile:42: A hit in L1.\n",
}
OTHER = "7, loaded; 7, hit_local; 40; one Asio\n"


def run(*command, limit=800, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=limit, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nexited with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def build_project(project, into, *settings, targets=("all",)):
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    run("cmake", "-S", project, "-B", into, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={compiler}", *settings, *launcher)
    run("cmake", "--build", into, "--target", *targets)


with tempfile.TemporaryDirectory() as temporary:
    folder = pathlib.Path(temporary)
    prefix = folder / "prefix"
    run("cmake", "--install", build, "--component", "larder", "--prefix", prefix)
    programs = {}

    build_project(source / "examples", folder / "examples", f"-DCMAKE_PREFIX_PATH={prefix}")
    programs |= {folder / "examples" / name: said for name, said in EXAMPLES.items()}

    installed, fetched = folder / "installed", folder / "fetched"
    build_project(here, installed, f"-DCMAKE_PREFIX_PATH={prefix}")
    soon = COMPONENTS if whole else ["core", "json", "resp"]
    build_project(here, fetched, f"-DLARDER_SOURCE={source}", targets=["all"] if whole else [f"uses_{c}" for c in soon])
    programs |= {installed / f"uses_{c}": None for c in COMPONENTS} | {fetched / f"uses_{c}": None for c in soon}
    programs |= {into / "other_project": OTHER for into in ([installed, fetched] if whole else [installed])}

    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "larder", env=environment).split()
    run(compiler, "-std=c++20", source / "examples/without_asio.cpp", "-o", folder / "larder", *flags)
    programs[folder / "larder"] = EXAMPLES["without_asio"]
    for c in COMPONENTS:
        # The object file was compiled with the flags of find_package; it is linked with those of pkg-config.
        compiled = installed / f"CMakeFiles/uses_{c}.dir/uses.cpp.o"
        libraries = run("pkg-config", "--libs", f"larder-{c}", env=environment).split()
        run(compiler, compiled, "-o", folder / f"larder-{c}", *libraries)
        programs[folder / f"larder-{c}"] = None

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
            said = run(program, f"redis://127.0.0.1:{port}", limit=60)
            if expected not in (None, said) or said == "":
                sys.exit(f"{program} printed\n{said}instead of\n{expected}")
    finally:
        server.kill()
        server.wait()
print(f"{len(programs)} programs work with {compiler}")
