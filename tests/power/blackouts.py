#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The virtual gateway is killed at random moments while it samples and delivers into a real store,
and started again on the same disk. Prints KTAP, and what became of the samples."""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu"))
import gateway  # noqa: E402


def live_until_cut(guest, chance):
    """Returns how many samples it had told to be committed, and delivered, when it was cut."""
    told = delivered = 0
    # In the middle of a second, of a commit, of a request: whenever.
    end = time.monotonic() + 2 + chance.random() * 8
    while time.monotonic() < end:
        told = guest.committed() or told
        delivered = (guest.forward() or {"delivered": delivered})["delivered"]
    guest.cut()
    return told, delivered


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print("# program blackouts", "1..3", sep="\n", flush=True)
    gateway.DIR = os.path.join(gateway.ROOT, "build", "blackouts")
    shutil.rmtree(gateway.DIR, ignore_errors=True)
    os.makedirs(gateway.DIR)
    gateway.SOCKETS = tempfile.mkdtemp(prefix="hydropon-")
    chance = random.Random(options.seed)
    store = guest = None
    lost = told = delivered = 0
    longest_s = 0.0
    try:
        store = gateway.Store()
        for number in range(options.cuts + 1):
            guest = gateway.Gateway(store.port, f"rig.seed={options.seed}", keeps_disk=number > 0)
            gateway.wait_for("a sample was committed", lambda: guest.committed() > 0)
            longest_s = max(longest_s, time.monotonic() - guest.started)
            found = guest.committed()
            if found < told:
                lost += told - found
                print(f"# after cut {number}: {told} samples had been committed, {found} are there")
            if number < options.cuts:
                told, delivered = live_until_cut(guest, chance)
        # All that there is comes to the store, and the store counts it.
        last = gateway.wait_for("the store was told of", lambda: guest.forward())
        if last["delivered"] < delivered:
            print(f"# {delivered} were delivered before the last cut, {last['delivered']} are known of")
        guest.check("touch /run/hydropond.stop")
        guest.signal("TERM", "hydropond")
        gateway.wait_for("hydropond ended", lambda: guest.run("pidof hydropond")[0] != 0, 20)
        f = gateway.wait_for("everything was delivered", lambda: (g := guest.forward()) and
                     g["queued"] == 0 and g["produced"] > 0 and g, 120)
        try:
            gateway.wait_for("the store counts all", lambda: store.count() == f["produced"], 20)
        except gateway.Failure:
            pass
        stored = store.count()
        dropped = sum(f["dropped"].values())
        # A cut between an answer and the cursor repeats a request, which the store takes once.
        print(f"# seed {options.seed}: {options.cuts} cuts, committed {f['produced']}, lost {lost}, "
              f"dropped {dropped}, the store counts {stored}; a sample was committed "
              f"{longest_s:.1f} s after power-on at the latest")
        results = [(not lost, "nothing_that_was_committed_is_lost"),
                   (f["produced"] == f["delivered"] and not dropped and not f["set_aside"],
                    "every_sample_is_delivered"),
                   (stored == f["produced"], "the_store_has_each_once")]
        for number, (good, name) in enumerate(results, 1):
            print(f"{'ok' if good else 'not ok'} {number} {name}", flush=True)
        sys.exit(not all(good for good, _ in results))
    except gateway.Failure as failure:
        print("\n".join("# " + line for line in str(failure).splitlines()))
        print("not ok 1 blackouts")
        sys.exit(1)
    finally:
        if guest and guest.process.poll() is None:
            guest.stop()
        if store:
            store.stop()
        shutil.rmtree(gateway.SOCKETS, ignore_errors=True)


main()
