#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# kernel.sh PROGRAM OPS SEED: fuzzes the device (device), or has its devices come and go
# under those who use them (races), so often, on KERNEL (debug). HOURS (24) is the most
# that it may take.
set -euo pipefail
cd "$(dirname "$0")/../.."
export KERNEL=${KERNEL:-debug}
program=$1 ops=$2 seed=$3
console=build/fuzz/$KERNEL-$program-$seed.console
mkdir -p build/fuzz

tests/qemu/tools.sh
tests/qemu/build.sh "$KERNEL"
echo "hydropon: $program, $ops times, seed $seed, on kernel $KERNEL; its console is $console"
TIMEOUT=$((${HOURS:-24} * 3600)) APPEND="rig.only=$program rig.ops=$ops rig.seed=$seed" \
	tests/qemu/boot.sh parallel </dev/null 2>&1 | tr -d '\r' | tee "$console" || true
{
	cat "$console"
	printf '# program verdict\n1..1\n'
	if grep -aq '^# guest verdict: clean' "$console"; then echo "ok 1 clean"; else echo "not ok 1 clean"; fi
} | grep -aE '^(# program|1\.\.|ok |not ok )' | awk -f tests/merge.awk
