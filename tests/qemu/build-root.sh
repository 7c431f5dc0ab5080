#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# build-root.sh [COMMAND...]: runs the command in an unpacked Debian 13, in this folder
# and with the cache in its place; makes that Debian if it is not in the cache. Modules
# for its kernels are built there: the kernels' build tools want its libc, and their
# configuration its gcc. All is mounted in a namespace that ends with the command,
# however that ends.
set -euo pipefail
. "$(dirname "$0")/debian.sh"

suite=trixie
packages=gcc,gcc-aarch64-linux-gnu,gcc-arm-linux-gnueabihf,make,sparse,mawk,pahole
# to configure a kernel from its source
packages+=,libc6-dev,bison,flex,bc,libssl-dev
# the essential ones, which nothing names
packages+=,base-files,bash,coreutils,dash,diffutils,findutils,grep,perl-base,sed

# configure: what configuring the packages would have done
configure() {
	local folder
	for folder in bin sbin lib lib64; do
		ln -sfn usr/$folder "$dir/root/$folder"
	done
	ln -s mawk "$dir/root/usr/bin/awk"
	rm -rf "$dir"/root/usr/share/{doc,man,locale}
}

dir=$cache/build-root-$suite-$(key configure $packages)
if [ ! -e "$dir/complete" ]; then
	lock build-root
fi
if [ ! -e "$dir/complete" ]; then
	echo "hydropon: unpacking Debian 13's compilers into the cache" >&2
	rm -rf "$dir"
	mkdir -p "$dir"
	debian_sources $suite >"$dir/sources.list"
	if ! mmdebstrap --variant=extract --include=$packages $suite "$dir/root" - \
		<"$dir/sources.list" >"$dir/log" 2>&1; then
		tail -n 20 "$dir/log" >&2
		die "cannot unpack the build root; the whole log is $dir/log"
	fi
	configure
	touch "$dir/complete"
fi
[ $# -gt 0 ] || exit 0

root=$dir/root
mkdir -p "$root$PWD" "$root$cache" "$root/proc"
as=()
[ "$(id -u)" = 0 ] || as=(--map-root-user)
# shellcheck disable=SC2016
exec unshare --mount --propagation private "${as[@]}" sh -euc '
	root=$1 cache=$2
	shift 2
	for folder in "$PWD" "$cache" /dev /proc; do
		mount --rbind "$folder" "$root$folder"
	done
	exec env LANG=C chroot "$root" sh -c '\''cd "$0" && exec "$@"'\'' "$PWD" "$@"' sh "$root" "$cache" "$@"
