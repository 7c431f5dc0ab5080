#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The spool on ext4, on a disk whose every write is recorded, at many power cuts.

The virtual gateway records: QEMU's blklogwrites keeps what reaches the disk, in its order, with
its flushes. Each state is what a cut would leave: all writes up to a flush, and of those after
it none, all, any, any of their sectors, or all but a torn end. The journal of ext4 is replayed by
e2fsck, and the spool is opened and read by the same code as on a board.

Then the same of recordings with faults: these must be found. Prints KTAP."""
import argparse
import os
import random
import shutil
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "build", "power-cut")
CUT = os.path.join(ROOT, "build", "unit-gcc", "tests", "spool-cut")
SECTOR = 512
# Bytes of the file system, and of the disk; notes are past the file system.
SIZES = {"ext4": (40 << 20, 48 << 20), "f2fs": (60 << 20, 64 << 20)}
TABLE_BYTES = 1 << 20
A_BOOT = 25			# states that the guest looks at at a time
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


class Failure(Exception):
    pass


def shell(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, **more)


def notes_at(fs):
    return SIZES[fs][1] - (2 << 20)


def make_fs(fs, disk):
    if fs == "ext4":
        return shell("/sbin/mkfs.ext4", "-q", "-F", "-b", "4096", "-E",
                     "nodiscard,lazy_itable_init=0", disk, str(SIZES[fs][0] // 1024) + "k")
    return shell("/sbin/mkfs.f2fs", "-q", "-f", "-t", "0", disk, str(SIZES[fs][0] // SECTOR))


def record(name, fs="ext4", options="noatime", skipped="", commits=1200, seed=1):
    """Boots the gateway; returns the disk as it was before, and the log of what came to it."""
    disk, log, base = (os.path.join(OUT, f"{name}.{kind}") for kind in ("disk", "log", "base"))
    for path in (disk, log):
        with open(path, "wb") as file:
            file.truncate(SIZES[fs][1] if path == disk else 0)
    made = make_fs(fs, disk)
    if made.returncode:
        raise Failure(made.stderr)
    shutil.copyfile(disk, base)
    append = (f"rig.fs={fs} rig.options={options} rig.at={notes_at(fs)} rig.commits={commits} rig.seed={seed}"
              + f" rig.skipped={skipped}")
    booted = shell(os.path.join(ROOT, "tests/qemu/boot.sh"), "cut",
                   "-blockdev", f"driver=blklogwrites,node-name=cut,file.driver=file,"
                   f"file.filename={disk},log.driver=file,log.filename={log}",
                   "-device", "virtio-blk-pci,drive=cut",
                   env=dict(os.environ, APPEND=append, TIMEOUT="600"))
    if "# guest verdict: recorded with status 0" not in booted.stdout:
        raise Failure(f"{name} was not recorded:\n" + booted.stdout[-2000:] + booted.stderr[-500:])
    return base, log


def read_log(path):
    """[(flags, offset, bytes)] as they came."""
    with open(path, "rb") as file:
        magic, version, entries, sector = struct.unpack("<QQQI", file.read(28))
        if magic != 0x6a736677736872 or version != 1:
            raise Failure(f"{path} is no log of writes")
        file.seek(sector)
        log = []
        for _ in range(entries):
            at, count, flags, _ = struct.unpack("<QQQQ", file.read(sector)[:32])
            size = 0 if flags & DISCARD else count * sector
            log.append((flags, at * sector, file.read(size)))
    return log


def notes_of(log, fs="ext4"):
    """What had been told to be committed after so many writes: [(samples, passed by the cursor)]."""
    told, notes = (0, 0), []
    for _, at, data in log:
        if at == notes_at(fs) and data[:4] == b"HCUT":
            told = struct.unpack("<QQ", data[8:24])
        notes.append(told)
    return notes


def pieces(writes, how, chance):
    """Of the writes after the last flush those that a cut leaves."""
    if how == "none":
        return
    for i, (_, at, data) in enumerate(writes):
        if how == "all" or (how == "writes" and chance.random() < .5):
            yield at, data
        elif how == "torn":
            sectors = len(data) // SECTOR
            left = chance.randrange(sectors) if i == len(writes) - 1 and sectors else sectors
            yield at, data[:left * SECTOR]
        elif how == "sectors":
            for begin in range(0, len(data), SECTOR):
                if chance.random() < .5:
                    yield at + begin, data[begin:begin + SECTOR]


class States:
    """Goes through a recording, and makes what a cut leaves at any place."""

    def __init__(self, base, log, fs="ext4"):
        self.log = log
        self.notes = notes_of(log, fs)
        with open(base, "rb") as file:
            self.durable = bytearray(file.read())
        self.done = 0

    def make(self, end, how, chance, path, offset=0):
        """The disk after @end writes. Ends must not become less."""
        flush = max((i for i in range(self.done, end) if self.log[i][0] & FLUSH), default=None)
        if flush is not None:
            for _, at, data in self.log[self.done:flush + 1]:
                self.durable[at:at + len(data)] = data
            self.done = flush + 1
        image = bytearray(self.durable)
        for at, data in pieces([w for w in self.log[self.done:end] if w[2]], how, chance):
            image[at:at + len(data)] = data
        with open(path, "r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(image)
        return self.notes[end - 1] if end else (0, 0)


def look(path, told, verb="verify"):
    """None, or what is wrong with a state. The image is used up."""
    folder = path + ".d"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder + "/run")
    try:
        # As a kernel does it when it mounts: the journal alone.
        done = shell("/sbin/e2fsck", "-E", "journal_only", "-y", path)
        if done.returncode not in (0, 1):
            return "the file system: " + done.stdout[-200:]
        done = shell("/sbin/debugfs", "-R", f"rdump /state {folder}", path)
        if not os.path.exists(folder + "/state"):
            os.makedirs(folder + "/state")
        done = shell(CUT, verb, folder, str(told[0]), str(told[1]),
                     env=dict(os.environ, CUT_RUN=folder + "/run"))
        if done.returncode:
            return (done.stdout + done.stderr).strip()[-300:]
        look.longest_ms = max(look.longest_ms, float(done.stdout.split()[-2]))
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.unlink(path)


look.longest_ms = 0.0


def choose_ends(log, count, chance):
    flushes = [i + 1 for i, entry in enumerate(log) if entry[0] & FLUSH]
    return sorted(chance.choice(flushes) if chance.random() < .3 else chance.randrange(1, len(log) + 1)
                  for _ in range(count))


HOWS = ["none", "all", "writes", "sectors", "sectors", "torn"]


def describe(end, how, told, said):
    return f"after {end} writes, {how} of those after the flush, {told[0]} samples committed: {said}"


def look_in_guest(fs, states, chance, ends, last_verb="verify"):
    """Where the host has no kernel for a file system: [what is wrong], a boot for some of them."""
    wrong = []
    for first in range(0, len(ends), A_BOOT):
        path = os.path.join(OUT, "states")
        with open(path, "wb") as file:
            file.truncate(TABLE_BYTES)
        some, table = [], ""
        for number, end in enumerate(ends[first:first + A_BOOT]):
            how = chance.choice(HOWS)
            told = states.make(end, how, chance, path, TABLE_BYTES + number * SIZES[fs][1])
            some.append((end, how, told))
            verb = last_verb if first + number == len(ends) - 1 else "verify"
            table += f"{verb} {told[0]} {told[1]}\n"
        with open(path, "r+b") as file:
            file.write(table.encode())
        append = f"rig.fs={fs} rig.at={TABLE_BYTES} rig.bytes={SIZES[fs][1]}"
        booted = shell(os.path.join(ROOT, "tests/qemu/boot.sh"), "look", "-drive",
                       f"file={path},format=raw,if=virtio,cache=unsafe",
                       env=dict(os.environ, APPEND=append, TIMEOUT="1800"))
        os.unlink(path)
        if f"# guest verdict: looked at {len(some)}" not in booted.stdout:
            raise Failure(f"{fs} was not looked at:\n" + booted.stdout[-2000:] + booted.stderr[-500:])
        for number, (end, how, told) in enumerate(some):
            said = next((line.split(": ", 1)[1] for line in booted.stdout.splitlines()
                         if line.startswith(f"# state {number}: ")), "nothing").strip()
            if not said.startswith("cut: good"):
                wrong.append(describe(end, how, told, said))
    return wrong


def campaign(base, log, count, seed):
    """(states that were looked at, [what is wrong])"""
    chance = random.Random(seed)
    states = States(base, log)
    ends = choose_ends(log, count, chance)
    workers = os.cpu_count()
    wrong = []
    with ThreadPoolExecutor(workers) as pool:
        running = []
        for number, end in enumerate(ends):
            how = chance.choice(HOWS)
            path = os.path.join(OUT, f"state-{number}")
            told = states.make(end, how, chance, path)
            running.append((end, how, told, pool.submit(look, path, told)))
            while len(running) > 2 * workers or (running and number == count - 1):
                end, how, told, result = running.pop(0)
                said = result.result()
                if said:
                    wrong.append(describe(end, how, told, said))
    return count, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--f2fs-states", type=int, default=None)
    options = parser.parse_args()
    few_f2fs = options.states // 5 if options.f2fs_states is None else options.f2fs_states
    print("# program power-cut", "1..8", sep="\n", flush=True)
    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(OUT)
    made = shell("make", "-s", "O=build/unit-gcc", "CC=gcc", os.path.relpath(CUT, ROOT), cwd=ROOT)
    if made.returncode:
        raise Failure("spool-cut does not build: " + made.stderr)
    failed = 0
    number = 0

    def result(good, name, *said):
        nonlocal failed, number
        number += 1
        failed += not good
        for line in said:
            print(f"# {line}")
        print(f"{'ok' if good else 'not ok'} {number} {name}", flush=True)

    base, path = record("good", seed=options.seed)
    log = read_log(path)
    count, wrong = campaign(base, log, options.states, options.seed)
    notes = notes_of(log)
    result(not wrong, "ext4_keeps_what_was_committed",
           f"seed {options.seed}: {len(log)} writes and "
           f"{sum(1 for e in log if e[0] & FLUSH)} flushes recorded, {notes[-1][0]} samples "
           f"committed; {count} cuts, {len(wrong)} of them lost or invented something; opened in "
           f"{look.longest_ms:.1f} ms at most", *wrong[:10])
    # What the last states hold must be looked at, or the verdict is worth nothing.
    states = States(base, log)
    image = os.path.join(OUT, "torn")
    told = states.make(len(log), "all", random.Random(1), image)
    said = look(image, told, "tear")
    result(said is not None, "a_changed_byte_is_found", said or "not found")
    few = min(options.states, 100)
    for name, more in (("without_barriers", {"options": "noatime,barrier=0"}),
                       ("without_fdatasync", {"skipped": "fdatasync"}),
                       ("without_fsync", {"skipped": "fsync"})):
        base, path = record(name, commits=400, seed=options.seed, **more)
        count, wrong = campaign(base, read_log(path), few, options.seed)
        result(bool(wrong), f"{name}_it_is_found", f"{len(wrong)} of {count} cuts tell",
               *wrong[:1])
    chance = random.Random(options.seed)
    base, path = record("f2fs", fs="f2fs", commits=400, seed=options.seed)
    log = read_log(path)
    wrong = look_in_guest("f2fs", States(base, log, "f2fs"), chance, choose_ends(log, few_f2fs, chance))
    notes = notes_of(log, "f2fs")
    result(not wrong and notes[-1][0], "f2fs_keeps_what_was_committed",
           f"{len(log)} writes and {sum(1 for e in log if e[0] & FLUSH)} flushes recorded, {notes[-1][0]} "
           f"samples committed; {few_f2fs} cuts, {len(wrong)} of them lost or invented something",
           *wrong[:10])
    wrong = look_in_guest("f2fs", States(base, log, "f2fs"), chance, [len(log)], "tear")
    result(bool(wrong), "a_changed_byte_is_found_there", *wrong)
    base, path = record("f2fs_without_fdatasync", fs="f2fs", commits=200, seed=options.seed,
                        skipped="fdatasync")
    log = read_log(path)
    wrong = look_in_guest("f2fs", States(base, log, "f2fs"), chance, choose_ends(log, 12, chance))
    result(bool(wrong), "without_fdatasync_it_is_found_there", f"{len(wrong)} of 12 cuts tell", *wrong[:1])
    sys.exit(failed != 0)


try:
    main()
except Failure as failure:
    print("\n".join("# " + line for line in str(failure).splitlines()))
    print("not ok 1 power-cut")
    sys.exit(1)
