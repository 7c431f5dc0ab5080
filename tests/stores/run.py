#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The forwarder and real stores through a bad day: links that are cut or swallow what is sent,
stores, forwarder and writer of the spool that are killed, by a schedule that a seed brings back.
Then every sample is queried back. Prints KTAP.

InfluxDB 1.x is killed as well: it answers when a point is on its disk. VictoriaMetrics, which
keeps the last seconds in memory, is only told to end."""
import argparse
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "build", "stores")
PROGRAMS = os.path.join(ROOT, "build", "unit-gcc")
FIRST_MS = 1700000000000
CHANNELS = 4
MASK = (1 << 64) - 1


class Failure(Exception):
    pass


def value_of(number):
    """As spool-cut makes it: splitmix64 of the number and 1."""
    z = (number + 1 + 0x9e3779b97f4a7c15) & MASK
    z = ((z ^ (z >> 30)) * 0xbf58476d1ce4e5b9) & MASK
    z = ((z ^ (z >> 27)) * 0x94d049bb133111eb) & MASK
    return float((z ^ (z >> 31)) >> 50)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A program that is started again with the same arguments; its output is kept."""

    def __init__(self, name, arguments, **environment):
        self.name, self.arguments = name, arguments
        self.environment = dict(os.environ, **environment)
        self.log = open(os.path.join(OUT, name + ".log"), "a")
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.arguments, env=self.environment, stdout=self.log,
                                        stderr=self.log, stdin=subprocess.DEVNULL)

    def end(self, how):
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def close(self):
        self.end(signal.SIGTERM)
        self.log.close()


def make_certificates():
    """An authority, and what it has signed for the store and for the gateway; another one that it
    has not. In PEM files of these names, with keys beside them."""
    def openssl(*arguments):
        made = subprocess.run(["openssl", *arguments], cwd=OUT, capture_output=True, text=True)
        if made.returncode:
            raise Failure(made.stderr)

    names = OUT + "/names"
    with open(names, "w") as file:
        file.write("subjectAltName = IP:127.0.0.1\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for name in ("authority", "other"):
        openssl("req", "-x509", *key, "-keyout", name + ".key", "-out", name + ".pem", "-subj",
                "/CN=" + name, "-days", "2")
    for name in ("store", "gateway"):
        openssl("req", *key, "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "authority.pem", "-CAkey",
                "authority.key", "-CAcreateserial", "-out", name + ".pem", "-days", "2",
                "-extfile", "names")


def tls_server():
    """A server that shows its certificate and wants one of the same authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(OUT + "/store.pem", OUT + "/store.key")
    context.load_verify_locations(OUT + "/authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


class Link:
    """A port of loopback that leads to another one, as long as it is let; with TLS if there is a
    context for it."""

    def __init__(self, to, tls=None):
        self.to, self.mode, self.tls = to, "open", tls
        self.sockets = []
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if self.mode == "cut":
                near.close()
                continue
            threading.Thread(target=self.lead, args=(near,), daemon=True).start()

    def lead(self, near):
        try:
            if self.tls:
                near.settimeout(10)
                near = self.tls.wrap_socket(near, server_side=True)
                near.settimeout(None)
            far = socket.create_connection(("127.0.0.1", self.to), 5)
        except OSError:
            near.close()
            return
        self.sockets += [near, far]
        for a, b in ((near, far), (far, near)):
            threading.Thread(target=self.carry, args=(a, b), daemon=True).start()

    def carry(self, source, to):
        try:
            while data := source.recv(65536):
                while self.mode == "stalled":
                    time.sleep(0.05)
                to.sendall(data)
        except OSError:
            pass
        for s in (source, to):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def set(self, mode):
        self.mode = mode
        if mode == "cut":
            for s in self.sockets:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                s.close()
            self.sockets = []

    def close(self):
        self.set("cut")
        self.listener.close()


def get(port, path, **query):
    url = f"http://127.0.0.1:{port}{path}"
    data = urllib.parse.urlencode(query).encode() if query else None
    with urllib.request.urlopen(url, data=data, timeout=60) as answer:
        return answer.read()


def wait_for(what, condition, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise Failure(f"{what} did not happen within {timeout_s} s")


class InfluxDB:
    kind, how = "influxdb-1", signal.SIGKILL

    def __init__(self):
        self.port = free_port()
        path = os.path.join(OUT, "influxdb")
        self.process = Process(
            "influxdb", ["/usr/bin/influxd"], INFLUXDB_REPORTING_DISABLED="true",
            INFLUXDB_META_DIR=path + "/meta", INFLUXDB_DATA_DIR=path + "/data",
            INFLUXDB_DATA_WAL_DIR=path + "/wal", INFLUXDB_BIND_ADDRESS=f"127.0.0.1:{free_port()}",
            INFLUXDB_HTTP_BIND_ADDRESS=f"127.0.0.1:{self.port}", INFLUXDB_MONITOR_STORE_ENABLED="false",
            INFLUXDB_HTTP_LOG_ENABLED="false", HOME=OUT)
        self.wait()
        get(self.port, "/query", q="CREATE DATABASE hydropon")
        self.settings = "database = hydropon\n"

    def wait(self):
        wait_for("influxdb answers", lambda: get(self.port, "/ping") is not None)

    def points(self):
        """{time: (channel, value, quality)}, how many there are in all"""
        text = get(self.port, "/query", db="hydropon", epoch="ms",
                   q='SELECT "channel", "value", "q" FROM "hydropon"')
        rows = json.loads(text)["results"][0].get("series", [{"values": []}])[0]["values"]
        return {t: (channel, value, q) for t, channel, value, q in rows}, len(rows)


class VictoriaMetrics:
    kind, how = "victoriametrics", signal.SIGTERM
    settings = ""

    def __init__(self, name="victoriametrics", options=("-dedup.minScrapeInterval=1ms",)):
        self.port = free_port()
        program = shutil.which("victoria-metrics") or "/usr/bin/victoria-metrics"
        self.process = Process(
            name, [program, f"-httpListenAddr=127.0.0.1:{self.port}",
                   f"-storageDataPath={OUT}/{name}", "-retentionPeriod=100y", *options])
        self.wait()

    def wait(self):
        wait_for("victoria-metrics answers", lambda: get(self.port, "/health") is not None)

    def points(self):
        get(self.port, "/internal/force_flush")
        found, count = {}, 0
        for name in ("value", "q"):
            query = urllib.parse.urlencode({"match[]": f'{{__name__="hydropon_{name}"}}',
                                            "reduce_mem_usage": "0", "start": "0"})
            for line in get(self.port, "/api/v1/export?" + query).decode().splitlines():
                series = json.loads(line)
                count += len(series["timestamps"]) if name == "q" else 0
                for t, value in zip(series["timestamps"], series["values"]):
                    found.setdefault(t, [series["metric"]["channel"], None, None])
                    found[t][1 if name == "value" else 2] = value
        return {t: tuple(row) for t, row in found.items()}, count


TLS = f"""ca-file = {OUT}/authority.pem
certificate-file = {OUT}/gateway.pem
key-file = {OUT}/gateway.key
"""


def configure(stores, links, tls=TLS):
    text = f"""[gateway]
name = day
site = bad
state-dir = {OUT}/state
run-dir = {OUT}/run
"""
    for store, link in zip(stores, links):
        text += f"""[store {store.kind}]
kind = {store.kind}
url = {"https" if link.tls else "http"}://127.0.0.1:{link.port}
begin = oldest
batch-lines = 200
timeout = 2 s
""" + store.settings
        if link.tls:
            text += tls
    path = os.path.join(OUT, "day.conf")
    with open(path, "w") as file:
        file.write(text)
    return path


def report():
    """{store: what the forwarder says of it}"""
    with open(OUT + "/run/forward/forward.json") as file:
        return {store["name"]: store for store in json.load(file)["stores"]}


# What the gateway brings, and what the forwarder then says of a store that it must not talk to.
STRANGERS = {
    "an_authority_of_the_system_alone": ("", "certificate was not accepted"),
    "another_authority": (TLS.replace("authority.pem", "other.pem"), "certificate was not accepted"),
    "a_gateway_without_a_certificate": (f"ca-file = {OUT}/authority.pem\n", "certificate-file"),
}


def meet_strangers(stores, links, forwarder):
    """What is wrong with how it takes those that it does not know, or that do not know it."""
    wrong = []
    for name, (tls, sentence) in STRANGERS.items():
        forwarder.end(signal.SIGTERM)
        shutil.rmtree(OUT + "/state/cursors", ignore_errors=True)
        os.unlink(OUT + "/run/forward/forward.json")
        configure(stores, links, tls)
        forwarder.start()

        def is_told():
            told = report().get(stores[1].kind, {})
            return sentence in (told.get("last_error") or "") and told

        try:
            wait_for(f"{sentence!r} with {name}", is_told, 20)
        except Failure as failure:
            wrong.append(f"{failure}: {report()[stores[1].kind]}")
        if report()[stores[1].kind]["delivered"]:
            wrong.append(f"with {name} something was delivered")
    return wrong


def write_twice(stores, forwarder):
    """What is wrong with what it finds out of stores by writing a point twice."""
    wanted = {"influx": "once", "with-dedup": "once", "without": "twice"}
    influxdb, dedup, without = stores
    forwarder.end(signal.SIGTERM)
    shutil.rmtree(OUT + "/state/cursors", ignore_errors=True)
    os.unlink(OUT + "/run/forward/forward.json")
    path = configure([], [])
    with open(path, "a") as file:
        file.write(f"""[store influx]
kind = influxdb-1
url = http://127.0.0.1:{influxdb.port}
database = hydropon
begin = oldest
[store with-dedup]
kind = victoriametrics
url = http://127.0.0.1:{dedup.port}/
begin = oldest
[store without]
kind = victoriametrics
url = http://127.0.0.1:{without.port}
begin = oldest
""")
    forwarder.start()

    def found():
        return {name: store["repeated"] for name, store in report().items()}

    try:
        wait_for("all stores are known", lambda: None not in found().values(), 60)
    except Failure as failure:
        print(f"# {failure}")
    forwarder.end(signal.SIGTERM)
    return [] if found() == wanted else [f"found {found()}, and not {wanted}"]


def have_a_bad_day(stores, links, forwarder, feeder, chance, seconds):
    """Returns what happened how often."""
    done = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        what = chance.choice(["cut", "stalled", "open", "open", "store", "forwarder", "feeder"])
        which = chance.randrange(len(stores))
        if what in ("cut", "stalled", "open"):
            links[which].set(what)
        elif what == "store":
            stores[which].process.end(stores[which].how)
            time.sleep(chance.random())
            stores[which].process.start()
        else:
            process = forwarder if what == "forwarder" else feeder
            ended = process.process.poll() is not None
            process.end(signal.SIGKILL)
            # One that has fed all that there is has no more to do.
            if what == "forwarder" or not ended:
                process.start()
        done[what] = done.get(what, 0) + 1
        time.sleep(chance.random() * 2)
    for link in links:
        link.set("open")
    return done


def compare(store, samples):
    """What is wrong with what a store has."""
    found, count = store.points()
    wrong = [] if count == samples else [f"it has {count} points, and not {samples}"]
    for number in range(samples):
        want = (f"c-{number % CHANNELS}", value_of(number), 0)
        if found.get(FIRST_MS + number) != want:
            wrong.append(f"sample {number} is {found.get(FIRST_MS + number)}, and not {want}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print("# program stores", "1..6", sep="\n", flush=True)
    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(OUT + "/run/forward")
    os.makedirs(OUT + "/state")
    made = subprocess.run(["make", "-s", "O=build/unit-gcc", "CC=gcc", "programs",
                           "build/unit-gcc/tests/spool-cut"], cwd=ROOT, capture_output=True, text=True)
    if made.returncode:
        raise Failure("the programs do not build: " + made.stderr)
    samples = options.seconds * 200
    closing = []
    try:
        make_certificates()
        stores = [InfluxDB(), VictoriaMetrics()]
        closing += [store.process for store in stores]
        links = [Link(stores[0].port), Link(stores[1].port, tls_server())]
        closing += links
        feeder = Process("feeder", [PROGRAMS + "/tests/spool-cut", "feed", OUT, str(samples), "60"],
                         CUT_RUN=OUT + "/run")
        closing.append(feeder)
        forwarder = Process("forwarder",
                            [PROGRAMS + "/hydropon-forward", "-c", configure(stores, links)])
        closing.append(forwarder)
        done = have_a_bad_day(stores, links, forwarder, feeder, random.Random(options.seed),
                              options.seconds)
        for store in stores:
            store.wait()
        wait_for("all samples were fed", lambda: feeder.process.poll() == 0, 120)
        wait_for("all samples were delivered", lambda: all(
            s["queued"] == 0 and s["produced"] == samples for s in report().values()), 180)
        told = report()
        print(f"# seed {options.seed}: {samples} samples; " +
              ", ".join(f"{what} {n}" for what, n in sorted(done.items())))
        balanced = all(s["produced"] == s["delivered"] == samples and not s["set_aside"] and
                       not sum(s["dropped"].values()) for s in told.values())
        print(f"{'ok' if balanced else 'not ok'} 1 every_sample_is_delivered_and_none_is_dropped",
              flush=True)
        failed = not balanced
        for number, store in enumerate(stores, 2):
            wrong = compare(store, samples)
            for line in wrong[:5]:
                print("# " + line)
            print(f"{'not ok' if wrong else 'ok'} {number} {store.kind}_has_every_sample_once",
                  flush=True)
            failed |= bool(wrong)
        # They were made for two days a moment ago; no certificate comes without TLS. One that was
        # started again, and has had nothing to send since, has seen none.
        expires_ms = told[stores[1].kind]["certificate_expires_ms"]
        warned = "certificate expires in 1 day;" in open(OUT + "/forwarder.log").read()
        good = warned and told[stores[0].kind]["certificate_expires_ms"] is None and \
            (expires_ms is None or 47 * 3600 < expires_ms / 1000 - time.time() <= 48 * 3600)
        print(f"{'ok' if good else 'not ok'} 4 it_tells_when_a_certificate_expires", flush=True)
        failed |= not good
        wrong = meet_strangers(stores, links, forwarder)
        for line in wrong:
            print("# " + line)
        print(f"{'not ok' if wrong else 'ok'} 5 it_talks_to_no_store_that_it_does_not_know", flush=True)
        failed |= bool(wrong)
        without = VictoriaMetrics("without-dedup", [])
        closing.append(without.process)
        wrong = write_twice([*stores, without], forwarder)
        for line in wrong:
            print("# " + line)
        print(f"{'not ok' if wrong else 'ok'} 6 it_finds_out_what_a_store_makes_of_a_repeated_point")
        sys.exit(failed or bool(wrong))
    finally:
        for one in reversed(closing):
            one.close()


try:
    main()
except Failure as failure:
    print("\n".join("# " + line for line in str(failure).splitlines()))
    print("not ok 1 stores")
    sys.exit(1)
