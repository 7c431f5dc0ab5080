#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The device-tree binding: that dt-schema takes it, takes the trees that are right and
refuses those that are wrong; that the overlays fit their boards and name the pins that
they say; that binding, documentation and drivers know the same properties. Says so in
KTAP."""

import glob
import os
import re
import struct
import subprocess
import sys
import tempfile

import ruamel.yaml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINDINGS = os.path.join(TOP, "docs/bindings")
OVERLAYS = os.path.join(TOP, "docs/overlays")
HERE = os.path.join(TOP, "tests/bindings")
SCHEMAS = sorted(glob.glob(BINDINGS + "/*.yaml"))

# A tree is wrong by one change to farm.dts. What replaces what, and what is said of it.
WRONG = [
    ("gateway_two_power_good_lines", "<&gpio 0 1>", "<&gpio 0 1>, <&gpio 9 1>",
     "power-good-gpios: .* is too long"),
    ("gateway_two_master_contactors", "<&gpio 1 0>", "<&gpio 1 0>, <&gpio 9 0>",
     "master-relay-gpios: .* is too long"),
    ("gateway_no_master_contactor", "master-relay-gpios = <&gpio 1 0>;", "",
     "doser:hydropon,master: False schema"),
    ("gateway_misspelt_property", "hydropon,restore-ms", "hydropon,restor-ms",
     "hydropon,restor-ms: .* is not of type 'object'"),
    ("gateway_property_of_an_output", "hydropon,restore-ms = <30000>;",
     "hydropon,max-on-ms = <1000>;", "hydropon,max-on-ms: .* is not of type 'object'"),
    ("child_misspelt_compatible", '"hydropon,pulse"', '"hydropon,puls"',
     "flow:compatible:0: 'hydropon,puls' is not one of"),
    ("child_no_compatible", 'compatible = "hydropon,pulse";', "",
     "flow: 'compatible' is a required property"),
    ("output_long_name", "pump {", "a-name-that-is-of-32-bytes-12345 {",
     r"\$nodename:0: .* does not match"),
    ("output_no_relay", "relay-gpios = <&gpio 6 0>;", "", "'relay-gpios' is a required"),
    ("output_two_relays", "<&gpio 6 0>", "<&gpio 6 0>, <&gpio 9 0>",
     "relay-gpios: .* is too long"),
    ("output_plain_gpios", "relay-gpios = <&gpio 6 0>;",
     "relay-gpios = <&gpio 6 0>; gpios = <&gpio 9 0>;", "'gpios' does not match any"),
    ("output_no_safe_state", 'hydropon,safe-state = "off"; /* doser */', "",
     "'hydropon,safe-state' is a required"),
    ("output_unknown_safe_state", '"on"', '"stop"', "'stop' is not one of"),
    ("output_numeric_safe_state", '"on"', "<1>", "hydropon,safe-state:0: .* is not one of"),
    ("output_neither_max_on_nor_unlimited", "hydropon,unlimited-on;", "",
     "'hydropon,unlimited-on' is a required property"),
    ("output_max_on_and_unlimited", "hydropon,unlimited-on;",
     "hydropon,unlimited-on; hydropon,max-on-ms = <1000>;", "More than one condition true"),
    ("output_unlimited_with_a_value", "hydropon,unlimited-on;", "hydropon,unlimited-on = <1>;",
     "hydropon,unlimited-on: .* is not of type 'boolean'"),
    ("output_shed_with_a_value", "hydropon,shed;", "hydropon,shed = <0>;",
     "hydropon,shed: .* is not of type 'boolean'"),
    ("output_misspelt_property", "hydropon,min-off-ms", "hydropon,min-of-ms",
     "'hydropon,min-of-ms' does not match any"),
    ("output_child", "hydropon,needs = <&probes 1 5000>;",
     "hydropon,needs = <&probes 1 5000>; more { };", "'more' does not match any"),
    ("output_lease_as_text", "hydropon,lease-max-ms = <2000>",
     'hydropon,lease-max-ms = "2000"', "hydropon,lease-max-ms: .* is not of type 'array'"),
    ("output_two_leases", "hydropon,lease-max-ms = <2000>",
     "hydropon,lease-max-ms = <2000 3000>", "hydropon,lease-max-ms: .* is too long"),
    ("output_empty_lease", "hydropon,lease-max-ms = <2000>", "hydropon,lease-max-ms",
     "hydropon,lease-max-ms: True is not of type 'array'"),
    ("output_budget_without_window", "hydropon,budget-window-ms = <86400000>;", "",
     "'hydropon,budget-window-ms' is a dependency"),
    ("output_window_without_budget", "hydropon,budget-ms = <60000>;", "",
     "'hydropon,budget-ms' is a dependency"),
    ("output_master_without_feedback", "feedback-gpios = <&gpio 3 1>;", "",
     "'feedback-gpios' is a dependency of 'hydropon,master'"),
    ("output_two_feedback_lines", "<&gpio 3 1>", "<&gpio 3 1>, <&gpio 9 1>",
     "feedback-gpios: .* is too long"),
    ("output_one_override_line", "<&gpio 4 1>, <&gpio 5 1>", "<&gpio 4 1>",
     "override-gpios: .* is too short"),
    ("output_three_override_lines", "<&gpio 4 1>, <&gpio 5 1>",
     "<&gpio 4 1>, <&gpio 5 1>, <&gpio 9 1>", "override-gpios: .* is too long"),
    ("output_nine_needs", "<&probes 0 10000>, <&flow 0 5000>",
     ", ".join(["<&probes 0 10000>"] * 9), "hydropon,needs: .* is too long"),
    ("output_empty_needs", "hydropon,needs = <&probes 0 10000>, <&flow 0 5000>",
     "hydropon,needs", "hydropon,needs: True is not of type 'array'"),
    ("output_need_without_time", "<&flow 0 5000>", "<&flow 0>",
     "hydropon,needs:1: .* is too short"),
    ("output_need_of_no_node", "<&flow 0 5000>", "<0 0 5000>", "0 is less than the minimum of 1"),
    ("output_need_of_channel_64", "<&flow 0 5000>", "<&flow 64 5000>",
     "64 is greater than the maximum of 63"),
    ("output_need_of_99_ms", "<&flow 0 5000>", "<&flow 0 99>", "99 is less than the minimum"),
    ("output_need_of_3600001_ms", "<&flow 0 5000>", "<&flow 0 3600001>",
     "3600001 is greater than the maximum"),
    ("sampler_no_channels", "io-channels = <&adc 4>, <&adc 5>;", "",
     "'io-channels' is a required"),
    ("sampler_no_names", 'io-channel-names = "ph", "ec";', "",
     "'io-channel-names' is a required"),
    ("sampler_empty_name", '"ph", "ec"', '"", "ec"', "io-channel-names:0: '' does not match"),
    ("sampler_long_name", '"ph", "ec"', '"ph", "a-name-that-is-of-32-bytes-12345"',
     "io-channel-names:1: .* does not match"),
    ("sampler_no_interval", "hydropon,interval-ms = <1000>;", "",
     "'hydropon,interval-ms' is a required"),
    ("sampler_property_of_a_pulse", "hydropon,interval-ms = <1000>;",
     "hydropon,interval-ms = <1000>; hydropon,max-hz = <10>;", "'hydropon,max-hz' does not match"),
    ("pulse_no_line", "pulse-gpios = <&gpio 8 0>;", "", "'pulse-gpios' is a required"),
    ("pulse_two_lines", "<&gpio 8 0>", "<&gpio 8 0>, <&gpio 9 0>", "pulse-gpios: .* is too long"),
    ("pulse_no_interval", "hydropon,interval-ms = <500>;", "",
     "'hydropon,interval-ms' is a required"),
    ("pulse_property_of_an_output", "hydropon,max-hz = <300>;",
     "hydropon,max-hz = <300>; hydropon,shed;", "'hydropon,shed' does not match"),
    ("pulse_long_name", "flow: flow {", "flow: a-name-that-is-of-32-bytes-12345 {",
     r"\$nodename:0: .* does not match"),
]
# What limits a load is refused where on is safe.
WRONG += [("on_safe_output_with_" + re.search(r"[a-z-]+(?= |$)", text).group(0).replace("-", "_"),
           '"on";', '"on"; hydropon,%s;' % text,
           "hydropon,%s: False schema" % text.split(" ")[0])
          for text in ("max-on-ms = <1000>", "unlimited-on", "min-off-ms = <0>",
                       "budget-ms = <1000>", "budget-window-ms = <2000>", "master")]
# One below and one above what each number may be; "= <N>" as farm.dts has it.
for prop, value, least, most in (
        ("shed-debounce-ms", 10, 1, 1000), ("restore-ms", 30000, 1000, 3600000),
        ("lease-max-ms", 2000, 900, 10000), ("max-on-ms", 10000, 100, 86400000),
        ("min-off-ms", 300000, 0, 3600000), ("budget-ms", 60000, 10, 86400000),
        ("budget-window-ms", 86400000, 1000, 604800000), ("max-hz", 300, 1, 10000),
        ("interval-ms", 1000, 10, 3600000), ("interval-ms", 500, 10, 3600000)):
    old = "hydropon,%s = <%d>" % (prop, value)
    for wrong, what in ((least - 1, "less than the minimum of %d" % least),
                        (most + 1, "greater than the maximum of %d" % most)):
        if wrong >= 0:
            WRONG.append(("%s_of_%d_is_%d" % (prop.replace("-", "_"), value, wrong), old,
                          "hydropon,%s = <%d>" % (prop, wrong),
                          "hydropon,%s:0:0: %d is %s" % (prop, wrong, what)))

# The board of each overlay: the tree that Debian's kernels have for it, and the lines that
# are pulled down at reset. A relay is on one of these, and high energises its driver.
BOARDS = {
    "hydropon-rpi4": ("bcm2711-rpi-4-b", ["GPIO%d" % n for n in range(9, 28)]),
    "hydropon-rpi5": (None, ["GPIO%d" % n for n in range(9, 28)]),
    "hydropon-bbb": ("am335x-boneblack", ["P8_%d" % n for n in range(11, 19)]),
}

results = []


class Failed(Exception):
    """A check's verdict, with what there is to show."""


def expect(true, text):
    if not true:
        raise Failed(text)


def check(name, function, *arguments):
    """Runs one check. A function that returns text was skipped, for that reason."""
    try:
        skipped = function(*arguments)
        results.append("ok %d %s%s" % (len(results) + 1, name,
                                       " # SKIP " + skipped if skipped else ""))
    except Exception as error:  # pylint: disable=broad-except
        said = str(error) if isinstance(error, Failed) else repr(error)
        results.append("not ok %d %s\n# %s" % (len(results) + 1, name,
                                               said.replace("\n", "\n# ")))


def run(*command, text=None):
    """What a command writes, all of it; raises Failed if it fails."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip()
    expect(done.returncode == 0, "%s: %s" % (command[0], said))
    return said


def compile_tree(source, to, *options):
    """dtc, which must not complain."""
    said = run("dtc", *options, "-@", "-I", "dts", "-O", "dtb", "-o", to, "-", text=source)
    expect(not said, said)


class Tree:
    """A compiled tree: its nodes by path, each a dictionary of its properties."""

    def __init__(self, path):
        with open(path, "rb") as file:
            blob = file.read()
        _, _, at, strings = struct.unpack(">4I", blob[:16])
        self.nodes, names = {}, []
        while True:
            token, = struct.unpack_from(">I", blob, at)
            at += 4
            if token == 1:
                name = blob[at:blob.index(b"\0", at)]
                at += len(name) // 4 * 4 + 4
                names.append(name.decode())
                self.nodes["/".join(names) or "/"] = {}
            elif token == 2:
                names.pop()
            elif token == 3:
                size, name = struct.unpack_from(">2I", blob, at)
                name = blob[strings + name:blob.index(b"\0", strings + name)].decode()
                self.nodes["/".join(names) or "/"][name] = blob[at + 8:at + 8 + size]
                at += 8 + (size + 3) // 4 * 4
            elif token == 9:
                break

    def cells(self, path, prop):
        value = self.nodes[path].get(prop, b"")
        return struct.unpack(">%dI" % (len(value) // 4), value)

    def of_phandle(self, phandle):
        return next(path for path in self.nodes if self.cells(path, "phandle") == (phandle,))

    def children(self, path):
        return [child for child in self.nodes if os.path.dirname(child) == path]

    def lines(self):
        """(property, controller, number, flags) of each line that the gateway uses."""
        return [(prop, *cells[i:i + 3])
                for path in ["/hydropon"] + self.children("/hydropon")
                for prop in self.nodes[path] if prop.endswith("-gpios")
                for cells in [self.cells(path, prop)] for i in range(0, len(cells), 3)]

    def name(self, controller, number):
        """The name of a line in the board's tree."""
        names = self.nodes[self.of_phandle(controller)]["gpio-line-names"]
        return names.decode().split("\0")[number]

    def pin(self, controller, number):
        """The pin of a line."""
        cells = self.cells(self.of_phandle(controller), "gpio-ranges")
        return next(pin + number - first for _, first, pin, count in
                    zip(*[iter(cells)] * 4) if first <= number < first + count)


def complaints(trees, *options):
    """dt-validate's complaints by tree, and the nodes that it found a schema of ours for.
    It exits with 0 whatever it finds."""
    said = run("dt-validate", "-M", *options, "-s", BINDINGS, *trees)
    about = {tree: [] for tree in trees}
    matched = {tree: set() for tree in trees}
    tree = node = None
    for line in said.splitlines():
        match = re.match(r"(.*?\.dtb(?=: )): (?:(/\S*): matched on schema)?", line)
        if match:
            tree, node = match.groups()
            tree = os.path.realpath(tree)
        if node and "/hydropon," in line and line.startswith("\t"):
            matched[tree].add(node)
        elif tree and not node:
            about[tree].append(line)
    return about, matched


def is_right(tree, about, matched, count):
    """Nothing is said of a tree, and each node of ours was really looked at."""
    expect(not about[tree], "\n".join(about[tree]))
    found = {path for path, props in Tree(tree).nodes.items() if re.match(
        rb"hydropon,(gateway|output|sampler|pulse)\0", props.get("compatible", b""))}
    expect(len(found) == count, "%d nodes instead of %d" % (len(found), count))
    expect(matched[tree] == found, "not looked at: %s" % " ".join(found - matched[tree]))


# --- the schemas


def schema_is_valid(schema):
    said = run("dt-doc-validate", "-u", BINDINGS, schema)
    expect(not said, said)


def example_is_right(schema, scratch):
    tree = scratch + "/example.dtb"
    # The frame that dt-extract-example puts around it is not for dtc's warnings.
    compile_tree(run("dt-extract-example", schema), tree, "-q")
    about, matched = complaints([tree])
    said = [line for line in about[tree] if "hydropon" in line]
    expect(not said, "\n".join(said))
    expect(matched[tree], "the example has no node of its own schema")


# --- right and wrong trees


def check_farm(scratch):
    with open(HERE + "/farm.dts", encoding="utf-8") as file:
        farm = file.read()
    right = scratch + "/farm.dtb"
    compile_tree(farm, right)
    trees, spoiled = [right], {}
    for name, old, new, _ in WRONG:
        tree = "%s/%s.dtb" % (scratch, name)
        try:
            expect(farm.count(old) == 1, 'farm.dts does not have "%s" once' % old)
            compile_tree(farm.replace(old, new), tree, "-q")
            trees.append(tree)
        except Failed as error:
            spoiled[tree] = str(error)
    about, matched = complaints(trees)
    check("tree_with_every_property_is_taken", is_right, right, about, matched, 6)

    def is_refused(tree, what):
        expect(tree not in spoiled, spoiled.get(tree))
        said = "\n".join(about[tree])
        expect(re.search(what, said), "not refused for /%s/; said: %s" % (what, said))

    for name, _, _, what in WRONG:
        check("wrong_tree_is_refused_" + name, is_refused, "%s/%s.dtb" % (scratch, name), what)

    def leaves_no_property_out():
        for schema in declared():
            for prop in declared()[schema]["properties"]:
                expect(prop.startswith("$") or "\t%s" % prop in farm, "%s lacks %s" %
                       ("farm.dts", prop))

    check("tree_with_every_property_has_every_property", leaves_no_property_out)


def virtual_gateway_is_right(scratch):
    base, overlay, tree = (scratch + "/virt" + end for end in ("-base.dtb", ".dtbo", ".dtb"))
    machine = run(TOP + "/tests/qemu/machine.sh").split()
    run("qemu-system-aarch64", *machine, "-machine", "dumpdtb=" + base)
    source = TOP + "/tests/sim/virt.dtso"
    run("dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", overlay, source)
    run("fdtoverlay", "-i", base, "-o", tree, overlay)
    about, matched = complaints([tree], "-l", BINDINGS)
    with open(source, encoding="utf-8") as file:
        count = len(re.findall('compatible = "hydropon,(?!sim-)', file.read()))
    is_right(tree, about, matched, count)


# --- overlays


def pins_are_right(tree, source, pulled_down):
    """Each line is the one that its comment names, has no other use, and is used once; a
    relay's is one that is pulled down at reset, with on as the level that fits its contact."""
    tree = Tree(tree)
    lines = tree.lines()
    named = re.findall(r"<&gpio\w* \d+ \w+>[,;]\s*/\* (\w+) \*/", source)
    names = [tree.name(controller, number) for _, controller, number, _ in lines]
    expect(sorted(names) == sorted(named),
           "the comments say %s, the board %s" % (sorted(named), sorted(names)))
    expect(len(set(names)) == len(names), "a line is used twice: %s" % sorted(names))
    for (prop, _, _, flags), name in zip(lines, names):
        expect("relay" not in prop or name in pulled_down,
               "%s %s is not pulled down at reset" % (prop, name))
        expect("relay" in prop or not flags & 0x20, "%s %s is pulled down" % (prop, name))


def safe_is_idle(tree):
    """Where on is safe, on is the low level; where off is safe, off is."""
    tree = Tree(tree)
    outputs = [path for path in tree.children("/hydropon") if "relay-gpios" in tree.nodes[path]]
    expect(outputs, "no outputs")
    for path in outputs:
        on = tree.nodes[path]["hydropon,safe-state"] == b"on\0"
        expect(on == (tree.cells(path, "relay-gpios")[2] & 1),
               path + ": safe is not the level of a dead board")


def multiplexer_is_right(tree):
    """The pins that the overlay sets are those of its lines, pulled as they are at reset,
    and no other node of the board sets them."""
    tree = Tree(tree)
    lines = {tree.pin(controller, number) * 4: "relay" in prop
             for prop, controller, number, _ in tree.lines()}
    ours = tree.of_phandle(*tree.cells("/hydropon", "pinctrl-0"))
    pins = {offset: (config, mode) for offset, config, mode in
            zip(*[iter(tree.cells(ours, "pinctrl-single,pins"))] * 3)}
    expect(pins.keys() == lines.keys(), "pins %s, lines %s" %
           (sorted(map(hex, pins)), sorted(map(hex, lines))))
    for pin, setting in pins.items():
        expect(setting == (0x20 if lines[pin] else 0x30, 7),
               "pin 0x%x: no GPIO, or pulled the wrong way" % pin)
    for other in tree.children(os.path.dirname(ours)):
        taken = set(tree.cells(other, "pinctrl-single,pins")[::3]) & pins.keys()
        expect(other == ours or not taken, "%s sets them too: %s" %
               (other, sorted(map(hex, taken))))


def check_overlay(name, boards, scratch):
    dtb, pulled_down = BOARDS[name]
    with open("%s/%s.dtso" % (OVERLAYS, name), encoding="utf-8") as file:
        source = file.read()
    overlay = "%s/%s.dtbo" % (scratch, name)
    check(name + "_compiles_without_a_warning", compile_tree, source, overlay)

    def fits(base, tree):
        run(OVERLAYS + "/merge.sh", base, overlay, tree)
        about, matched = complaints([tree], "-l", BINDINGS)
        is_right(tree, about, matched, len(re.findall('compatible = "hydropon,', source)))

    if dtb:
        bases = {release: paths.get(dtb) for release, paths in boards.items()}
    else:
        bases = {"raspberrypi": scratch + "/rpi5-base.dtb"}
        compile_tree(open(HERE + "/rpi5-base.dts", encoding="utf-8").read(),
                     bases["raspberrypi"])
    for release, base in sorted(bases.items()):
        of_board = "%s_%s_" % (name, release)
        tree = scratch + "/" + of_board + ".dtb"
        if not base:
            for what in ("fits_its_board", "names_its_pins", "is_safe_when_the_board_is_dead"):
                check(of_board + what, lambda: "Debian's %s.dtb cannot be had" % dtb)
            continue
        check(of_board + "fits_its_board", fits, base, tree)
        check(of_board + "names_its_pins", pins_are_right, tree, source, pulled_down)
        check(of_board + "is_safe_when_the_board_is_dead", safe_is_idle, tree)
        if "pinctrl-single" in source:
            check(of_board + "sets_its_pins", multiplexer_is_right, tree)


def boards():
    """Debian's trees of the boards, by kernel and name; boards.sh says what it lacks."""
    done = subprocess.run([HERE + "/boards.sh"], stdout=subprocess.PIPE, text=True, check=False)
    found = {"6.1": {}, "6.12": {}}
    for line in done.stdout.splitlines():
        release, name, path = line.split()
        found[release][name] = path
    return found


# --- what binding, drivers and documentation say


def declared():
    """The schemas by compatible."""
    yaml = ruamel.yaml.YAML(typ="safe")
    schemas = {}
    for path in SCHEMAS:
        with open(path, encoding="utf-8") as file:
            schema = yaml.load(file)
        schemas[schema["properties"]["compatible"]["const"]] = schema
    return schemas


def declared_properties():
    return {prop for schema in declared().values() for prop in schema["properties"]
            if not prop.startswith("$") and prop != "compatible"}


def driver_sources():
    text = ""
    for path in sorted(glob.glob(TOP + "/kmod/**/*.[ch]", recursive=True)):
        with open(path, encoding="utf-8") as file:
            text += file.read()
    with open(TOP + "/include/uapi/linux/hydropon.h", encoding="utf-8") as file:
        return text + file.read()


def drivers_read_what_is_declared():
    text = driver_sources()
    compatible = set(re.findall(r'\.compatible = "(hydropon,[a-z-]+)"', text))
    expect(compatible == declared().keys(), "the drivers have %s, the binding %s" %
           (sorted(compatible), sorted(declared())))
    read = set(re.findall(r'"(hydropon,[a-z-]+)"', text)) - compatible
    getters = r"(?:gpiod_get\w*|gpiod_count|hydropon_count_lines|hydropon_contact_get)"
    read |= {name + "-gpios" for name in re.findall(getters + r'\([^;"]*"([a-z-]+)"', text)}
    read |= set(re.findall(r'"(io-channel[a-z-]*)"', text))
    if "iio_channel_get_all(dev)" in text:
        read.add("io-channels")
    expect(read == declared_properties(), "only the drivers have %s, only the binding %s" %
           (sorted(read - declared_properties()), sorted(declared_properties() - read)))


def drivers_check_the_declared_ranges():
    text = driver_sources()
    macros = dict(re.findall(r"#define\s+(\w+)\s+(\d+)U?\b", text))

    def number(expression):
        for name, value in macros.items():
            expression = re.sub(r"\b%s\b" % name, value, expression)
        expect(re.fullmatch(r"[\d\s*()U]+", expression), "cannot read " + expression)
        return eval(expression.replace("U", ""))  # pylint: disable=eval-used

    ranges = {}
    for prop, least, most, default in re.findall(
            r'hydropon_read_(?:ms|number)\(\s*dev,\s*"([^"]+)",\s*([^,]+),\s*([^,]+),\s*'
            r'(?:(\w+),)?', text):
        ranges[prop] = (number(least), number(most), number(default or "0"))
    # It is left as it was where there is none.
    if "hydropon,max-hz" in ranges:
        ranges["hydropon,max-hz"] = (*ranges["hydropon,max-hz"][:2], number("MAX_HZ"))
    for schema in declared().values():
        for prop, says in schema["properties"].items():
            if "minimum" not in says:
                continue
            expect(prop in ranges, "no driver checks " + prop)
            binding = (says["minimum"], says["maximum"], says.get("default", 0))
            expect(ranges[prop] == binding, "%s: the driver has %s, the binding %s" %
                   (prop, ranges[prop], binding))


def board_md_has_every_property():
    with open(TOP + "/docs/board.md", encoding="utf-8") as file:
        rows = re.findall(r"^\| [a-z, ]*\| (`[^|]+`) \|", file.read(), re.M)
    told = {prop for row in rows for prop in re.findall("`([^`]+)`", row)}
    expect(told == declared_properties(), "only docs/board.md has %s, only the binding %s" %
           (sorted(told - declared_properties()), sorted(declared_properties() - told)))


def kernel_md_has_every_message():
    """What the drivers say of a device tree, both ways. A format's places may say anything."""
    with open(TOP + "/docs/kernel.md", encoding="utf-8") as file:
        rows = re.findall(r"^\| `([^`]+)` \|", file.read().split("## Device-tree errors")[1], re.M)
    call = r'\b(dev_err_probe|refuse)\(((?:[^()"]|\((?:[^()]|\([^()]*\))*\)|"(?:[^"\\]|\\.)*")*)\)'
    formats = set()
    for function, arguments in re.findall(call, driver_sources()):
        texts = [text.replace('\\"', '"').replace("\\n", "")
                 for text in re.findall(r'"((?:[^"\\]|\\.)*)"', arguments)]
        if function == "refuse" and texts:
            formats.add("%s: " + texts[-1])
        elif texts and texts != ["%s: %s"]:
            formats.add(texts[0])
    expect(len(formats) > 20, "only %d messages found" % len(formats))
    pattern = {text: ".+?".join(map(re.escape, re.split("%[a-z]+(?:OFn)?", text)))
               for text in formats}
    untold = [text for text in sorted(formats)
              if not any(re.fullmatch(pattern[text], row) for row in rows)]
    unsaid = [row for row in rows if not any(re.fullmatch(pattern[text], row) for text in formats)]
    expect(not untold and not unsaid, "docs/kernel.md lacks:\n%s\nno driver says:\n%s" %
           ("\n".join(untold), "\n".join(unsaid)))


def main():
    scratch = os.path.realpath(tempfile.mkdtemp())
    try:
        for schema in SCHEMAS:
            name = re.sub(r"\W", "_", os.path.basename(schema)[:-5])
            check("schema_is_valid_" + name, schema_is_valid, schema)
            check("example_is_right_" + name, example_is_right, schema, scratch)
        check_farm(scratch)
        check("virtual_gateway_is_right", virtual_gateway_is_right, scratch)
        trees = boards()
        for name in BOARDS:
            check_overlay(name, trees, scratch)
        check("every_overlay_is_checked", lambda: expect(
            sorted(BOARDS) == sorted(os.path.basename(path)[:-5] for path in
                                     glob.glob(OVERLAYS + "/*.dtso")), "BOARDS lacks some"))
        check("drivers_read_what_the_binding_declares", drivers_read_what_is_declared)
        check("drivers_check_the_declared_ranges", drivers_check_the_declared_ranges)
        check("board_md_has_every_property", board_md_has_every_property)
        check("kernel_md_has_every_message", kernel_md_has_every_message)
    finally:
        subprocess.run(["rm", "-rf", scratch], check=False)
    print("1..%d" % len(results))
    print("\n".join(results))
    return any(result.startswith("not ok") for result in results)


if __name__ == "__main__":
    sys.exit(main())
