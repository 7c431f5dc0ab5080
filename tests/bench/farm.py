#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Of make bench-spool, with the programs themselves: a day of 64 channels delivered to a real store
beside curl, which uploads the same lines prepared in the same batches; a week's history; a spool of
1 GiB opened again; private memory."""
import gzip
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "build", "bench", "farm")
PROGRAMS = os.path.join(ROOT, "build", "bench")
CHANNELS = 64  # as many as a gateway can have
BATCH = 5000
DAY = 86400


def say(text):
    print("bench-spool: " + text, flush=True)


def configure(name, max_bytes="1 GiB", store=""):
    """The folder and the configuration of a spool of its own."""
    folder = os.path.join(OUT, name)
    os.makedirs(folder + "/run/forward")
    path = folder + ".conf"
    with open(path, "w") as file:
        file.write(f"[gateway]\nname = bench\nsite = farm\nstate-dir = {folder}/state\n"
                   f"run-dir = {folder}/run\n[spool]\nmax-bytes = {max_bytes}\n{store}")
        for i in range(CHANNELS):
            file.write(f"[channel channel-{i:02}]\nquantity = voltage\n")
    return path, folder


def fill(conf, seconds, *how):
    made = subprocess.run([PROGRAMS + "/tests/spool-fill", conf, str(seconds), *how],
                          check=True, capture_output=True, text=True)
    return json.loads(made.stdout)


class Store:
    """VictoriaMetrics with an empty folder."""

    def __init__(self, name):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.log = open(os.path.join(OUT, name + ".log"), "w")
        self.process = subprocess.Popen(
            [shutil.which("victoria-metrics") or "/usr/bin/victoria-metrics",
             f"-httpListenAddr=127.0.0.1:{self.port}", f"-storageDataPath={OUT}/{name}",
             "-retentionPeriod=100y"], stdout=self.log, stderr=self.log)
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5).read()
                return
            except OSError:
                time.sleep(0.1)
        sys.exit("farm.py: victoria-metrics does not answer; see " + self.log.name)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.log.close()


def private_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private_"))


def drain(samples):
    """Seconds that hydropon-forward takes, its private memory at most and at rest, bytes sent."""
    store = Store("store-forward")
    conf, folder = configure("day-forward", store="")
    with open(conf, "a") as file:
        file.write(f"[store vm]\nkind = victoriametrics\nurl = http://127.0.0.1:{store.port}\n"
                   "begin = oldest\n")
    os.rmdir(folder + "/run/forward")
    os.rmdir(folder + "/run")
    os.rename(OUT + "/day/state", folder + "/state")
    os.rename(OUT + "/day/run", folder + "/run")
    begin = time.monotonic()
    process = subprocess.Popen([PROGRAMS + "/hydropon-forward", "--config", conf],
                               stderr=open(folder + ".log", "w"))
    most = delivered = 0
    while delivered < samples:
        time.sleep(0.02)
        try:
            most = max(most, private_kib(process.pid))
            with open(folder + "/run/forward/forward.json") as file:
                delivered = json.load(file)["stores"][0]["delivered"]
        except (OSError, ValueError, IndexError, KeyError):
            pass
        if process.poll() is not None or time.monotonic() - begin > 1800:
            sys.exit("farm.py: the day was not delivered; see " + folder + ".log")
    took = time.monotonic() - begin
    time.sleep(3)
    rest = private_kib(process.pid)
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    store.close()
    return took, most, rest


def prepare(conf):
    """The same lines in files of a batch each, as the forwarder compresses them."""
    folder, names = OUT + "/batches", []
    os.makedirs(folder)
    export = subprocess.Popen([PROGRAMS + "/hydroponctl", "spool", "export", "--config", conf],
                              stdout=subprocess.PIPE)
    lines = []

    def put():
        names.append(f"{folder}/{len(names):06}")
        with gzip.open(names[-1], "wb", compresslevel=1) as file:
            file.writelines(lines)
        lines.clear()

    for line in export.stdout:
        lines.append(line)
        if len(lines) == BATCH:
            put()
    if lines:
        put()
    if export.wait():
        sys.exit("farm.py: the export failed")
    return names


def upload(names):
    """Seconds that one curl takes for all of them, over one connection."""
    store = Store("store-curl")
    url = f"http://127.0.0.1:{store.port}/write?precision=ms"
    with open(OUT + "/curl.conf", "w") as file:
        file.write("\nnext\n".join(
            f'url = "{url}"\nfail\nsilent\nshow-error\nheader = "Content-Encoding: gzip"\n'
            f'data-binary = "@{name}"' for name in names))
    begin = time.monotonic()
    subprocess.run(["curl", "--config", OUT + "/curl.conf"], check=True)
    took = time.monotonic() - begin
    store.close()
    return took


def ask_week():
    conf, _ = configure("week")
    week = fill(conf, 7 * DAY)
    say(f"a week of {CHANNELS} channels: {week['samples']} samples, {week['bytes'] / 2**20:.1f} MiB, "
        f"opened in {week['open_ms']:.0f} ms")
    for what, arguments in (("one channel", ["channel-07"]), ("all channels", [])):
        begin = time.monotonic()
        subprocess.run([PROGRAMS + "/hydroponctl", "history", *arguments, "--from", "-7d", "--config",
                        conf], check=True, stdout=subprocess.DEVNULL)
        took = time.monotonic() - begin
        say(f"history of that week, {what}: {took:.2f} s, "
            f"{week['samples'] / took / 1e6:.1f} M samples read a second")
    shutil.rmtree(OUT + "/week")


def open_full():
    conf, _ = configure("full")
    full = fill(conf, 400 * DAY, "full")
    say(f"a spool of {full['bytes'] / 2**30:.2f} GiB, {full['samples']} samples: opened in "
        f"{full['open_ms']:.0f} ms (aim 1000)")
    shutil.rmtree(OUT + "/full")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(OUT)
    conf, _ = configure("day")
    day = fill(conf, DAY)
    names = prepare(conf)
    theirs = upload(names)
    ours, most, rest = drain(day["samples"])
    say(f"a day of {CHANNELS} channels, {day['samples']} samples, to VictoriaMetrics: "
        f"hydropon-forward {ours:.1f} s, curl with {len(names)} prepared batches {theirs:.1f} s: "
        f"{theirs / ours:.2f} of its rate (aim 0.8)")
    say(f"hydropon-forward: {most} KiB private at most while draining, {rest} KiB at rest (aim 8192)")
    ask_week()
    open_full()
    shutil.rmtree(OUT)


if __name__ == "__main__":
    main()
