#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make bench-spool: the journal beside SQLite and gzip, on the disk of this folder; then the
# programs with a day, a week and 1 GiB of a farm.
# SECONDS_RECORDED (3600): as if so many had been recorded.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/qemu/tools.sh libsqlite3-dev curl
make -s -j"$(nproc)" O=build/bench CC=gcc programs build/bench/tests/spool-bench build/bench/tests/spool-fill
folder=build/bench/spool
rm -rf $folder
build/bench/tests/spool-bench $folder "${SECONDS_RECORDED:-3600}"
rm -rf $folder
tests/bench/farm.py
