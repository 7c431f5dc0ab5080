#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Device trees of the boards that there are example overlays for, from Debian's kernels:
# prints "KERNEL NAME PATH" for each that is in the cache or can be had.
set -euo pipefail
. "$(dirname "$0")/../qemu/debian.sh"

dir=$cache/boards-$(key "$0")

# board KERNEL SUITE ARCH FLAVOUR NAME
board() {
	local kernel=$1 suite=$2 arch=$3 flavour=$4 name=$5 to image dtb scratch
	to=$dir/$kernel/$name.dtb
	mkdir -p "$dir/$kernel"
	if [ ! -e "$to" ]; then
		# A kernel that was unpacked for a guest has them, too.
		for image in "$cache"/kernel-"$kernel"*/root/usr/lib/linux-image-"$kernel".*-"$flavour"; do
			dtb=$(find "$image" -name "$name.dtb" 2>/dev/null || true)
			[ -z "$dtb" ] || cp "$dtb" "$to"
		done
	fi
	# Debian's mirrors are not whole all the time; they are asked once a day.
	if [ ! -e "$to" ] && [ -z "$(find "$to.missing" -mtime -1 2>/dev/null)" ]; then
		touch "$to.missing"
		(lock "apt-$suite-$arch" && refresh "$suite" "$arch")
		image=$(apt_in "$suite" "$arch" apt-cache show --no-all-versions \
			"linux-image-$flavour" 2>/dev/null | grep -oE -m 1 'linux-image-[0-9][^ ,]*' || true)
		scratch=$(mktemp -d -p "$cache")
		if [ -n "$image" ] && unpack "$scratch" "$suite" "$arch" "$image"; then
			dtb=$(find "$scratch/usr/lib/$image" -name "$name.dtb")
			[ -z "$dtb" ] || cp "$dtb" "$to"
		fi
		rm -rf "$scratch"
	fi
	if [ -e "$to" ]; then
		echo "$kernel $name $to"
	else
		echo "hydropon: Debian's $name.dtb of $suite cannot be had" >&2
	fi
}

lock boards
board 6.1 bookworm arm64 arm64 bcm2711-rpi-4-b
board 6.1 bookworm armhf armmp am335x-boneblack
board 6.12 trixie arm64 arm64 bcm2711-rpi-4-b
board 6.12 trixie armhf armmp am335x-boneblack
# What an older script has left.
find "$cache" -maxdepth 1 -type d -name 'boards-*' ! -path "$dir" -mtime +30 -exec rm -rf {} +
