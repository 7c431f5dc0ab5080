#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# source.sh SERIES: prints the folder of Debian's linux-source of 6.1 or 6.12, and
# downloads it if it is not in the cache:
#	linux.tar.xz	its tree, packed; in it the folder is linux-source-SERIES
#	tree/		its scripts
#	version		of the package
set -euo pipefail
. "$(dirname "$0")/debian.sh"

series=$1
case $series in
6.1) suite=bookworm ;;
6.12) suite=trixie ;;
*) die "there is no linux-source of \"$series\" here: 6.1 or 6.12" ;;
esac
arch=$(dpkg --print-architecture)

make_source() {
	unpack "$dir" $suite "$arch" "linux-source-$series" || return 1
	mv "$dir/usr/src/linux-source-$series.tar.xz" "$dir/linux.tar.xz"
	rm -rf "$dir/usr"
	mkdir "$dir/tree"
	# what scripts/mod includes comes along
	tar -xJf "$dir/linux.tar.xz" -C "$dir/tree" --strip-components=1 \
		"linux-source-$series"/{scripts,include/linux} || return 1
	apt_in $suite "$arch" apt-cache show --no-all-versions "linux-source-$series" |
		sed -n 's/^Version: //p' >"$dir/version"
	touch "$dir/complete"
}

dir=$cache/source-$series-$(key make_source)
[ -e "$dir/complete" ] || {
	lock "source-$series"
	(lock "apt-$suite-$arch" && refresh $suite "$arch")
}
if [ ! -e "$dir/complete" ]; then
	echo "hydropon: downloading Debian's source of Linux $series into the cache" >&2
	rm -rf "$dir"
	make_source || die "Debian's linux-source-$series cannot be had"
fi
echo "$dir"
