#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""api_examples.py AGORA ROOT [--write]: records an example of every operation of the API from a server with the demo
community, and compares agora/docs/examples.txt with it, or writes it. Secrets, times and measurements are replaced, and
only the shape of a response is compared, because the demo's numbers depend on the machine.

A line is: operation, part, text. The part is `target` (the address), `request` (the body), or the status of a response.
"""
import json
import pathlib
import re
import sys
import tempfile

from demo_server import OPERATOR, Server

AGORA, ROOT, WRITE = sys.argv[1], pathlib.Path(sys.argv[2]), "--write" in sys.argv
FILE = ROOT / "agora/docs/examples.txt"
PASSWORD = "a quiet river bends"
SECRETS = {"access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI5MDAxIn0.c2lnbmF0dXJl",
           "refresh_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl",
           "csrf_token": "mB1xq0Yb3nUu7cJ4vO2dZg", "key": "agk_Jw4mYt0oZb1sVx7nQe5cRk3h", "next_cursor": "bmV3.MTI4.c2lnbmF0dXJl",
           "version": "1.0.0", "request_id": "4b1f6c2e9a7d4f0e", "agent": "curl/8.14.1", "address": "203.0.113.7", "computed_at": "Thu Jan 15 09:30:00 2026"}
NOW = "2026-01-15T09:30:00.000Z"


def masked(value, name=""):
    if isinstance(value, dict):
        return {k: masked(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [masked(v, name) for v in value[:2]]
    if isinstance(value, float):
        return round(value, 2) if value < 1e6 else 1768469400.25
    if isinstance(value, str) and name in SECRETS and value and (name != "key" or value.startswith("agk_")):
        return SECRETS[name]
    if isinstance(value, str) and name == "id":
        return "Rk3hJw4mYt0oZb1s"
    if isinstance(value, str) and re.match(r"20(2[5-9]|[3-9]\d)-\d\d-\d\dT", value):
        return NOW
    return value


def shape(value):
    """The names and types in a value; those of the first element of a list, and null as any type."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    if isinstance(value, list):
        return [shape(v) for v in value[:1]]
    return None if value is None else "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


def alike(a, b):
    if a is None or b is None:
        return True
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return not a or not b or alike(a[0], b[0])
    return a == b


class Recorder:
    def __init__(self, server):
        self.server, self.lines = server, []

    def note(self, operation, part, text):
        self.lines.append((operation, part, text))

    def send(self, operation, method, target, body=None, token=None, fields=None, shown=None):
        """Sends a request and records it. `shown` is the body to record, when the one that is sent has a secret."""
        status, text, _ = self.server.call(method, target, body, token, fields)
        assert status < 300, f"{operation}: {method} {target} answers {status} {text}"
        self.planned(operation, target, shown or body)
        if text and operation not in ("get_openapi", "get_metrics"):
            self.note(operation, str(status), json.dumps(masked(json.loads(text)), ensure_ascii=False, separators=(",", ":")))
        return json.loads(text) if text and operation != "get_metrics" else None

    def planned(self, operation, target, body=None):
        """Records a request that cannot be sent here, because it needs a token from an email, or has no body to show."""
        self.note(operation, "target", target)
        if body is not None:
            self.note(operation, "request", json.dumps(masked(body), ensure_ascii=False, separators=(",", ":")))


def record_reading(r):
    r.send("list_posts", "GET", "/api/posts?sort=top&limit=2")
    r.send("list_posts_of_user", "GET", "/api/posts/user/3?limit=1")
    r.send("get_post", "GET", "/api/posts/5")
    r.send("list_comments", "GET", "/api/posts/5/comments?view=tree&limit=1")
    r.send("get_comment", "GET", "/api/comments/3")
    r.send("list_categories", "GET", "/api/categories")
    r.send("list_posts_of_category", "GET", "/api/categories/1/posts?limit=1")
    r.send("list_tags", "GET", "/api/tags?limit=2")
    r.send("get_user", "GET", "/api/users/3")
    name = r.server.call("GET", "/api/users/3")[1]
    r.send("get_user_by_name", "GET", "/api/users/by-name/" + json.loads(name)["username"])
    r.send("list_users", "GET", "/api/users/list?search=a&limit=2")
    r.send("get_public_keys", "GET", "/.well-known/jwks.json")


def record_accounts(r):
    registration = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    tokens = r.send("register", "POST", "/api/auth/register", registration)
    credentials = {"username": "ada", "password": PASSWORD}
    r.send("sign_in", "POST", "/api/auth/login", credentials)
    r.send("refresh_tokens", "POST", "/api/auth/refresh", {"refresh_token": tokens["refresh_token"]})
    _, text, fields = r.server.call("POST", "/api/sessions", credentials)
    cookie = fields["Set-Cookie"].split(";")[0]
    r.planned("start_session", "/api/sessions", credentials)
    r.note("start_session", "201", json.dumps(masked(json.loads(text)), separators=(",", ":")))
    r.send("get_session", "GET", "/api/sessions/current", fields={"Cookie": cookie})
    token = tokens["access_token"]
    sign_ins = r.send("list_sign_ins", "GET", "/api/sessions", token=token)
    for operation, target in (("get_account", "/api/auth/me"), ("get_own_user", "/api/users/me")):
        r.send(operation, "GET", target, token=token)
    r.send("update_profile", "PUT", "/api/users/me", {"display_name": "Ada", "bio": "Repairs old frames."}, token)
    r.send("create_api_key", "POST", "/api/api-keys", {"name": "backup script", "scopes": ["read"], "expires_in_days": 90}, token)
    keys = r.send("list_api_keys", "GET", "/api/api-keys", token=token)
    r.send("revoke_api_key", "DELETE", f"/api/api-keys/{keys['data'][0]['id']}", token=token)
    r.send("forgot_password", "POST", "/api/auth/password/forgot", {"email": "ada@example.org"})
    r.send("resend_verification", "POST", "/api/auth/resend-verification", token=token)
    r.send("change_email", "PUT", "/api/auth/email", {"email": "ada@example.net", "password": PASSWORD}, token)
    from_email = "Vx7nQe5cRk3hJw4mYt0oZb1s"
    r.planned("reset_password", "/api/auth/password/reset", {"token": from_email, "new_password": "another quiet river"})
    r.planned("verify_email", "/api/auth/verify-email", {"token": from_email})
    r.planned("confirm_email", "/api/auth/email/confirm", {"token": from_email})
    other = next(s["id"] for s in sign_ins["data"] if not s["current"])
    assert r.server.call("DELETE", "/api/sessions/" + other, token=token)[0] == 204
    r.planned("end_sign_in", "/api/sessions/Rk3hJw4mYt0oZb1s")
    r.send("end_other_sign_ins", "DELETE", "/api/sessions", token=token)
    return token


def record_writing(r, token):
    post = r.send("create_post", "POST", "/api/posts",
                  {"title": "Which grease for a coaster brake?", "body": "Mine squeals in the **rain**. Is lithium grease enough?",
                   "category": "bicycles.meta", "tags": ["discussion"]}, token)
    at = f"/api/posts/{post['id']}"
    anyone = {"If-Match": "*"}
    r.send("update_post", "PATCH", at, {"title": "Which grease for a squealing coaster brake?"}, token, anyone)
    r.send("replace_post", "PUT", at, {"title": "Which grease for a coaster brake?", "body": "Mine squeals in the rain.", "tags": ["discussion"]}, token, anyone)
    comment = r.send("create_comment", "POST", at + "/comments", {"body": "A thin film of lithium grease has worked for years."}, token)
    there = f"/api/comments/{comment['id']}"
    r.send("update_comment", "PUT", there, {"body": "A *thin* film of lithium grease has worked for years."}, token, anyone)
    r.send("delete_comment", "DELETE", there, token=token, fields=anyone)
    r.send("delete_post", "DELETE", at, token=token, fields=anyone)
    r.send("follow_user", "PUT", "/api/users/3/follow", token=token)
    r.send("follow_user_by_post", "POST", "/api/users/3/follow", token=token)
    r.send("list_followers", "GET", "/api/users/3/followers?limit=2")
    me = json.loads(r.server.call("GET", "/api/auth/me", token=token)[1])["id"]
    r.send("list_following", "GET", f"/api/users/{me}/following?limit=2")
    r.send("unfollow_user", "DELETE", "/api/users/3/follow", token=token)
    return me


def record_operating(r, me):
    r.send("set_role", "PUT", f"/api/admin/users/{me}/role", {"role": "moderator"}, OPERATOR)
    r.send("list_security_events", "GET", "/api/admin/security-events?limit=2", token=OPERATOR)
    r.send("get_cache_stats", "GET", "/api/admin/cache/stats", token=OPERATOR)
    r.send("list_cache_keys", "GET", "/api/admin/cache/keys?region=post&limit=2", token=OPERATOR)
    r.server.call("GET", "/api/posts/5")  # so that it is fresh
    r.send("explain_cache_key", "GET", "/api/admin/cache/explain?key=post:5", token=OPERATOR)
    r.send("clear_cache", "POST", "/api/admin/cache/clear", {"region": "posts:list", "dry_run": True}, OPERATOR)
    r.send("warm_cache", "POST", "/api/admin/cache/warm", {"regions": ["post"], "limit": 1}, OPERATOR)
    while r.server.call("GET", "/api/admin/cache/warm", token=OPERATOR)[1].find('"running"') != -1:
        pass
    r.send("get_warming", "GET", "/api/admin/cache/warm", token=OPERATOR)
    r.send("refresh_cache", "POST", "/api/admin/cache/refresh", {"regions": ["post"], "limit": 1}, OPERATOR)
    for operation, target in (("get_health", "/api/health"), ("get_liveness", "/live"), ("get_readiness", "/ready"), ("get_deep_health", "/health/deep"),
                              ("get_cache_health", "/health/cache"), ("get_version", "/api/version"), ("get_rate_limited", "/api/rate-limited"),
                              ("get_slow_limited", "/api/slow-limited"), ("get_cached_data", "/api/cached-data?user_id=7"), ("get_openapi", "/api/openapi.json")):
        r.send(operation, "GET", target)
    r.send("invalidate_cached_data", "POST", "/api/invalidate-cache", {"user_id": "7"})
    r.send("get_metrics", "GET", "/metrics", token=OPERATOR)


def record(server):
    r = Recorder(server)
    record_reading(r)
    token = record_accounts(r)
    me = record_writing(r, token)
    record_operating(r, me)
    r.send("change_password", "PUT", "/api/auth/password", {"old_password": PASSWORD, "new_password": "another quiet river"}, token)
    r.planned("sign_out", "/api/auth/logout")
    r.send("delete_account", "DELETE", "/api/users/me?scrub=true", {"password": "another quiet river"}, token)
    return r.lines


def complaints_about(recorded, document):
    """Compares with the file, and says which operation has no example."""
    kept = {tuple(line.split(" ", 2)[:2]): line.split(" ", 2)[2] for line in FILE.read_text().splitlines()}
    new = {(operation, part): text for operation, part, text in recorded}
    for key in sorted(kept.keys() ^ new.keys()):
        yield f"{' '.join(key)} is {'new' if key in new else 'no longer recorded'}"
    for key in kept.keys() & new.keys():
        same = kept[key] == new[key] if key[1] == "target" else alike(shape(json.loads(kept[key])), shape(json.loads(new[key])))
        if not same:
            yield f"{' '.join(key)} has changed:\n  {kept[key][:300]}\n  {new[key][:300]}"
    for path in document["paths"].values():
        for operation in path.values():
            if (operation["operationId"], "target") not in kept:
                yield f"{operation['operationId']} has no example"


with tempfile.TemporaryDirectory() as folder:
    server = Server(AGORA, ROOT, folder)
    try:
        lines = record(server)
        described = json.loads(server.call("GET", "/api/openapi.json")[1])
    finally:
        server.stop()
if WRITE:
    FILE.write_text("".join(f"{operation} {part} {text}\n" for operation, part, text in lines))
wrong = list(complaints_about(lines, described))
print("\n".join(wrong) if wrong else f"{len(lines)} examples are as recorded")
if wrong:
    print("agora/docs/examples.txt is not what the server answers; run ./dev docs")
sys.exit(1 if wrong else 0)
