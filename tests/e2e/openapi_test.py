#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""openapi_test.py AGORA ROOT: checks that the OpenAPI document says everything that a generator or a reader needs, and
that the bounds, words and defaults of the query parameters are those that the server enforces."""
import json
import re
import sys
import tempfile
import urllib.parse

from demo_server import OPERATOR, Server

AGORA, ROOT = sys.argv[1:3]
PROBES = {"/live", "/ready", "/api/health"}
complaints = []


def check(holds, text):
    if not holds:
        complaints.append(text)


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def check_schema(schema, where):
    """Every member that is not a reference has a description."""
    for name, member in schema.get("properties", {}).items():
        check(member.get("description"), f"{where}.{name} has no description")
        check_schema(member, f"{where}.{name}")
    if isinstance(schema.get("items"), dict):
        check_schema(schema["items"], where)


def check_parameter(p, where):
    where = f"{where} {p['in']} {p['name']}"
    schema = p["schema"]
    check(p.get("description", "").endswith("."), f"{where} has no description in whole sentences")
    if schema["type"] == "integer":
        check("minimum" in schema, f"{where} has no minimum")
        check("maximum" in schema or p["name"] in ("id", "user_id"), f"{where} has no maximum")
    if p["name"] in ("sort", "view"):
        check("enum" in schema, f"{where} has no enum")
    if "enum" in schema or (schema["type"] in ("integer", "boolean") and p["in"] == "query" and p["name"] != "user_id"):
        check("default" in schema, f"{where} has no default")


def check_operation(document, path, method, o):
    where = f"{method} {path}"
    check(re.fullmatch(r"[a-z]+(_[a-z]+)+|register", o["operationId"]), f"{where}: the name {o['operationId']}")
    check(o.get("summary"), f"{where} has no summary")
    check(len(o.get("description", "")) > 40, f"{where} has no description")
    check("security" in o, f"{where} does not say who may call it")
    check(set(o["tags"]) <= {t["name"] for t in document["tags"]}, f"{where} has a tag without description")
    for p in o.get("parameters", []):
        check_parameter(p, where)
    for status, answer in o["responses"].items():
        for kind, content in answer.get("content", {}).items():
            if status < "300" and kind == "application/json" and path != "/api/openapi.json":
                check("example" in content, f"{where} {status} has no example")
            if kind == "application/problem+json":
                check(content["schema"]["allOf"][1]["properties"]["code"]["enum"] == list(content["examples"]), f"{where} {status} has no codes")
    if path not in PROBES:
        check(any(s.startswith("4") for s in o["responses"]) or not o.get("parameters"), f"{where} has no errors")
    if body := o.get("requestBody"):
        check("example" in body["content"]["application/json"], f"{where} has no example of its body")


def check_document(document):
    ids = [o["operationId"] for _, _, o in operations(document)]
    check(len(ids) == len(set(ids)), "two operations have the same name")
    check(document["servers"] and document["info"]["description"] and document["info"]["license"], "the head is not complete")
    for tag in document["tags"]:
        check(tag["description"].endswith("."), f"the tag {tag['name']} has no description")
    for path, method, o in operations(document):
        check_operation(document, path, method, o)
    for name, schema in document["components"]["schemas"].items():
        check(re.fullmatch(r"([A-Z][a-z]+)+", name), f"the schema name {name} is not made of words")
        check(schema.get("description", "").endswith("."), f"{name} has no description")
        check_schema(schema, name)
    used = set(re.findall(r"#/components/(\w+/[\w-]+)", json.dumps(document)))
    for kind in ("schemas", "responses", "examples", "headers"):
        for name in document["components"][kind]:
            check(f"{kind}/{name}" in used, f"{kind}/{name} is not used")


def values_of(schema):
    """Values at and beyond the limits of a parameter, each with whether it is allowed."""
    for word in schema.get("enum", []):
        yield word, True
    if "enum" in schema:
        yield "no-such-word", False
    if "default" in schema:
        yield schema["default"], True
    if schema["type"] == "integer":
        yield from ((v, ok) for key, v, ok in (("minimum", 0, True), ("minimum", -1, False), ("maximum", 0, True), ("maximum", 1, False))
                    if key in schema for v in [schema[key] + v])
        yield "many", False
    if schema["type"] == "boolean":
        yield from ((v, True) for v in ("true", "false"))
        yield "perhaps", False


def check_limits(server, document):
    """Sends every GET with values at and beyond the documented limits."""
    for path, method, o in operations(document):
        if method != "get" or path == "/api/cached-data":
            continue
        real = re.sub(r"\{(\w+)\}", lambda m: "agora" if m[1] == "username" else "1", path)
        for p in o.get("parameters", []):
            for value, allowed in values_of(p["schema"]) if p["in"] == "query" else ():
                text = str(value).lower() if isinstance(value, bool) else str(value)
                needed = {"/api/admin/cache/explain": "&key=post:1"}.get(path, "")
                if p["name"] == "page":  # the last page depends on the limit
                    needed = "&limit=1"
                target = f"{real}?{p['name']}={urllib.parse.quote(text)}{needed}"
                status, body, _ = server.call("GET", target, token=OPERATOR)
                check((status != 422) == allowed, f"{target} answers {status}, but the document says that it is {'allowed' if allowed else 'refused'}: {body[:200]}")


with tempfile.TemporaryDirectory() as folder:
    running = Server(AGORA, ROOT, folder)
    try:
        text = running.call("GET", "/api/openapi.json")[1]
        described = json.loads(text)
        check_document(described)
        check_limits(running, described)
    finally:
        running.stop()
print("\n".join(complaints) if complaints else f"{len(described['paths'])} paths are described, in {len(text) // 1024} KiB")
sys.exit(1 if complaints else 0)
