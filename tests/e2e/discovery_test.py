#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""discovery_test.py AGORA ROOT: what programs read of a whole community.

Parses the Atom feeds, the sitemap with its parts, robots.txt and security.txt of the demo community, and follows some of
the addresses in them. All of them must begin with PUBLIC_URL, whatever Host the request names.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree

AGORA, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
PUBLIC = "https://forum.example.org"
ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

failures = []


def check(holds, what):
    if not holds:
        failures.append(what)


class Site:
    def __init__(self, address):
        self.address = address

    def get(self, path, **fields):
        """Returns status, header and body. Path may be an address that begins with PUBLIC_URL."""
        request = urllib.request.Request(self.address + path.removeprefix(PUBLIC), headers={"Host": "evil.example", **fields})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read()


def check_feed(site, path):
    status, header, body = site.get(path)
    check(status == 200 and header["Content-Type"] == "application/atom+xml; charset=utf-8", f"{path}: {status} {header['Content-Type']}")
    check(site.get(path, **{"If-None-Match": header["ETag"] or ""})[0] == 304, f"{path}: no 304")
    check(b"evil.example" not in body, f"{path}: an address comes from the request")
    feed = ElementTree.fromstring(body)
    check(feed.tag == ATOM + "feed" and feed.findtext(ATOM + "id") == PUBLIC + path, f"{path}: its id")
    entries = feed.findall(ATOM + "entry")
    check(0 < len(entries) <= 20, f"{path}: {len(entries)} entries")
    check(len({e.findtext(ATOM + "id") for e in entries}) == len(entries), f"{path}: two entries have one id")
    for element in [feed, *entries]:
        check(TIME.fullmatch(element.findtext(ATOM + "updated") or ""), f"{path}: updated")
        check(element.findtext(ATOM + "title"), f"{path}: title")
    links = [e.find(ATOM + "link[@rel='alternate']").get("href") for e in entries]
    check(all(link.startswith(PUBLIC + "/posts/") for link in links), f"{path}: {links}")
    check(all(e.findtext(f"{ATOM}author/{ATOM}name") for e in entries), f"{path}: an entry without author")
    return [e.findtext(f"{ATOM}author/{ATOM}uri").removeprefix(PUBLIC) for e in entries], links


def check_sitemap(site):
    """Returns the addresses of all posts."""
    index = ElementTree.fromstring(site.get("/sitemap.xml")[2])
    parts = [s.findtext(SITEMAP + "loc") for s in index.findall(SITEMAP + "sitemap")]
    check(len(parts) >= 2 and all(p.startswith(PUBLIC + "/sitemap/") for p in parts), f"sitemap.xml: {parts}")
    addresses = []
    for part in parts:
        urls = ElementTree.fromstring(site.get(part)[2]).findall(SITEMAP + "url")
        check(0 < len(urls) <= 10000, f"{part}: {len(urls)} addresses")
        addresses += [u.findtext(SITEMAP + "loc") for u in urls]
        for u in urls:
            changed = u.findtext(SITEMAP + "lastmod")
            check(changed is None or TIME.fullmatch(changed), f"{part}: lastmod {changed}")
    check(len(set(addresses)) == len(addresses), "an address is in the sitemap twice")
    check(all(a.startswith(PUBLIC + "/") for a in addresses), "an address of another site")
    for some in [*addresses[:10], *addresses[-3:]]:
        check(site.get(some)[0] == 200, f"{some} is in the sitemap and does not exist")
    return addresses


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([AGORA, "serve", "--port", "0", "--demo", str(ROOT / "data/demo/bicycles.meta")],
                                  env={"AGORA_DATA": folder, "PUBLIC_URL": PUBLIC, "ACCESS_LOG": "off",
                                       "SECURITY_CONTACT": "mailto:security@example.org"},
                                  stdout=subprocess.PIPE, text=True)
        try:
            site = Site(next(m[1] for m in (re.search(r"serves on (http://\S+)", line) for line in server.stdout) if m))
            authors, links = check_feed(site, "/feed.atom")
            addresses = check_sitemap(site)
            check(set(links) <= set(addresses), "a post of the feed is not in the sitemap")
            some_tag = next(a for a in addresses if a.startswith(PUBLIC + "/t/"))
            some_category = next(a for a in addresses if a.startswith(PUBLIC + "/c/"))
            for page in (some_tag.removeprefix(PUBLIC), some_category.removeprefix(PUBLIC), authors[0]):
                check_feed(site, page + "/feed.atom")
            robots = site.get("/robots.txt")[2].decode()
            check(f"Sitemap: {PUBLIC}/sitemap.xml" in robots.splitlines(), robots)
            security = site.get("/.well-known/security.txt")[2].decode()
            check("Contact: mailto:security@example.org\nExpires: " in security, security)
        finally:
            server.terminate()
            server.wait(timeout=20)
    print(*failures, f"{len(addresses)} addresses", sep="\n")
    return bool(failures)


sys.exit(main())
