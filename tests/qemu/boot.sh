#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# boot.sh MODE [QEMU ARGUMENT...]: boots the virtual gateway, its console on standard
# output, until it powers off or TIMEOUT (default 300 s) is over. MODE is what the
# guest's init does: check, parallel, bad, ends, demo, shell. ICOUNT=1 makes guest time
# exact, that of the RTC included, and KERNEL is which of those that build.sh has built
# (6.1).
set -euo pipefail
cd "$(dirname "$0")/../.."
mode=$1
shift

guest=$(tests/qemu/machine.sh --folder)
dtb=virt
[ "$mode" != bad ] || dtb=bad
clock=()
[ -z "${ICOUNT:-}" ] || clock=(-icount shift=4,sleep=off -rtc clock=vm)
# shellcheck disable=SC2046
exec timeout --foreground "${TIMEOUT:-300}" qemu-system-aarch64 $(tests/qemu/machine.sh) \
	"${clock[@]}" -no-reboot -monitor none \
	-serial "${CONSOLE:-stdio}" \
	-kernel "$guest/vmlinuz" -initrd "${INITRD:-$guest/initramfs.cpio}" -dtb "${DTB:-$guest/$dtb.dtb}" \
	-append "console=ttyAMA0 quiet loglevel=${LOGLEVEL:-1} panic=-1 panic_on_warn=1 log_buf_len=2M hydropon=$mode ${APPEND:-}" \
	"$@"
