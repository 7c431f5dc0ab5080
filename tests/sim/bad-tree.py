#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""bad-tree.py PAGE: prints the wrong nodes of docs/bad-input.md as an overlay."""
import re
import sys

OUTPUT = ('compatible = "hydropon,output"; relay-gpios = <&%s %d 0>;'
          'hydropon,safe-state = "off"; hydropon,unlimited-on')


def property_name(statement):
    return re.match(r"(?:/delete-property/\s+)?([^\s=;]+)", statement).group(1)


def node(name, base, written):
    changed = {property_name(s) for s in written}
    lines = [s for s in base if property_name(s) not in changed]
    lines += [s for s in written if not s.startswith("/delete-property/")]
    return "\t%s {\n%s\t};\n" % (name, "".join("\t\t%s\n" % s for s in lines))


def statements(text):
    return [s.strip() + ";" for s in text.split(";") if s.strip()]


def main(page):
    parent, base, inside = None, [], False
    print("/dts-v1/;\n/plugin/;\n")
    for line in page:
        line = line.rstrip("\n")
        if line == "```dts":
            inside, base = True, []
        elif line == "```":
            inside = False
        elif inside and line.startswith("/* below "):
            parent = line.split()[2]
        elif inside:
            base += statements(line)
        elif line.startswith("| `") and parent:
            name, written = (cell.strip().strip("`") for cell in line.split("|")[1:3])
            print("&{%s} {\n%s};" % (parent, node(name, base, statements(written))))
        elif line.startswith("## "):
            parent = None
    # What is merged last is probed first: names that are taken, and no room for one more.
    print("&{/hydropon-bad} {\n%s};" % node("twin@2", statements(OUTPUT % ("gpio_bad", 11)), [
        "hydropon,needs = <&good_probe 0 1000>, <&good_flow 0 1000>;"]))
    for i in range(32):
        chip = "gpio_many_a" if i < 16 else "gpio_many_b"
        print("&{/hydropon-many} {\n%s};" %
              node("many-%d" % i, statements(OUTPUT % (chip, i % 16)), []))


with open(sys.argv[1], encoding="utf-8") as file:
    main(file)
