#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# modules.sh KERNEL: builds our modules and the simulated wires for that kernel, with
# sparse and every warning an error, in build/modules-KERNEL, and prints the kernel's
# folder; kernel.sh tells what is in one.
set -euo pipefail
cd "$(dirname "$0")/../.."

name=$1
case $name in
debug) kernel=$(tests/qemu/debug-kernel.sh) ;;
*) kernel=$(tests/qemu/kernel.sh "$name") ;;
esac
out=build/modules-$name
log=$out.log

# A copy of the sources, so that each kernel has a build of its own. What is built of
# other sources or for another kernel is built anew.
sources=$(find Kbuild kmod include tests/sim \( -name '*.[ch]' -o -name Kbuild \) ! -name '*.mod.c' | sort)
if [ "$kernel $sources" != "$(cat "$out/made-of" 2>/dev/null)" ]; then
	rm -rf "$out"
	mkdir -p "$out"
	echo "$kernel $sources" >"$out/made-of"
fi
# shellcheck disable=SC2086
if [ -e "$out/complete" ] && [ -z "$(find tests/qemu/modules.sh $sources -newer "$out/complete")" ]; then
	echo "$kernel"
	exit
fi
touch "$out/started"
# shellcheck disable=SC2086
cp -u --parents --preserve=timestamps -t "$out" $sources
grep -q sim/ "$out/Kbuild" || echo 'obj-m += tests/sim/' >>"$out/Kbuild"

build=(make -C "$kernel/kernel/build" M="$PWD/$out" ARCH="$(cat "$kernel/arch")"
	CROSS_COMPILE="$(cat "$kernel/cross")" -j"$(nproc)" W=1 C=1 modules)
[ ! -e "$kernel/build-root" ] || build=(tests/qemu/build-root.sh "${build[@]}")

# What has warned is built again the next time, lest it pass in silence.
fail() {
	rm -rf "$out"
	echo "hydropon: $*; the whole log is $log" >&2
	exit 1
}
if ! "${build[@]}" >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	fail "the modules do not build for kernel $name"
fi
if grep -E 'warning:|WARNING:|error:' "$log" >&2; then
	fail "the modules build with warnings for kernel $name"
fi
# What changed while it was being built is newer than this.
mv "$out/started" "$out/complete"
echo "$kernel"
