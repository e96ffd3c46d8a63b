# SPDX-License-Identifier: MIT
"""A server with the demo community, for the tests in Python."""
import json
import pathlib
import re
import subprocess
import urllib.error
import urllib.request

OPERATOR = "python-tests-service-token"  # authenticates an admin


class Server:
    """A running agora with the demo community."""

    def __init__(self, agora, root, folder):
        self.process = subprocess.Popen([agora, "serve", "--port", "0", "--data", folder, "--demo", str(pathlib.Path(root) / "data/demo/bicycles.meta")],
                                        env={"ACCESS_LOG": "off", "LOG_LEVEL": "error", "LOOPS": "1", "AGORA_SERVICE_TOKEN": OPERATOR},
                                        stdout=subprocess.PIPE, text=True)
        self.base = None
        for line in self.process.stdout:
            if m := re.search(r"serves on (http://\S+)", line):
                self.base = m[1]
            if "openapi.json" in line:
                break
        assert self.base, "agora did not start"

    def call(self, method, target, body=None, token=None, fields=None):
        request = urllib.request.Request(self.base + target, method=method, headers=fields or {})
        if token:
            request.add_header("Authorization", "Bearer " + token)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode(), e.headers

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
