#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# boot.sh MODE [QEMU ARGUMENT...]: boots the virtual gateway, its console on standard
# output, until it powers off or TIMEOUT (default 300 s) is over. MODE is what the
# guest's init does: check, parallel, bad, plant, ends, demo, shell. ICOUNT=1 makes guest time
# exact, that of the RTC included, and KERNEL is which of those that build.sh has built
# (6.1).
set -euo pipefail
cd "$(dirname "$0")/../.."
mode=$1
shift

guest=$(tests/qemu/machine.sh --folder)
dtb=virt
[ "$mode" != bad ] || dtb=bad
speed=4 debug=
if [ "${KERNEL:-6.1}" = debug ]; then
	# It takes some ten times the instructions for a thing: here each takes a sixteenth of
	# the time, and every bound holds as it is.
	speed=0
	# A panic shows the log up to it where it was not shown: what was found is further up.
	debug=rig.debug
	[ -n "${LOGLEVEL:-}" ] || debug="rig.debug panic_print=32"
fi
clock=()
[ -z "${ICOUNT:-}" ] || clock=(-icount shift=$speed,sleep=off -rtc clock=vm)
# shellcheck disable=SC2046
exec timeout --foreground "${TIMEOUT:-300}" qemu-system-aarch64 $(tests/qemu/machine.sh) \
	"${clock[@]}" -no-reboot -monitor none \
	-serial "${CONSOLE:-stdio}" \
	-kernel "$guest/vmlinuz" -initrd "${INITRD:-$guest/initramfs.cpio}" -dtb "${DTB:-$guest/$dtb.dtb}" \
	-append "console=ttyAMA0 quiet loglevel=${LOGLEVEL:-1} panic=-1 panic_on_warn=1 log_buf_len=2M $debug hydropon=$mode ${APPEND:-}" \
	"$@"
