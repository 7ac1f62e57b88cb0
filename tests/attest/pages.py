#!/usr/bin/python3
"""pages.py FOLDER: what can be said of a site without a browser. Each page is well-formed, refers only to pages and places
that are there, and holds no script, style or attribute that could act but our own. Prints a line for each thing that is wrong."""
import base64
import hashlib
import os
import re
import sys
import xml.etree.ElementTree as tree

ELEMENTS = set(
    "html head meta title style script body nav main footer section h1 h2 h3 h4 p a bdi code button dl div dt dd span pre "
    "ol li table thead tbody tr th td figure figcaption details summary svg g line rect text strong".split()
)
ATTRIBUTES = set(
    "lang charset http-equiv content name id class href type hidden aria-label scope viewBox role x y x1 y1 x2 y2 rx width "
    "height text-anchor".split()
)


def judge(folder, page, ids, wrong):
    with open(os.path.join(folder, page), encoding="utf-8") as file:
        text = file.read()
    if not text.startswith("<!DOCTYPE html>\n"):
        wrong(page, "no doctype")
    try:
        root = tree.fromstring(text.split("\n", 1)[1])
    except tree.ParseError as error:
        return wrong(page, f"not well-formed: {error}")
    policy = root.find("head/meta[@http-equiv='Content-Security-Policy']").get("content")
    for element in root.iter():
        if element.tag not in ELEMENTS:
            wrong(page, f"element {element.tag}")
        for name in element.keys():
            if name not in ATTRIBUTES:
                wrong(page, f"attribute {name} of {element.tag}")
        if element.tag in ("script", "style"):
            digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
            if f"{element.tag}-src 'sha256-{digest}'" not in policy:
                wrong(page, f"a {element.tag} that the policy does not name")
        target = element.get("href")
        if target is not None and not target.startswith("https://"):
            other, _, place = target.partition("#")
            if other not in ids or (place and place not in ids[other]):
                wrong(page, f"a link to {target}")
    if len(root.findall(".//h1")) != 1 or not root.findtext("head/title").strip():
        wrong(page, "one h1 and a title expected")
    if re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00-\x08\x0b-\x1f]", text):
        wrong(page, "characters that turn or hide others")


def main(folder):
    found = []
    pages = sorted(os.listdir(folder))
    ids = {}
    for page in pages:
        with open(os.path.join(folder, page), encoding="utf-8") as file:
            ids[page] = set(re.findall(' id="([^"]*)"', file.read()))
    for page in pages:
        judge(folder, page, ids, lambda *what: found.append(": ".join(what)))
    print("\n".join(found) or f"{len(pages)} pages")
    return 1 if found or "index.html" not in pages else 0


sys.exit(main(sys.argv[1]))
