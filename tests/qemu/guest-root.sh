#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# guest-root.sh [ARCH]: prints the folder with the libraries, headers and programs of
# Debian 12, unpacked for ARCH (arm64): the virtual gateway is made from it, whatever
# kernel it boots. Makes it if it is not in the cache.
set -euo pipefail
. "$(dirname "$0")/debian.sh"

arch=${1:-arm64}
suite=bookworm
packages=libc6-dev,libsystemd-dev,libcurl4-gnutls-dev,libjson-c-dev,libinih-dev,libmodbus-dev,zlib1g-dev,libzstd-dev
[ "$arch" != arm64 ] || packages+=,busybox-static,udev,kmod,libgpiod-dev,rt-tests

dir=$cache/$arch-$suite-$(key $packages)
if [ ! -e "$dir/complete" ]; then
	lock "$arch-$suite"
fi
if [ ! -e "$dir/complete" ]; then
	echo "hydropon: unpacking Debian's $arch libraries into the cache" >&2
	rm -rf "$dir"
	mkdir -p "$dir"
	debian_sources $suite >"$dir/sources.list"
	if ! mmdebstrap --arch="$arch" --variant=extract --include=$packages $suite \
		"$dir/root" - <"$dir/sources.list" >"$dir/log" 2>&1; then
		tail -n 20 "$dir/log" >&2
		die "cannot unpack the $arch root; the whole log is $dir/log"
	fi
	touch "$dir/complete"
fi
echo "$dir/root"
