#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The virtual gateway's board, as arguments for qemu-system-aarch64. Its device tree
# depends on them.
echo "-machine virt -cpu cortex-a57 -smp 2 -m 512 -nodefaults -display none"
