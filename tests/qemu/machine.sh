#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The virtual gateway's board, as arguments for qemu-system-aarch64; its device tree
# depends on them. It differs in its CPU with the kernel that KERNEL names (6.1).
# machine.sh --folder: where build.sh puts what boots on it.
kernel=${KERNEL:-6.1}
if [ "$1" = --folder ]; then
	case $kernel in
	6.1) echo build/guest ;;
	*) echo "build/guest-$kernel" ;;
	esac
	exit
fi
case $kernel in
# The first that has pages of 16 KiB, and that Debian's 6.12 boots on.
*-16k) cpu=cortex-a76 ;;
*) cpu=cortex-a57 ;;
esac
echo "-machine virt -cpu $cpu -smp 2 -m 512 -nodefaults -display none"
