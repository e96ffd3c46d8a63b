#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a synthetic Stack Exchange dump for `./dev bench import`. The same seed gives the same bytes.

    make_dump.py FOLDER [--rows 1000000] [--seed 1] [--gzip]

The shares of the tables are those of a real site: 10 % users, 10 % questions, 15 % answers, 25 % comments, 40 % votes.
"""
import argparse
import gzip
import pathlib
import random
from xml.sax.saxutils import quoteattr

WORDS = ("the bike wheel chain brake rides a of to in is how with my road tire gear frame and why does it on "
         "for but not cable pedal saddle hill city commute repair tool torque bolt steel carbon").split()
TAGS = [f"tag-{i}" for i in range(500)]


def words(low, high):
    return " ".join(random.choices(WORDS, k=random.randint(low, high)))


def body():
    parts = [f"<p>{words(20, 80)} <strong>{words(1, 3)}</strong>, see <a href=\"https://example.com/{random.randrange(999)}\""
             f" rel=\"nofollow noreferrer\">{words(1, 4)}</a>.</p>\n" for _ in range(random.randint(1, 3))]
    if random.random() < 0.2:
        parts.append(f"<ul>\n<li>{words(3, 9)}</li>\n<li>{words(3, 9)} &amp; {words(1, 5)}</li>\n</ul>\n")
    if random.random() < 0.2:
        parts.append(f"<pre><code>if (a &lt; b) {words(2, 9)};\n</code></pre>\n")
    return "".join(parts)


def date():
    return (f"20{random.randint(10, 23)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
            f"T{random.randrange(24):02}:{random.randrange(60):02}:{random.randrange(60):02}.{random.randrange(1000):03}")


def up_to(last):
    """A random id of at most `last`; low ids are more frequent, as popular posts are."""
    return int(last * random.random() ** 2) + 1


def users(count):
    for i in range(1, count + 1):
        about = f"<p>{words(5, 20)}</p>" if random.random() < 0.3 else ""
        yield {"Id": i, "Reputation": 1, "CreationDate": date(), "DisplayName": words(1, 2).title(), "AboutMe": about}


def posts(questions, answers, users):
    for i in range(1, questions + answers + 1):
        row = {"Id": i, "PostTypeId": 1 if i <= questions else 2, "CreationDate": date(), "Score": 1, "Body": body(),
               "OwnerUserId": up_to(users)}
        if i <= questions:
            tags = "".join(f"<{t}>" for t in random.sample(TAGS, random.randint(1, 5)))
            row |= {"Title": words(4, 12).capitalize() + "?", "Tags": tags, "ViewCount": random.randrange(9999)}
        else:
            row["ParentId"] = up_to(questions)
        yield row


def comments(count, posts, users):
    for i in range(1, count + 1):
        yield {"Id": i, "PostId": up_to(posts), "Text": words(5, 60), "CreationDate": date(), "UserId": up_to(users)}


def votes(count, posts):
    for i in range(1, count + 1):
        kind = 2 if random.random() < 0.9 else 3
        yield {"Id": i, "PostId": up_to(posts), "VoteTypeId": kind, "CreationDate": date()[:10] + "T00:00:00.000"}


def write(folder, name, rows, zipped):
    path = folder / (name + (".xml.gz" if zipped else ".xml"))
    with gzip.open(path, "wt", encoding="utf-8") if zipped else open(path, "w", encoding="utf-8") as out:
        out.write(f'<?xml version="1.0" encoding="utf-8"?>\n<{name.lower()}>\n')
        for row in rows:
            attributes = " ".join(f"{k}={quoteattr(str(v), {chr(10): '&#xA;'})}" for k, v in row.items() if v != "")
            out.write(f"  <row {attributes} />\n")
        out.write(f"</{name.lower()}>\n")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--gzip", action="store_true")
    a = arguments.parse_args()
    random.seed(a.seed)
    a.folder.mkdir(parents=True, exist_ok=True)
    n_users, n_questions, n_answers = a.rows // 10, a.rows // 10, a.rows * 15 // 100
    write(a.folder, "Users", users(n_users), a.gzip)
    write(a.folder, "Tags", ({"Id": i + 1, "TagName": t} for i, t in enumerate(TAGS)), a.gzip)
    write(a.folder, "Posts", posts(n_questions, n_answers, n_users), a.gzip)
    write(a.folder, "Comments", comments(a.rows // 4, n_questions + n_answers, n_users), a.gzip)
    write(a.folder, "Votes", votes(a.rows * 4 // 10, n_questions + n_answers), a.gzip)


if __name__ == "__main__":
    main()
