# SPDX-License-Identifier: MIT
"""The benchmarks of accounts, which bench/run calls: signed-in reads, rate limits, and a flood of sign-ins.

signed_in(), limits() and flood() each return the tables of one section of bench/README.md.
"""
import contextlib
import json
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

import measure
from measure import BUILD, REDIS_PORT, agora, progress, redis_server, run_json, run_lengths

MEMBER = {"username": "reader", "password": "kelp-morning-7"}
REDIS = {"REDIS_URL": f"redis://127.0.0.1:{REDIS_PORT}"}


def post(server, path, body, fields=None):
    """Returns the response's JSON and its header fields."""
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json", **(fields or {})})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read()), answer.headers


def redis_info(section):
    with socket.create_connection(("127.0.0.1", REDIS_PORT)) as c:
        c.sendall(f"INFO {section}\r\n".encode())
        text = c.recv(65536).decode()
    return {k: float(v) for k, v in re.findall(r"^(\w+):([0-9.]+)\r?$", text, re.M)}


def signed_in(options):
    """The same page for a guest, and for a member who is authenticated by a token, a key or a cookie; all on Redis."""
    path = "/api/posts"
    with measure.work_folder() as folder, redis_server():
        with agora("agora", folder / "data", path, REDIS) as server:
            tokens, _ = post(server, "/api/auth/register", {**MEMBER, "email": "reader@example.org"})
            token = {"Authorization": "Bearer " + tokens["access_token"]}
            key, _ = post(server, "/api/api-keys", {"name": "bench"}, token)
            _, fields = post(server, "/api/sessions", MEMBER)
        known_by = {"a guest": {}, "a member, by token": token,
                    "a member, by API key": {"Authorization": "Bearer " + key["key"]},
                    "a member, by cookie": {"Cookie": fields["Set-Cookie"].split(";")[0]}}
        servers = []
        for n, (name, sent) in enumerate(known_by.items()):
            server = agora(name, folder / "data", path, REDIS)
            server.script = folder / f"{n}.lua"
            server.script.write_text("".join(f'wrk.headers["{k}"] = "{v}"\n' for k, v in sent.items()))
            servers.append(server)
        results = measure.rounds(servers, **run_lengths(options))
        calls = {s.name: redis_calls(s, 5 if options.quick else 30) for s in servers}
    guest = results["a guest"]
    rows = [[s.name, measure.us_with_range(results[s.name]), f"{measure.ratio(results[s.name], guest):.2f}",
             f"{measure.median(results[s.name], 'rps'):.0f}", f"{calls[s.name]:.5f}"] for s in servers]
    return measure.table([f"`GET {path}`, 64 connections, on Redis", "CPU us/request", "vs a guest", "requests/s",
                          "Redis calls/request"], rows)


def redis_calls(server, seconds):
    """The number of commands that Redis receives per request while the load runs, including heartbeats and the relay."""
    with server:
        measure.load(server.url, 64, 1, server.script)
        before = redis_info("stats")["total_commands_processed"]
        requests = measure.load(server.url, 64, seconds, server.script)
        return (redis_info("stats")["total_commands_processed"] - before - 1) / requests


def limits(options):
    load, seconds = BUILD / "bench" / "limit_load", 2 if options.quick else 10
    with redis_server():
        rounds = [run_json(1, [load, REDIS_PORT, "local"]) for _ in range(3 if options.quick else 9)]
        local = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
        exact = run_json(1, [load, REDIS_PORT, "exact", seconds])
        progress(f"exact: {exact}")
        shared = []
        for name, rate, quota in (("half the quota", 500, 4000), ("1.5 times the quota", 1500, 4000),
                                  ("10 times the quota", 10_000, 4000), ("10 times the quota, 100 a second", 250, 100)):
            runs = [subprocess.Popen([str(load), str(REDIS_PORT), "shared", str(seconds), str(rate), str(quota), str(rate)],
                                     stdout=subprocess.PIPE, text=True) for _ in range(4)]
            found = [json.loads(r.communicate(timeout=seconds + 30)[0]) for r in runs]
            total = {k: sum(f[k] for f in found) for k in ("hits", "allowed", "asked", "unshared")}
            if total["unshared"]:
                sys.exit("Redis did not answer in time, so nothing was measured")
            most = quota * max(f["seconds"] for f in found) + quota
            shared.append([f"{name}: 4 x {rate}/s on {quota}/s, burst {quota}", total["hits"], total["allowed"], f"{most:.0f}",
                           f"{100 * max(0, total['allowed'] / most - 1):.2f} %", f"{total['asked'] / total['hits']:.4f}"])
            progress(f"{name}: {total}")
    return "\n\n".join([
        measure.table(["a decision of an approximate rule, in this process", "CPU ns"], [
            ["with a token borrowed from Redis", f"{local['borrowed']:.0f}"],
            ["in memory, one client", f"{local['one']:.0f}"],
            ["in memory, 10,000 clients in turn", f"{local['many']:.0f}"]]),
        measure.table([f"four processes, one client, {seconds} s", "hits", "admitted", "quota and burst", "in excess", "Redis calls/hit"], shared),
        f"An exact rule, one call at a time: {exact['hits']} hits, {exact['allowed']} admitted, {exact['asked']} Redis calls, "
        f"{exact['cpu_us']:.1f} us CPU per hit."])


def flood(options):
    """Sign-ins with wrong passwords at 500 a second, each from another address, while other clients read."""
    seconds, count = (3, 1) if options.quick else (10, 5)
    settings = {"TRUSTED_PROXIES": "127.0.0.1", "LOOPS": "1"}
    calm, beside, answers, memory = [], [], [], []
    with measure.work_folder() as folder:
        for n in range(count):
            with agora("agora", folder / "data", "/api/posts", settings) as server:
                targets = ["/api/posts", "/api/posts/1", "/api/tags"]
                measure.latency(server, 1, targets)
                calm.append(measure.latency(server, seconds, targets)["hits"])
                before = measure.resident_mb(server.pids(), "VmHWM")
                sign_ins = subprocess.Popen(["taskset", "-c", "1", str(BUILD / "bench" / "login_flood"), str(server.port),
                                             str(seconds + 1), "500"], stdout=subprocess.PIPE, text=True)
                time.sleep(0.5)
                beside.append(measure.latency(server, seconds, targets)["hits"])
                answers.append(json.loads(sign_ins.communicate(timeout=seconds + 30)[0]))
                memory.append(measure.resident_mb(server.pids(), "VmHWM") - before)
                same = times_of_sign_in(server, 10 if options.quick else 40) if n == count - 1 else []
            progress(f"round {n + 1} of {count}: {answers[-1]}")
    rows = []
    for name, taken in (("without the flood", calm), ("during 500 sign-ins a second", beside)):
        rows.append([name, *(f"{statistics.median(t[k] for t in taken) / 1000:.2f}" for k in ("p50_us", "p99_us", "max_us"))])
    worse = statistics.median(b["p99_us"] / a["p99_us"] for a, b in zip(calm, beside))
    sign_in_rows = []
    for status, meaning in (("401", "password hashed, and wrong"), ("503", "refused at once"), ("429", "over the limit of the address")):
        seen = [a[status] for a in answers if status in a]
        if seen:
            sign_in_rows.append([f"{status}, {meaning}", sum(s["count"] for s in seen),
                                 *(f"{statistics.median(s[k] for s in seen):.2f}" for k in ("p50_ms", "p99_ms", "max_ms"))])
    return "\n\n".join([
        measure.table(["cached reads, 16 connections", "p50 ms", "p99 ms", "slowest ms"], rows),
        measure.table(["sign-ins", "count", "p50 ms", "p99 ms", "slowest ms"], sign_in_rows),
        f"The reads' p99 during the flood is {worse:.2f} of normal. The peak of memory grew by {max(memory):.0f} MB at most.",
        measure.table(["two cases that must take equally long", "first, median ms", "second, median ms"], same)])


def times_of_sign_in(server, count):
    """Median times of pairs of requests whose durations must not differ, measured in turn. Each request has its own account
    and address, so that no limit applies."""
    addresses = iter(range(1, 1 << 16))

    def once(path, body):
        n = next(addresses)
        begin = time.monotonic()
        with contextlib.suppress(urllib.error.HTTPError):
            post(server, path, body, {"X-Forwarded-For": f"10.8.{n // 250}.{n % 250}"})
        return (time.monotonic() - begin) * 1000

    def member(name, email):
        return {"username": name, "email": f"{email}@example.org", "password": "kelp-morning-7"}

    pairs = {"signing in: a wrong password, or an unknown name": ([], []),
             "a forgotten password: a member's address, or an unknown one": ([], []),
             "registering: with a member's address, or with a new one": ([], [])}
    for n in range(count):
        once("/api/auth/register", member(f"member{n}", f"member{n}"))
        asked = [("/api/auth/login", {"username": f"member{n}", "password": "another-one-8"}, {"username": f"nobody{n}", "password": "another-one-8"}),
                 ("/api/auth/password/forgot", {"email": f"member{n}@example.org"}, {"email": f"nobody{n}@example.org"}),
                 ("/api/auth/register", member(f"taken{n}", f"member{n}"), member(f"fresh{n}", f"fresh{n}"))]
        for (path, one, other), (ones, others) in zip(asked, pairs.values()):
            both = [(ones, one), (others, other)]
            for taken, body in both if n % 2 else reversed(both):  # so that neither case always comes first
                taken.append(once(path, body))
    return [[name, f"{statistics.median(one):.2f}", f"{statistics.median(other):.2f}"] for name, (one, other) in pairs.items()]
