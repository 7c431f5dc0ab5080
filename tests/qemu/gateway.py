# SPDX-License-Identifier: GPL-2.0-only
"""The virtual gateway and its store, as seen from the host."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DIR = os.path.join(ROOT, "build", "demo")
# A Unix socket's path must be short, wherever the tree lies.
SOCKETS = None

# name: (chip, line, declared safe level, forced off when mains power is lost)
OUTPUTS = {
    "pump-a": ("gpio-soc", 0, 0, True),
    "air-a": ("gpio-soc", 1, 1, False),
    "ph-down": ("gpio-soc", 2, 0, True),
    "nutrient": ("gpio-soc", 3, 0, True),
    "lights": ("gpio-soc", 4, 0, True),
    "fill": ("gpio-bus", 0, 0, True),
}
POWER_GOOD = "gpio-soc/line9"


class Failure(Exception):
    """Something that the person at the terminal should read in one sentence."""


def wait_for(what, condition, timeout_s=60):
    """Returns what the condition gave that was not false."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise Failure(f"{what} did not happen within {timeout_s} s")


def log_tail(name):
    with open(os.path.join(DIR, name), errors="replace") as file:
        return "".join(file.readlines()[-15:])


def free_port(wanted):
    """The wanted port of loopback if it is free, else one that is."""
    for port in (wanted, 0):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return s.getsockname()[1]
            except OSError:
                continue
    raise Failure("no free port on 127.0.0.1")


class Store:
    """Debian's victoria-metrics on loopback, with an empty disk."""

    def __init__(self):
        self.port = free_port(8428)
        self.url = f"http://127.0.0.1:{self.port}"
        program = shutil.which("victoria-metrics") or "/usr/bin/victoria-metrics"
        path = os.path.join(DIR, "store")
        self.log = open(os.path.join(DIR, "store.log"), "w")
        self.process = subprocess.Popen(
            [program, f"-httpListenAddr=127.0.0.1:{self.port}", f"-storageDataPath={path}",
             "-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        for _ in range(100):
            try:
                self.get("/health")
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise Failure("victoria-metrics did not start:\n" + log_tail("store.log"))

    def get(self, path, **query):
        url = self.url + path + ("?" + urllib.parse.urlencode(query, doseq=True) if query else "")
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read()

    def series(self, match):
        """[(labels, [(time in ms, value)])] of every stored point."""
        # What came in is seen by a query only after a flush.
        self.get("/internal/force_flush")
        text = self.get("/api/v1/export", **{"match[]": match, "start": 0}).decode()
        series = [json.loads(line) for line in text.splitlines()]
        return [(s["metric"], list(zip(s["timestamps"], s["values"]))) for s in series]

    def count(self):
        """Samples in the store: every sample has a quality, not every one a value."""
        return sum(len(points) for _, points in self.series('{__name__="hydropon_q"}'))

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def connect(path, process, timeout_s=20):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(path)
            return s
        except OSError:
            s.close()
            if process.poll() is not None:
                break
            time.sleep(0.05)
    raise Failure("QEMU did not start:\n" + log_tail("qemu.log"))


class Gateway:
    """QEMU with the demo's guest; commands run in it as root."""

    def __init__(self, store_port, append="", initrd=None, keeps_disk=False, rtc=None):
        """rtc: what the RTC says at power-on, in UTC as 2026-11-28T10:00:00; else it is right."""
        self.started = time.monotonic()
        disk = os.path.join(DIR, "disk.img")
        if not keeps_disk:
            with open(disk, "wb") as file:
                file.truncate(256 << 20)
            subprocess.run(["/sbin/mkfs.ext4", "-q", "-F", disk], check=True)
        qmp, agent = (os.path.join(SOCKETS, name) for name in ("qmp", "agent"))
        arguments = [
            os.path.join(ROOT, "tests/qemu/boot.sh"), "demo",
            "-drive", f"if=none,id=disk,format=raw,file={disk},cache=writeback",
            "-device", "virtio-blk-pci,drive=disk",
            # No route leads from the guest but to this machine's loopback.
            "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=",
            "-device", "virtio-serial-pci",
            "-chardev", f"socket,id=agent,path={agent},server=on,wait=off",
            "-device", "virtserialport,chardev=agent,name=hydropon",
            "-qmp", f"unix:{qmp},server=on,wait=off",
            *(["-rtc", f"base={rtc}"] if rtc else []),
        ]
        environment = dict(os.environ, TIMEOUT=os.environ.get("DEMO_TIMEOUT", "86400"),
                           CONSOLE="file:" + os.path.join(DIR, "console.log"),
                           APPEND=f"rig.store={store_port} {append}")
        if initrd:
            environment["INITRD"] = initrd
        self.log = open(os.path.join(DIR, "qemu.log"), "w")
        # A group of its own: the interrupt key ends the demo, and the demo ends QEMU.
        self.process = subprocess.Popen(arguments, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log,
                                        start_new_session=True)
        self.buffer = b""
        self.number = 0
        try:
            self.qmp = connect(qmp, self.process).makefile("rw")
            self.qmp.readline()
            self.qmp_command("qmp_capabilities")
            self.agent = connect(agent, self.process)
            self.expect_line("|ready", 90)
        except BaseException:
            # Nobody has it yet, and would end it.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise

    def qmp_command(self, command, **arguments):
        self.qmp.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.qmp.flush()
        while True:
            answer = json.loads(self.qmp.readline())
            if "error" in answer:
                raise Failure(f"QEMU refused {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def read_line(self, deadline):
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failure("the guest does not answer; its console:\n" + log_tail("console.log"))
            self.agent.settimeout(left)
            try:
                data = self.agent.recv(65536)
            except socket.timeout:
                continue
            if not data:
                raise Failure("the guest is gone; its console:\n" + log_tail("console.log"))
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode(errors="replace")

    def expect_line(self, wanted, timeout_s):
        deadline = time.monotonic() + timeout_s
        while self.read_line(deadline) != wanted:
            pass

    def run(self, command, timeout_s=20):
        """(exit status, output)"""
        self.number += 1
        self.agent.sendall(f"{self.number} {command}\n".encode())
        deadline = time.monotonic() + timeout_s
        lines = []
        while True:
            line = self.read_line(deadline)
            if line.startswith(f".{self.number} "):
                return int(line.split()[1]), "\n".join(lines)
            if line.startswith("|"):
                lines.append(line[1:])

    def check(self, command, timeout_s=20):
        status, output = self.run(command, timeout_s)
        if status:
            raise Failure(f"in the guest, {command!r} failed with {status}: {output}")
        return output

    def status(self):
        """hydropond's status document, or None while it does not answer."""
        status, output = self.run("hydroponctl status --json")
        try:
            return json.loads(output) if not status else None
        except ValueError:
            return None

    def committed(self):
        """Samples committed over the life of the spool; 0: not known."""
        status = self.status()
        return status["spool"]["produced"] if status else 0

    def forward(self):
        """What the forwarder says of the store, or None."""
        try:
            return json.loads(self.check("cat /run/hydropon/forward.json"))["stores"][0]
        except (ValueError, Failure):
            return None

    def set_network(self, up):
        self.qmp_command("set_link", name="net", up=up)

    def set_power(self, good):
        """Returns the guest's BOOTTIME in ns just before."""
        return int(self.check(f"simctl set {POWER_GOOD} {int(good)}"))

    def level(self, output):
        chip, line, _, _ = OUTPUTS[output]
        return int(self.check(f"simctl last {chip} {line}").split()[1])

    def first_change(self, output, level, since_ns):
        """BOOTTIME at which the line first took that level since, or None."""
        chip, line, _, _ = OUTPUTS[output]
        status, text = self.run(f"simctl after {chip} {line} {level} {since_ns}")
        return int(text) if not status else None

    def now(self):
        """(BOOTTIME in ns, wall clock in ms)"""
        boot, wall = self.check("simctl now").split()
        return int(boot), int(wall)

    def signal(self, name, program):
        """Sends a signal; returns the guest's BOOTTIME in ns just before."""
        return int(self.check(f"simctl now && kill -{name} $(cat /run/{program}.pid)").split()[0])

    def save_logs(self):
        """The guest's own logs, for whoever wants to know what happened in it."""
        for name in ("hydropond", "hydropon-forward", "tank"):
            with open(os.path.join(DIR, f"guest-{name}.log"), "w") as file:
                file.write(self.run(f"tail -n 500 /run/{name}.log", 10)[1] + "\n")

    def cut(self):
        """The mains plug: what the guest has in memory alone is gone."""
        # The next one makes its own: nobody shall still be served by this one.
        for name in os.listdir(SOCKETS):
            os.unlink(os.path.join(SOCKETS, name))
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.agent.close()
        self.log.close()

    def stop(self):
        try:
            self.save_logs()
        except (Failure, OSError):
            pass
        try:
            self.agent.sendall(b"0 poweroff\n")
            self.process.wait(15)
        except (OSError, subprocess.TimeoutExpired):
            pass
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
