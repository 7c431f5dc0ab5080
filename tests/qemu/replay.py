# SPDX-License-Identifier: GPL-2.0-only
"""A real recording through the simulated wires into the store, and compared."""

import bisect
import csv
import math
import os
import subprocess
import time

from gateway import Failure

# One step of the converter: 2.048 V / 2^15, through the front ends of the gateway.
LSB = {"ec-a": 0.0625 / 0.5, "water-a": 0.0625 / 10}
READ_MS = 25
COLUMNS = {"ec-a": "ec_us_cm", "water-a": "water_c"}


class Recording:
    def __init__(self, path, rows):
        try:
            with open(path, newline="") as file:
                lines = list(csv.DictReader(file))
        except OSError as error:
            raise Failure(f"cannot read the recording: {error}") from error
        if not lines or not all(column in lines[0] for column in COLUMNS.values()):
            raise Failure(f"{path}: needs the columns {', '.join(COLUMNS.values())}")
        self.path = path
        self.rows = lines[:rows] if rows else lines

    def make_initrd(self, folder):
        """The guest's initramfs with the recording behind it."""
        tree = os.path.join(folder, "replay")
        os.makedirs(tree)
        with open(self.path, "rb") as source, open(os.path.join(tree, "replay.csv"), "wb") as to:
            to.write(source.read())
        archive = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=tree,
                                 input=b"replay.csv\n", stdout=subprocess.PIPE, check=True).stdout
        initrd = os.path.join(folder, "initramfs.cpio")
        with open("build/guest/initramfs.cpio", "rb") as base, open(initrd, "wb") as to:
            to.write(base.read())
            to.write(archive)
        return initrd

    def play(self, guest, store):
        seconds = len(self.rows) / 10
        print(f"hydropon: replaying {len(self.rows)} rows in {seconds:.0f} s", flush=True)
        guest.check("setsid sh -c \"exec $(cat /run/tank.command)\" >/run/tank.log 2>&1 &")
        deadline = time.monotonic() + seconds * 1.5 + 30
        while guest.run("pidof tank")[0] == 0:
            if time.monotonic() > deadline:
                raise Failure("the replay does not end")
            time.sleep(2)
        boot_ns, wall_ms = guest.now()
        time.sleep(2)
        while guest.forward()["queued"] > 100:
            if time.monotonic() > deadline + 30:
                raise Failure("the store does not take the samples")
            time.sleep(0.5)
        time.sleep(2)
        log = guest.check("cat /run/replay.log", 120)
        offset_ms = wall_ms - boot_ns / 1e6
        starts = [int(line.split()[0]) / 1e6 + offset_ms for line in log.splitlines()
                  if line and line[0].isdigit()]
        if len(starts) != len(self.rows):
            raise Failure(f"the tank played {len(starts)} of {len(self.rows)} rows: " +
                          guest.run("tail -n 3 /run/tank.log")[1])
        return 0 if all([self.compare(store, name, starts) for name in COLUMNS]) else 1

    def compare(self, store, channel, starts):
        """Each stored value must be the row's that was at the pin, to one LSB."""
        ends = starts[1:] + [math.inf]
        wrong = compared = bad = 0
        seen = set()
        values = store.series(f'{{__name__="hydropon_value",channel="{channel}"}}')
        qualities = store.series(f'{{__name__="hydropon_q",channel="{channel}"}}')
        value_at = dict(values[0][1]) if values else {}
        for at, quality in (qualities[0][1] if qualities else []):
            first = bisect.bisect_right(starts, at) - 1
            if first < 0 or at > starts[-1] + 90:
                continue
            # The stamp is when the read began. The chip converts all the time, so that its
            # answer is of some ms before or after: at an edge, of the row before or after.
            rows = [r for r in (first - 1, first, first + 1) if 0 <= r < len(starts) and
                    starts[r] - READ_MS < at < ends[r] + READ_MS]
            texts = [self.rows[r][COLUMNS[channel]] for r in rows]
            if at not in value_at:
                bad += 1
                ok = any(not text or not in_range(channel, float(text)) for text in texts)
            else:
                compared += 1
                near = [row for row, text in zip(rows, texts) if text and
                        abs(float(text) - value_at[at]) <= LSB[channel]]
                ok = bool(near) and quality == 0
                # Of neighbours with one value nobody can tell which it was.
                seen.update(near)
            if not ok:
                wrong += 1
                if wrong <= 5:
                    print(f"  {channel} at row {first}: stored {value_at.get(at)} q {quality:.0f}, "
                          f"recorded {texts}")
        recorded = {r for r, row in enumerate(self.rows) if row[COLUMNS[channel]] and
                    in_range(channel, float(row[COLUMNS[channel]]))}
        missing = len(recorded - seen)
        print(f"{channel}: {compared} values compared with the recording, {wrong} differ by more "
              f"than one LSB ({LSB[channel]:g}); {bad} without a value; "
              f"{missing} of {len(recorded)} recorded rows were not seen", flush=True)
        # A row at an edge may be read as its neighbour; not more than that.
        return compared > 0 and wrong == 0 and missing <= len(recorded) // 20 + 1


def in_range(channel, value):
    """What the converter can show: up to 2047.9 mV, and what the channel may say."""
    return value < 4000 if channel == "ec-a" else -5 <= value <= 60
