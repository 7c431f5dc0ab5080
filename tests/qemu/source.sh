#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# source.sh SERIES: prints the folder of Debian's linux-source of 6.1 or 6.12, and
# downloads it if it is not in the cache:
#	linux.tar.xz	its tree, packed; in it the folder is linux-source-SERIES
#	tree/		its scripts
set -euo pipefail
. "$(dirname "$0")/debian.sh"

series=$1
case $series in
6.1) suite=bookworm ;;
6.12) suite=trixie ;;
*) die "there is no linux-source of \"$series\" here: 6.1 or 6.12" ;;
esac
arch=$(dpkg --print-architecture)

current=$cache/source-$series-$(key "$0")
[ -e "$current/complete" ] || {
	lock "source-$series"
	(lock "apt-$suite-$arch" && refresh $suite "$arch")
}
if [ ! -e "$current/complete" ]; then
	echo "hydropon: downloading Debian's source of Linux $series into the cache" >&2
	rm -rf "$current"
	unpack "$current" $suite "$arch" "linux-source-$series" ||
		die "Debian's linux-source-$series cannot be had"
	mv "$current/usr/src/linux-source-$series.tar.xz" "$current/linux.tar.xz"
	rm -rf "$current/usr"
	mkdir "$current/tree"
	# what scripts/mod includes comes along
	tar -xJf "$current/linux.tar.xz" -C "$current/tree" --strip-components=1 \
		"linux-source-$series"/{scripts,include/linux}
	touch "$current/complete"
fi
echo "$current"
