#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the documentation comments of an interface's XML into annotations, which the service tells to whoever introspects it.

Usage: document.py INPUT OUTPUT
       document.py --check INPUT…   fails and lists them if members or arguments are without documentation

A comment documents the element that follows it and begins with its name: "Name: text", or a line "Name:" with lines
"@argument: text", an empty line, and text. Comments stay, for gdbus-codegen's documents.
"""

import re
import sys
from xml.dom import minidom

DOCUMENTED = ("interface", "method", "signal", "property")
ANNOTATION = "org.vitrine.Documentation"


def parse_comment(comment):
    """The name, the arguments' texts by name, and the text."""
    lines = [line.strip() for line in comment.strip().splitlines()]
    name, colon, rest = lines[0].partition(":")
    if not colon:
        return None, {}, ""
    arguments, text, current = {}, [rest.strip()], None
    for line in lines[1:]:
        match = re.match(r"@(\w+): *(.*)", line)
        if match:
            current = match[1]
            arguments[current] = match[2]
        elif not line:
            current = None
            text.append("")
        elif current:
            arguments[current] += " " + line
        else:
            text.append(line)
    return name, arguments, "\n".join(text).strip()


def documentation(element):
    """What the comment in front of the element says of it."""
    node = element.previousSibling
    while node is not None and node.nodeType == node.TEXT_NODE:
        node = node.previousSibling
    if node is None or node.nodeType != node.COMMENT_NODE:
        return {}, ""
    name, arguments, text = parse_comment(node.data)
    return (arguments, text) if name == element.getAttribute("name") else ({}, "")


def members(document):
    for kind in DOCUMENTED:
        yield from document.getElementsByTagName(kind)


def path_of(element):
    parent = element.parentNode
    prefix = parent.getAttribute("name") + "." if parent.nodeName == "interface" else ""
    return prefix + element.getAttribute("name")


def arguments_of(element):
    return [child for child in element.childNodes if child.nodeName == "arg"]


def undocumented(document):
    for element in members(document):
        arguments, text = documentation(element)
        names = [argument.getAttribute("name") for argument in arguments_of(element)]
        if not text and not arguments:
            yield path_of(element)
        for name in names:
            if not arguments.get(name):
                yield f"{path_of(element)} @{name}"
        for name in arguments.keys() - set(names) - {"short_description"}:
            yield f"{path_of(element)} @{name}, which it has not"


def annotate(document, element, text):
    # gdbus-codegen puts the value between the quotes of a C string as it is.
    value = re.sub(r'"([^"]*)"', r"“\1”", " ".join(text.split()))
    assert '"' not in value and "\\" not in value, value
    annotation = document.createElement("annotation")
    annotation.setAttribute("name", ANNOTATION)
    annotation.setAttribute("value", value)
    element.appendChild(annotation)


def add_annotations(document):
    for element in list(members(document)):
        arguments, text = documentation(element)
        summary = text or arguments.get("short_description", "")
        if summary:
            annotate(document, element, summary)
        for argument in arguments_of(element):
            annotate(document, argument, arguments[argument.getAttribute("name")])


def main():
    if sys.argv[1] == "--check":
        missing = [line for path in sys.argv[2:] for line in undocumented(minidom.parse(path))]
        print("\n".join(f"{line} has no documentation" for line in missing))
        return 1 if missing else 0
    document = minidom.parse(sys.argv[1])
    add_annotations(document)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        document.writexml(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
