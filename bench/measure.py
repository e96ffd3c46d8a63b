# SPDX-License-Identifier: MIT
"""How bench/run measures: one server on core 0, the load on core 1, rounds of all servers interleaved.

Start at rounds(): it calls one_round() for each Server, and table() prints the results. system_calls(), allocations()
and latency() are separate measurements.
"""
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench"
AGORA = str(BUILD / "agora")
DEMO = ROOT / "data" / "demo" / "bicycles.meta"
TICK = os.sysconf("SC_CLK_TCK")
REDIS_PORT = 9320
TOKEN = "the-token-of-the-bench"
QUIET = {"ACCESS_LOG": "off", "LOG_LEVEL": "error"}


def progress(text):
    print(text, file=sys.stderr, flush=True)


def process_tree(pid):
    pids = [pid]
    for p in pids:
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{p}/task"):
                pids += [int(c) for c in pathlib.Path(f"/proc/{p}/task/{task}/children").read_text().split()]
    return pids


def cpu_seconds(pids):
    """The user and system time of the processes."""
    total = 0
    for p in pids:
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{p}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICK


def resident_mb(pids, field="VmRSS"):
    total = 0
    for p in pids:
        with contextlib.suppress(OSError, AttributeError):
            total += int(re.search(field + r":\s+(\d+)", pathlib.Path(f"/proc/{p}/status").read_text()).group(1))
    return total / 1024


def fetch(url, fields=None):
    with urllib.request.urlopen(urllib.request.Request(url, headers=fields or {}), timeout=5) as answer:
        return answer.read()


class Server:
    """A process on core 0 that listens on a port. It is killed at the end of the `with` block."""

    def __init__(self, name, command, port, path, environment=None, script=None):
        self.name, self.command, self.port, self.path, self.script = name, command, port, path, script
        self.environment = {**os.environ, **(environment or {})}
        self.url = f"http://127.0.0.1:{port}{path}"

    def __enter__(self):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(["taskset", "-c", "0"] + self.command, env=self.environment, stdout=self.log,
                                        stderr=self.log, start_new_session=True)
        deadline = time.monotonic() + 30
        while True:
            try:
                self.body = fetch(self.url)
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.log.seek(0)
                    sys.exit(f"{self.name} does not respond at {self.url}:\n{self.log.read().decode(errors='replace')}")
                time.sleep(0.02)

    def __exit__(self, *_):
        # Parents first: nginx's master would replace a worker that dies, and the new worker would keep the port.
        for pid in process_tree(self.process.pid):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def pids(self):
        return process_tree(self.process.pid)


def load(url, connections, seconds, script=None):
    """Runs wrk on core 1 and returns the number of requests that were answered. A Lua script may choose the requests."""
    chosen = ["-s", str(script)] if script else []
    text = subprocess.run(["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *chosen, url],
                          capture_output=True, text=True, timeout=seconds + 30, check=True).stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if bad:
        sys.exit(f"{url}: {bad.group(1)} responses were not successful")
    return int(re.search(r"(\d+) requests in", text).group(1))


def one_round(server, connections, seconds):
    """CPU time per request, requests per second and memory, after a warm-up of one second."""
    with server:
        load(server.url, connections, 1, server.script)
        pids = server.pids()
        before, begin = cpu_seconds(pids), time.monotonic()
        requests = load(server.url, connections, seconds, server.script)
        elapsed = time.monotonic() - begin
        return {"us": (cpu_seconds(pids) - before) * 1e6 / requests, "rps": requests / elapsed,
                "mb": resident_mb(pids), "bytes": len(server.body),
                "digest": hashlib.sha256(server.body).hexdigest()}


def rounds(servers, connections=64, seconds=4, count=5):
    """Runs interleaved rounds of all servers. Returns {name: [round, ...]}."""
    results = {s.name: [] for s in servers}
    for n in range(count):
        for s in servers:
            r = one_round(s, connections, seconds)
            results[s.name].append(r)
            progress(f"round {n + 1} of {count}, {s.name}: {r['us']:.2f} us per request, {r['rps']:.0f}/s")
    return results


def median(results, field):
    return statistics.median(r[field] for r in results)


def us_with_range(results):
    values = [r["us"] for r in results]
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def ratio(results, base):
    """The median over all rounds of the quotient within a round."""
    return statistics.median(r["us"] / b["us"] for r, b in zip(results, base))


def system_calls(server, connections, seconds=3):
    """Returns the system calls per request under load, counted by strace, in total and by name."""
    with server, tempfile.NamedTemporaryFile("r") as out:
        load(server.url, connections, 1)
        tracer = subprocess.Popen(["strace", "-f", "-c", "-o", out.name] + [f"-p{pid}" for pid in server.pids()],
                                  stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        requests = load(server.url, connections, seconds)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(timeout=20)
        calls = {}
        for line in out.read().splitlines():
            fields = line.split()
            if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
                calls[fields[-1]] = int(fields[3])
        return sum(calls.values()) / requests, {k: round(v / requests, 2) for k, v in calls.items() if v * 100 > requests}


def allocations(server, connections, seconds=3):
    """Returns the heap allocations per request after warm-up, and the number of requests over which they were counted.

    A preloaded library counts them. The result is the difference between a long and a short load, so that the
    allocations of the connections themselves are left out."""
    with tempfile.NamedTemporaryFile() as counter:
        counter.write(bytes(8))
        counter.flush()

        def counted_load(duration):
            before = struct.unpack("Q", pathlib.Path(counter.name).read_bytes())[0]
            requests = load(server.url, connections, duration)
            return struct.unpack("Q", pathlib.Path(counter.name).read_bytes())[0] - before, requests

        preload = {"LD_PRELOAD": str(BUILD / "larder" / "testing" / "libcount_allocations.so"), "ALLOCATION_COUNTER": counter.name}
        with Server(server.name, server.command, server.port, server.path, {**server.environment, **preload}):
            counted_load(1)
            short, fewer = counted_load(1)
            long, more = counted_load(1 + seconds)
            if short == 0:
                sys.exit("the preloaded library has counted no allocations: is it loaded?")
            return max(0, long - short) / (more - fewer), more - fewer


def run_lengths(options):
    return {"count": 1, "seconds": 1} if options.quick else {"count": 5, "seconds": 4}


def agora(name, folder, path, settings=None, port=9310):
    return Server(name, [AGORA, "serve", "--port", str(port), "--data", str(folder), "--demo", str(DEMO)], port, path,
                  {**QUIET, "AGORA_SERVICE_TOKEN": TOKEN, **(settings or {})})


@contextlib.contextmanager
def redis_server():
    """An empty Redis on core 0, without persistence."""
    server = subprocess.Popen(["taskset", "-c", "0", "redis-server", "--port", str(REDIS_PORT), "--save", "", "--bind", "127.0.0.1"],
                              stdout=subprocess.PIPE, text=True)
    try:
        next(line for line in server.stdout if "eady to accept" in line)
        yield server
    finally:
        server.kill()
        server.wait()


def run_json(core, command):
    return json.loads(subprocess.run(["taskset", "-c", str(core), *map(str, command)], capture_output=True, text=True, check=True).stdout)


def latency(server, seconds, targets, connections=16, pause_us=2000):
    return run_json(1, [BUILD / "bench" / "http_latency", server.port, seconds, connections, pause_us, *targets])


@contextlib.contextmanager
def work_folder():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="agora-bench-"))
    folder.chmod(0o755)  # nginx's workers run as another user
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(["---"] + ["---:"] * (len(header) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows])
