#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tools.sh [PACKAGE...]: installs what building and testing need and this Debian machine lacks,
# and these.
set -euo pipefail

packages=(
	# the programs
	gcc libc6-dev make pkg-config libsystemd-dev libcurl4-gnutls-dev libjson-c-dev
	libinih-dev libmodbus-dev zlib1g-dev libzstd-dev
	# the virtual gateway
	gcc-aarch64-linux-gnu libc6-dev-arm64-cross mmdebstrap qemu-system-arm
	device-tree-compiler cpio kmod e2fsprogs f2fs-tools xz-utils util-linux
	# the checks and the demo
	gcc-arm-linux-gnueabihf clang libclang-rt-14-dev sparse perl systemd udev man-db python3 victoria-metrics
	dt-schema
)
packages+=("$@")

missing=()
for package in "${packages[@]}"; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "hydropon: these Debian packages are missing: ${missing[*]}" >&2
	echo "hydropon: run this as root, or install them with apt-get" >&2
	exit 1
fi
echo "hydropon: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# A package may start its server when it is installed; nobody asked for that here.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
	trap 'rm -f $policy' EXIT
fi
log=$(mktemp)
if ! { apt-get update && apt-get install -y -o DPkg::Lock::Timeout=600 --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "hydropon: installing failed; the whole log is in $log" >&2
	exit 1
fi
rm -f "$log"
