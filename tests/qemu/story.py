# SPDX-License-Identifier: GPL-2.0-only
"""The story of a blackout: every fault of the first evening, told and judged."""

import time

from gateway import OUTPUTS, Failure

DELIVERY_TIMEOUT_S = 30


class Story:
    def __init__(self, guest, store):
        self.guest, self.store = guest, store
        self.start = time.monotonic()
        self.failures = []
        self.reactions = []

    def say(self, text):
        print(f"[{time.monotonic() - self.start:6.1f} s] {text}", flush=True)

    def fail(self, text):
        self.failures.append(text)
        self.say("FAILED: " + text)

    def wait(self, what, condition, timeout_s=30):
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if condition():
                return True
            time.sleep(0.2)
        self.fail(f"{what} did not happen within {timeout_s} s")
        return False

    def outputs_are(self, levels):
        return all(self.guest.level(name) == level for name, level in levels.items())

    def away_from_safe(self, names):
        """Moves outputs away from their safe state, as a grower would."""
        for name in names:
            state = "off" if OUTPUTS[name][2] else "on"
            self.guest.check(f"hydroponctl set {name} {state} --for 5m")
        self.wait("outputs away from safe: " + ", ".join(names),
                  lambda: self.outputs_are({n: 1 - OUTPUTS[n][2] for n in names}))

    def judge_safe(self, fault, names, level_of, since_ns):
        """Every line must have gone to its level after the fault; notes how fast."""
        self.wait("lines safe after " + fault,
                  lambda: self.outputs_are({n: level_of(n) for n in names}), 10)
        for name in names:
            changed_ns = self.guest.first_change(name, level_of(name), since_ns)
            if changed_ns is None:
                self.fail(f"{name} never reached its safe state after {fault}")
                continue
            self.reactions.append((fault, name, (changed_ns - since_ns) / 1e6))
            self.say(f"    {name:<9} {'on ' if level_of(name) else 'off'} after "
                     f"{(changed_ns - since_ns) / 1e6:8.1f} ms")

    def power(self):
        shed = [n for n in OUTPUTS if OUTPUTS[n][3]]
        self.away_from_safe(shed)
        air = self.guest.level("air-a")
        self.say("mains power is cut")
        cut_ns = self.guest.set_power(False)
        self.judge_safe("power cut", shed, lambda _: 0, cut_ns)
        if self.guest.level("air-a") != air:
            self.fail("the air pump changed when power was cut")
        time.sleep(2)
        self.say("mains power is back; 10 s of stable power are wanted")
        back_ns = self.guest.set_power(True)
        self.wait("pump on again", lambda: self.guest.level("pump-a") == 1)
        self.wait("outputs on again, one after the other",
                  lambda: self.outputs_are({n: 1 for n in shed}))
        on_ns = self.guest.first_change("pump-a", 1, back_ns)
        if on_ns:
            self.say(f"    pump-a on again after {(on_ns - back_ns) / 1e9:.1f} s")

    def network(self):
        levels = {name: self.guest.level(name) for name in OUTPUTS}
        before = self.guest.forward()["delivered"]
        self.say("the network is cut")
        self.guest.set_network(False)
        time.sleep(12)
        forward = self.guest.forward()
        self.say(f"    {forward['queued']} samples wait in the spool, outputs unchanged")
        if not forward["queued"]:
            self.fail("nothing waits in the spool although the network is cut")
        if not self.outputs_are(levels):
            self.fail("an output changed when the network was cut")
        self.say("the network is back")
        self.guest.set_network(True)
        self.wait("spool drained", lambda: self.guest.forward()["queued"] < 100, 60)
        self.say(f"    {self.guest.forward()['delivered'] - before} samples delivered since the cut")

    def kill(self):
        self.away_from_safe(OUTPUTS)
        self.say("hydropond is killed (SIGKILL) with everything away from safe")
        killed_ns = self.guest.signal("KILL", "hydropond")
        self.judge_safe("daemon killed", OUTPUTS, lambda n: OUTPUTS[n][2], killed_ns)
        self.wait("hydropond back and pump on", lambda: self.guest.level("pump-a") == 1)
        self.say("    hydropond is back, the pump runs")

    def hang(self):
        self.away_from_safe(OUTPUTS)
        self.say("hydropond hangs (SIGSTOP) with everything away from safe")
        stopped_ns = self.guest.signal("STOP", "hydropond")
        self.judge_safe("daemon hung", OUTPUTS, lambda n: OUTPUTS[n][2], stopped_ns)
        self.guest.signal("CONT", "hydropond")
        self.wait("pump on after SIGCONT", lambda: self.guest.level("pump-a") == 1)
        self.say("    hydropond goes on, the pump runs")

    def forwarder(self):
        since_ns, _ = self.guest.now()
        self.say("hydropon-forward is killed (SIGKILL)")
        self.guest.signal("KILL", "hydropon-forward")
        time.sleep(3)
        if self.guest.first_change("pump-a", 0, since_ns):
            self.fail("the pump stopped when the forwarder was killed")
        old = self.guest.forward()["delivered"]
        self.wait("forwarder delivers again", lambda: self.guest.forward()["delivered"] > old)
        self.say("    it is back and delivers; no output noticed")

    def memory(self):
        for program in ("hydropond", "hydropon-forward"):
            text = self.guest.check(f"cat /proc/$(cat /run/{program}.pid)/smaps_rollup")
            private = sum(int(line.split()[1]) for line in text.splitlines()
                          if line.startswith("Private_"))
            self.say(f"{program} has {private} KiB of private memory")

    def sums(self):
        """Ends sampling, drains, and lets the store itself count."""
        last = self.guest.status()
        self.guest.check("touch /run/hydropond.stop")
        self.guest.signal("TERM", "hydropond")
        self.wait("hydropond ended", lambda: self.guest.run("pidof hydropond")[0] != 0, 10)
        for name in OUTPUTS:
            if self.guest.level(name) != OUTPUTS[name][2]:
                self.fail(f"{name} is not safe after hydropond has ended")
        self.wait("everything delivered", self.drained, DELIVERY_TIMEOUT_S)
        f = self.guest.forward()
        dropped = sum(f["dropped"].values())
        # What has just come in is counted by the store after a second or two.
        deadline = time.monotonic() + 15
        while (stored := self.store.count()) != f["delivered"] and time.monotonic() < deadline:
            time.sleep(0.5)
        self.say(f"produced {f['produced']} = delivered {f['delivered']} + queued {f['queued']} + "
                 f"set aside {f['set_aside']} + dropped {dropped} {f['dropped'] or ''}")
        self.say(f"the store counts {stored}")
        lost = {k: v for k, v in last["spool"].items() if k.startswith("refused") and v}
        self.say(f"lost before commit, since hydropond's last start: {lost or 'nothing'}")
        if not f["produced"]:
            self.fail("nothing was produced")
        if f["produced"] != f["delivered"] + f["queued"] + f["set_aside"] + dropped:
            self.fail("the sum does not balance")
        if stored != f["delivered"]:
            self.fail(f"the store counts {stored}, delivered were {f['delivered']}")

    def events(self):
        """What happened must be in the store as well as what was measured."""
        seen = {}
        for labels, points in self.store.series('{__name__=~"hydropon_(event|up)_(on|boot)"}'):
            event = labels.get("event", "up")
            seen.setdefault(event, []).extend(int(value) for _, value in points)
        self.say("the store has events: " +
                 ", ".join(f"{len(v)} {k}" for k, v in sorted(seen.items())))
        power = seen.get("power", [])
        if 0 not in power or 1 not in power:
            self.fail("the store does not know that mains power was lost and came back")
        # It was killed, and hung until its watchdog or the story ended it.
        if len([on for on in seen.get("hydropond", []) if on]) < 2:
            self.fail("the store does not know that hydropond was started again")
        for event in ("output", "set", "up"):
            if not seen.get(event):
                self.fail(f"the store has no event \"{event}\"")

    def drained(self):
        f = self.guest.forward()
        return f and f["queued"] == 0 and f["produced"] > 0


def tell(guest, store):
    """0 if everything went as promised."""
    story = Story(guest, store)
    story.say("a nutrient tank on a virtual ARM gateway; the pump starts when the level is known")
    story.wait("pump on", lambda: guest.level("pump-a") == 1)
    story.wait("first samples delivered", lambda: (guest.forward() or {"delivered": 0})["delivered"])
    for chapter in (story.power, story.network, story.kill, story.hang, story.forwarder,
                    story.memory, story.sums, story.events):
        try:
            chapter()
        except (KeyError, TypeError) as error:
            raise Failure(f"the guest's answer was not understood: {error!r}") from error
    worst = {}
    for fault, _, ms in story.reactions:
        worst[fault] = max(ms, worst.get(fault, 0))
    story.say("slowest line: " + ", ".join(f"{fault} {ms:.1f} ms" for fault, ms in worst.items()))
    if story.failures:
        story.say(f"{len(story.failures)} promises were broken")
        return 1
    story.say("everything came back; nothing was lost that had been committed")
    return 0
