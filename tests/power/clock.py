#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The virtual gateway in boots without a clock: with a real-time clock that goes wrong but has a
battery, and with one that begins in 1970 each time. The clock is set later, as who has asked a time
server does, and set back. What comes to a real store must have the right time, or none must come.
Prints KTAP."""

import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu"))
import gateway  # noqa: E402

SLOW_S = 3 * 3600       # so much is the RTC behind
# An answer takes a while, and so does the way of a sample to the status, longer on a busy machine; the
# RTC has whole seconds. What is dated wrongly is off by hours or more.
WITHIN_MS = 20000


def now_ms():
    return int(time.time() * 1000)


class Test:
    def __init__(self):
        self.store = gateway.Store()
        self.guest = None
        self.told = []          # (samples committed, when that was known)
        self.results = []

    def judge(self, good, name, note=""):
        if note:
            print(f"# {note}")
        self.results.append(bool(good))
        print(f"{'ok' if good else 'not ok'} {len(self.results)} {name}", flush=True)

    def boot(self, rtc):
        print(f"# {now_ms() / 1000:.0f}: power-on, the RTC says {rtc}", flush=True)
        self.guest = gateway.Gateway(self.store.port, "rig.seed=1 rig.trust=synchronized",
                                     keeps_disk=bool(self.told), rtc=rtc)
        before = self.told[-1][0] if self.told else 0
        gateway.wait_for("samples were committed",
                         lambda: self.guest.committed() > before + 200, 120)
        self.look()

    def look(self):
        status = gateway.wait_for("hydropond answers", self.guest.status)
        self.told.append((status["spool"]["produced"], now_ms()))
        return status["spool"]["clock"]

    def set_clock(self, wall_ms):
        self.guest.check(f"simctl clock {wall_ms}")

    def wait_delivered(self):
        """Until nothing is left of what was there, dated or not: what is new goes first, so that a sum
        tells nothing while there is a backlog."""
        produced = self.guest.committed()
        return gateway.wait_for(
            "everything was delivered", lambda: (f := self.guest.forward()) and
            f["queued"] == 0 and f["produced"] >= produced and f, 120)

    def stamps(self, n):
        """[(clk, stamp)] of all samples in the store, in order, once there are @n."""
        def find():
            found = sorted((int(labels["clk"]), stamp) for labels, points
                           in self.store.series('{__name__="hydropon_q"}') for stamp, _ in points)
            return found if len(found) >= n else None
        return gateway.wait_for(f"the store has {n} samples", find, 30)

    def stop(self):
        if self.guest and self.guest.process.poll() is None:
            self.guest.stop()
        self.store.stop()


def wrong_clock():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - SLOW_S))


def is_near(stamps, told, missing=0):
    """Whether sample n has the time at which n samples were there."""
    worst = 0
    for n, when in told:
        worst = max(worst, abs(stamps[n - missing - 1][1] - when))
    return worst <= WITHIN_MS, f"stamps are within {worst} ms of when they were seen to be there"


def run(test):
    # A battery, and no server: the time is wrong, and nobody says that it is right.
    test.boot(wrong_clock())
    clock = test.look()
    f = test.guest.forward()
    test.judge(not clock["set"] and clock["boot"] == 1 and not f["delivered"] and
               f["state"] == "waiting" and "waiting for the clock" in (f["last_error"] or ""),
               "without_a_clock_nothing_is_sent", f["last_error"] or "no error")
    test.guest.cut()

    test.boot(wrong_clock())
    clock = test.look()
    test.judge(not clock["set"] and clock["boot"] == 2, "a_boot_has_a_number")
    test.set_clock(now_ms())
    f = test.wait_delivered()
    clock = test.look()
    stamps = test.stamps(f["delivered"])
    good, note = is_near(stamps, test.told[:-1])
    test.judge(clock["set"] and f["state"] == "ok" and not f["dropped"] and
               not any(clk for clk, _ in stamps) and good,
               "both_boots_are_dated_by_the_clock_and_the_rtc", note)
    # What is sampled from now on has its stamp at once.
    test.wait_delivered()
    test.look()
    test.guest.cut()

    # The battery is empty.
    before = test.told[-1][0]
    test.boot("1970-01-01T00:00:00")
    clock = test.look()
    test.judge(not clock["set"] and clock["boot"] == 3, "1970_is_no_time")
    test.guest.cut()

    test.boot("1970-01-01T00:00:00")
    test.set_clock(now_ms())
    f = test.wait_delivered()
    undated = f["dropped"].get("no date", 0)
    least = test.told[-3][0] - before
    stamps = test.stamps(f["delivered"])
    good, note = is_near(stamps, test.told[-1:], undated)
    # What the cut took from the boot before was not told of, and what it had before was delivered.
    test.judge(undated >= least > 0 and sum(f["dropped"].values()) == undated and
               len(stamps) >= f["delivered"] and good,
               "what_nothing_dates_is_counted_and_the_rest_delivered",
               f"{undated} without a date; {note}")

    # Set back by an hour, and right again.
    begun = now_ms()
    test.set_clock(begun - 3600000)
    time.sleep(3)
    test.wait_delivered()
    test.set_clock(now_ms())
    time.sleep(3)
    test.wait_delivered()
    clock = test.look()
    test.guest.check("touch /run/hydropond.stop")
    test.guest.signal("TERM", "hydropond")
    gateway.wait_for("hydropond ended", lambda: test.guest.run("pidof hydropond")[0] != 0, 20)
    # The forwarder tells what it knew when it looked last, and the store indexes what it gets later.
    def settled():
        f = test.guest.forward()
        stamps = sorted((int(labels["clk"]), stamp) for labels, points
                        in test.store.series('{__name__="hydropon_q"}') for stamp, _ in points)
        sums = (f"produced {f['produced']}, delivered {f['delivered']}, queued {f['queued']}, "
                f"dropped {f['dropped']}, the store counts {len(stamps)}") if f else "no answer"
        ends = (f and f["queued"] == 0 and f["dropped"] == {"no date": undated} and
                f["produced"] == f["delivered"] + undated == len(stamps) + undated)
        settled.last = stamps, sums, ends
        return ends
    try:
        gateway.wait_for("everything was delivered", settled, 60)
    except gateway.Failure:
        pass
    stamps, sums, ends = settled.last
    behind = [stamp for clk, stamp in stamps if clk == 1 and stamp < begun - 1000000]
    test.judge(clock["clk"] == 1 and behind and ends, "a_clock_that_is_set_back_takes_no_samples_place",
               f"{len(behind)} samples an hour back have another clk, {clock['clk']}; {sums}")


def main():
    print("# program clock", "1..6", sep="\n", flush=True)
    gateway.DIR = os.path.join(gateway.ROOT, "build", "clock")
    shutil.rmtree(gateway.DIR, ignore_errors=True)
    os.makedirs(gateway.DIR)
    gateway.SOCKETS = tempfile.mkdtemp(prefix="hydropon-")
    test = None
    try:
        test = Test()
        run(test)
        sys.exit(not all(test.results))
    except gateway.Failure as failure:
        print("\n".join("# " + line for line in str(failure).splitlines()))
        print(f"not ok {len(test.results) + 1 if test else 1} clock")
        sys.exit(1)
    finally:
        if test:
            test.stop()
        shutil.rmtree(gateway.SOCKETS, ignore_errors=True)


main()
