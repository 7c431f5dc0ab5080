#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# merge.sh BOARD.dtb OVERLAY.dtbo OUT.dtb: the board's device tree with the overlay in it,
# for boards whose boot loader applies none.
#
# An overlay names nodes of the board by labels. Debian builds the tree of a BeagleBone,
# and in Debian 12 that of a Raspberry Pi, without them; where one is missing it is put in
# by its path. Needs the package device-tree-compiler.
set -euo pipefail

soc=/ocp/interconnect@48000000
wakeup=/ocp/interconnect@44c00000/segment@200000
declare -A paths=(
	# Raspberry Pi 4
	[gpio]=/soc/gpio@7e200000
	[i2c1]=/soc/i2c@7e804000
	# BeagleBone Black
	[gpio0]=$wakeup/target-module@7000/gpio@0
	[gpio1]=$soc/segment@0/target-module@4c000/gpio@0
	[gpio2]=$soc/segment@100000/target-module@ac000/gpio@0
	[gpio3]=$soc/segment@100000/target-module@ae000/gpio@0
	[i2c2]=$soc/segment@100000/target-module@9c000/i2c@0
	[am33xx_pinmux]=$wakeup/target-module@10000/scm@0/pinmux@800
)

die() {
	echo "merge.sh: $*" >&2
	exit 1
}

[ $# = 3 ] || die "say: merge.sh BOARD.dtb OVERLAY.dtbo OUT.dtb"
board=$1 overlay=$2 out=$3
tree=$(mktemp)
trap 'rm -f "$tree"' EXIT
cp "$board" "$tree"

has() {
	fdtget "$tree" "$1" "$2" >/dev/null 2>&1
}

# What can be pointed at has a phandle, a number that no other node has.
highest=$(dtc -q -I dtb -O dts "$tree" | sed -n 's/.*\<phandle = <\(0x[0-9a-f]*\)>;/\1/p' |
	while read -r number; do echo $((number)); done | sort -n | tail -n 1)
next=$((${highest:-0} + 1))

for label in $(fdtget -p "$overlay" /__fixups__ 2>/dev/null || true); do
	has /__symbols__ "$label" && continue
	path=${paths[$label]:-}
	[ -n "$path" ] || die "$board has no label $label; add its path to merge.sh"
	fdtget -p "$tree" "$path" >/dev/null 2>&1 ||
		die "$board has no node $path, where $label is looked for; is it another board?"
	if ! has "$path" phandle; then
		fdtput -t i "$tree" "$path" phandle $next
		next=$((next + 1))
	fi
	fdtget -p "$tree" /__symbols__ >/dev/null 2>&1 || fdtput -c "$tree" /__symbols__
	fdtput -t s "$tree" /__symbols__ "$label" "$path"
done
fdtoverlay -i "$tree" -o "$out" "$overlay" || die "$overlay does not fit $board"
