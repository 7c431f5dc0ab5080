#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prints the folder of the unpacked arm64 Debian that the virtual gateway is made
# from, and makes it if it is not in the cache yet:
#	root/	libraries, headers, kernel and modules of Debian's arm64
#	kernel/	headers to build modules against, with build tools of this machine
#	release	the kernel's release
set -euo pipefail

suite=bookworm
abi=6.1
packages=linux-image-arm64,linux-headers-arm64,libc6-dev,libsystemd-dev,libcurl4-gnutls-dev
packages+=,libjson-c-dev,libinih-dev,zlib1g-dev,busybox-static,udev,kmod

cache=${XDG_CACHE_HOME:-$HOME/.cache}/hydropon
version=$(apt-cache policy linux-kbuild-$abi | sed -n 's/^ *Candidate: //p')
if [ -z "$version" ] || [ "$version" = "(none)" ]; then
	apt-get update >/dev/null 2>&1
	version=$(apt-cache policy linux-kbuild-$abi | sed -n 's/^ *Candidate: //p')
fi
key=$({ cat "$0"; echo "$version"; } | sha256sum | cut -c1-12)
dir=$cache/arm64-$suite-$version-$key

if [ ! -e "$dir/complete" ]; then
	mkdir -p "$cache"
	exec 9>"$cache/lock"
	flock 9
fi
if [ ! -e "$dir/complete" ]; then
	echo "hydropon: unpacking Debian's arm64 kernel and libraries into the cache" >&2
	rm -rf "$dir"
	mkdir -p "$dir"
	# The machine's own Debian sources, whatever mirror they name.
	apt-get indextargets --format 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(CODENAME) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' | sort -u |
		grep -E " $suite(-updates|-security)? main$" >"$dir/sources.list"
	if ! mmdebstrap --arch=arm64 --variant=extract --include=$packages $suite \
		"$dir/root" - <"$dir/sources.list" >"$dir/log" 2>&1; then
		tail -n 20 "$dir/log" >&2
		echo "hydropon: cannot unpack the arm64 root; the whole log is $dir/log" >&2
		exit 1
	fi

	headers=$(basename "$dir"/root/usr/src/linux-headers-*-arm64)
	release=${headers#linux-headers-}
	common=$(basename "$dir"/root/usr/src/linux-headers-*-common)
	mkdir "$dir/kernel" "$dir/kbuild"
	cp -a "$dir/root/usr/src/." "$dir/kernel/"
	(cd "$dir/kbuild" && apt-get download "linux-kbuild-$abi=$version" >>"$dir/log" 2>&1)
	dpkg-deb -x "$dir"/kbuild/*.deb "$dir/kbuild"
	for part in scripts tools; do
		rm -f "$dir/kernel/$headers/$part"
		ln -s "../../kbuild/usr/lib/linux-kbuild-$abi/$part" "$dir/kernel/$headers/$part"
		rm -f "$dir/kernel/$common/$part"
		ln -s "../../kbuild/usr/lib/linux-kbuild-$abi/$part" "$dir/kernel/$common/$part"
	done
	echo "include $dir/kernel/$common/Makefile" >"$dir/kernel/$headers/Makefile"
	ln -s "$headers" "$dir/kernel/build"
	echo "$release" >"$dir/release"
	touch "$dir/complete"
fi
echo "$dir"
