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
FS_BYTES = 40 << 20
DISK_BYTES = 48 << 20
NOTES_AT = 44 << 20		# past the file system
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


class Failure(Exception):
    pass


def shell(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, **more)


def record(name, options="noatime", skipped="", commits=1200, seed=1):
    """Boots the gateway; returns the disk as it was before, and the log of what came to it."""
    disk, log, base = (os.path.join(OUT, f"{name}.{kind}") for kind in ("disk", "log", "base"))
    for path in (disk, log):
        with open(path, "wb") as file:
            file.truncate(DISK_BYTES if path == disk else 0)
    made = shell("/sbin/mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "nodiscard,lazy_itable_init=0",
                 disk, str(FS_BYTES // 1024) + "k")
    if made.returncode:
        raise Failure(made.stderr)
    shutil.copyfile(disk, base)
    append = (f"rig.options={options} rig.at={NOTES_AT} rig.commits={commits} rig.seed={seed}"
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


def notes_of(log):
    """What had been told to be committed after so many writes: [(samples, passed by the cursor)]."""
    told, notes = (0, 0), []
    for _, at, data in log:
        if at == NOTES_AT and data[:4] == b"HCUT":
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

    def __init__(self, base, log):
        self.log = log
        self.notes = notes_of(log)
        with open(base, "rb") as file:
            self.durable = bytearray(file.read())
        self.done = 0

    def make(self, end, how, chance, path):
        """The disk after @end writes. Ends must not become less."""
        flush = max((i for i in range(self.done, end) if self.log[i][0] & FLUSH), default=None)
        if flush is not None:
            for _, at, data in self.log[self.done:flush + 1]:
                self.durable[at:at + len(data)] = data
            self.done = flush + 1
        image = bytearray(self.durable)
        for at, data in pieces([w for w in self.log[self.done:end] if w[2]], how, chance):
            image[at:at + len(data)] = data
        with open(path, "wb") as file:
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


def campaign(base, log, count, seed):
    """(states that were looked at, [what is wrong])"""
    chance = random.Random(seed)
    states = States(base, log)
    flushes = [i + 1 for i, entry in enumerate(log) if entry[0] & FLUSH]
    ends = sorted(chance.choice(flushes) if chance.random() < .3 else chance.randrange(1, len(log) + 1)
                  for _ in range(count))
    workers = os.cpu_count()
    wrong = []
    with ThreadPoolExecutor(workers) as pool:
        running = []
        for number, end in enumerate(ends):
            how = chance.choice(["none", "all", "writes", "sectors", "sectors", "torn"])
            path = os.path.join(OUT, f"state-{number}")
            told = states.make(end, how, chance, path)
            running.append((end, how, told, pool.submit(look, path, told)))
            while len(running) > 2 * workers or (running and number == count - 1):
                end, how, told, result = running.pop(0)
                said = result.result()
                if said:
                    wrong.append(f"after {end} writes, {how} of those after the flush, "
                                 f"{told[0]} samples committed: {said}")
    return count, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print("# program power-cut", "1..5", sep="\n", flush=True)
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
    sys.exit(failed != 0)


try:
    main()
except Failure as failure:
    print("\n".join("# " + line for line in str(failure).splitlines()))
    print("not ok 1 power-cut")
    sys.exit(1)
