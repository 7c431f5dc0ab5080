#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make bench-kernel: the modules beside what the kernel offers without them, on Debian
# 13's kernel (6.12 is the first with IIO's timer trigger) in exact time.
set -euo pipefail
cd "$(dirname "$0")/../.."
export KERNEL=${KERNEL:-6.12}

tests/qemu/tools.sh
tests/qemu/build.sh "$KERNEL" >&2
guest=$(tests/qemu/machine.sh --folder)
dtc -q -@ -I dts -O dtb -o "$guest/bench.dtbo" tests/bench/bench.dtso
fdtoverlay -i "$guest/virt.dtb" -o "$guest/bench.dtb" "$guest/bench.dtbo"
console=$guest/bench.console
ICOUNT=1 TIMEOUT=3000 DTB=$guest/bench.dtb tests/qemu/boot.sh bench >"$console" 2>&1 </dev/null || true
tr -d '\r' <"$console" | grep -vE '^\[|^$'
if ! grep -aq '^bench: done' "$console"; then
	echo "hydropon: the bench did not come to its end; all of it is in $console" >&2
	exit 1
fi
for module in kmod/guard/hydropon-guard kmod/sampler/hydropon; do
	aarch64-linux-gnu-size "build/modules-$KERNEL/$module.ko"
done
echo "lines: guard $(cat kmod/guard/*.[ch] | wc -l), of these code $(cat kmod/guard/*.[ch] | grep -cvE '^\s*($|//|/?\*)')"
