#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The virtual gateway, live: `make demo`, `make demo STORY=blackout`,
`make demo REPLAY=FILE.csv`."""

import argparse
import os
import select
import shutil
import signal
import sys
import tempfile
import termios
import time
import tty

import gateway
import replay
import story

KEYS = """\
  p power: cut / restore     n network: cut / restore     s hydropond: stop (hang) / continue
  k kill hydropond           f kill hydropon-forward      q quit
"""


class Live:
    """The live view with its keys."""

    def __init__(self, guest, store):
        self.guest, self.store = guest, store
        self.power, self.network, self.running = True, True, True
        self.notes = []

    def note(self, text):
        self.notes = (self.notes + [time.strftime("%H:%M:%S  ") + text])[-4:]

    def press(self, key):
        guest = self.guest
        if key == "p":
            self.power = not self.power
            guest.set_power(self.power)
            self.note("mains power is back: outputs wait for 10 s of stable power" if self.power
                      else "mains power is lost: the guard sheds pumps, dosers, valve and lights")
        elif key == "n":
            self.network = not self.network
            guest.set_network(self.network)
            self.note("the network is back: the spool drains" if self.network
                      else "the network is cut: samples wait in the spool, outputs go on")
        elif key == "s":
            self.running = not self.running
            guest.signal("CONT" if self.running else "STOP", "hydropond")
            self.note("hydropond goes on" if self.running
                      else "hydropond hangs: its leases run out within 2 s")
        elif key == "k":
            guest.signal("KILL", "hydropond")
            self.running = True
            self.note("hydropond is killed: outputs are safe at once; it is started again in 2 s")
        elif key == "f":
            guest.signal("KILL", "hydropon-forward")
            self.note("hydropon-forward is killed: no output notices; it is started again in 2 s")
        return key not in ("q", "\x03", "\x04")

    def draw(self, out):
        _, text = self.guest.run("hydroponctl status", 30)
        size = shutil.get_terminal_size((100, 40))
        lines = text.splitlines() + [""] + KEYS.splitlines() + [
            f"  the store's own page: {self.store.url}/vmui   "
            "(query: hydropon_value)"] + [""] + ["  " + n for n in self.notes]
        out.write("\x1b[H" + "".join(f"{line[:size.columns - 1]}\x1b[K\r\n"
                                     for line in lines[:size.lines - 1]) + "\x1b[J")
        out.flush()

    def run(self):
        """With a terminal: until q. Without one: plain text, for a while."""
        if not sys.stdin.isatty() or not sys.stdout.isatty():
            for _ in range(6):
                print(self.guest.run("hydroponctl status", 30)[1], flush=True)
                time.sleep(5)
            print(f"the store's own page: {self.store.url}/vmui (query: hydropon_value)")
            print("keys and the live view need a terminal; the demo ends here")
            return
        before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)
        sys.stdout.write("\x1b[?1049h\x1b[?25l\x1b[2J")
        try:
            going = True
            while going:
                self.draw(sys.stdout)
                if select.select([sys.stdin], [], [], 1)[0]:
                    going = self.press(os.read(sys.stdin.fileno(), 1).decode(errors="replace"))
        finally:
            sys.stdout.write("\x1b[?25h\x1b[?1049l")
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def wait_for_first_value(guest):
    """Seconds from the start of QEMU to the first good value."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        status = guest.status()
        if status and any(c["value"] is not None for c in status["channels"]):
            return time.monotonic() - guest.started
        time.sleep(0.3)
    raise gateway.Failure("no value within 60 s; the logs are in /run of the guest and " +
                          gateway.DIR)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--story", choices=["blackout"])
    parser.add_argument("--replay", metavar="FILE.csv")
    parser.add_argument("--rows", type=int, default=0, help="replay only so many rows")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    # A plain exit on SIGTERM, so that store and guest are ended below.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    shutil.rmtree(gateway.DIR, ignore_errors=True)
    os.makedirs(gateway.DIR)
    gateway.SOCKETS = tempfile.mkdtemp(prefix="hydropon-")
    store = guest = None
    try:
        recording = replay.Recording(options.replay, options.rows) if options.replay else None
        print("hydropon: starting victoria-metrics and booting the virtual gateway", flush=True)
        store = gateway.Store()
        append = f"rig.seed={options.seed}"
        if recording:
            append += f" rig.rows={len(recording.rows)}"
        if options.story:
            append += " rig.story=1"
        guest = gateway.Gateway(store.port, append,
                                recording and recording.make_initrd(gateway.DIR))
        print(f"hydropon: first value {wait_for_first_value(guest):.1f} s after power-on",
              flush=True)
        if options.story:
            return story.tell(guest, store)
        if recording:
            return recording.play(guest, store)
        Live(guest, store).run()
        return 0
    except gateway.Failure as failure:
        print(f"hydropon: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if guest:
            guest.stop()
        if store:
            store.stop()
        shutil.rmtree(gateway.SOCKETS, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
