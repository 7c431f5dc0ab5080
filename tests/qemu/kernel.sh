#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# kernel.sh NAME: prints the folder of one of Debian's kernels, and makes it if it is
# not in the cache. NAME is a version, and what differs from the plain arm64 kernel:
#	6.1[-rt]         6.1-armhf[-rt]   6.1-amd64[-rt]
#	6.12[-rt|-16k]   6.12-armhf[-rt]  6.12-amd64[-rt]
# Whatever prints such a folder can be a kernel of build.sh:
#	release		as `uname -r` says it
#	arch, cross	ARCH and CROSS_COMPILE of its module builds
#	kernel/build	to build modules against
#	build-root	empty; there if they must be built in the Debian of build-root.sh
#	vmlinuz		absent, as the next, if it is only built against
#	root/lib/modules/RELEASE	its own modules, and modules.{order,builtin,builtin.modinfo}
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/qemu/debian.sh

name=${1:?"kernel.sh NAME"}
case $name in
6.1 | 6.1-rt | 6.1-armhf* | 6.1-amd64*) suite=bookworm ;;
6.12 | 6.12-rt | 6.12-16k | 6.12-armhf* | 6.12-amd64*) suite=trixie ;;
*) suite= ;;
esac
case ${name#"${name%%-*}"} in
"") debian=arm64 flavour=arm64 ;;
-rt) debian=arm64 flavour=rt-arm64 ;;
-16k) debian=arm64 flavour=arm64-16k ;;
-armhf) debian=armhf flavour=armmp ;;
-armhf-rt) debian=armhf flavour=rt-armmp ;;
-amd64) debian=amd64 flavour=amd64 ;;
-amd64-rt) debian=amd64 flavour=rt-amd64 ;;
*) suite= ;;
esac
[ -n "$suite" ] || die "kernel.sh knows no kernel \"$name\"; its first lines name those there are"
case $debian in
arm64) arch=arm64 cross=aarch64-linux-gnu- ;;
armhf) arch=arm cross=arm-linux-gnueabihf- ;;
amd64) arch=x86_64 cross= ;;
esac
tools=$(dpkg --print-architecture)

# field PACKAGE=VERSION FIELD
field() {
	apt_in $suite $debian apt-cache show "$1" 2>/dev/null | sed -n "s/^$2: //p" | head -n 1
}

# tools_version KBUILD VERSION: which version of the tools there is for these headers. While a
# version comes in they are those of the next one, of the same upstream version.
tools_version() {
	apt_in $suite "$tools" apt-cache madison "$1" | sed -E 's/^[^|]*\| *([^ |]+).*/\1/' |
		awk -v want="$2" '
			function upstream(v) { sub(/-[^-]*$/, "", v); return v }
			$1 == want { exact = $1 }
			!found && upstream($1) == upstream(want) { found = $1 }
			END { print exact ? exact : found }'
}

# is_whole HEADERS KBUILD VERSION: whether all of that version is in the archive. While one
# comes in, some of its packages are there before the others, and instead of the old ones.
is_whole() {
	local depends common
	depends=$(field "$1=$3" Depends)
	common=$(grep -oE 'linux-headers-[^ ,]+-common[^ ,]*' <<<"$depends" | head -n 1)
	[ -n "$common" ] && [ -n "$(field "$common=$3" Version)" ] || return 1
	[ "$debian" != arm64 ] || [ -n "$(field "linux-image-${1#linux-headers-}=$3" Version)" ] || return 1
	[ -n "$(tools_version "$2" "$3")" ]
}

# make_kernel: the newest that is whole. Sets dir; fails if the archive has moved on since the
# index was read
make_kernel() {
	local headers release version depends common kbuild
	for version in $(apt_in $suite $debian apt-cache madison "linux-headers-$flavour" |
		sed -E 's/^[^|]*\| *([^ |]+).*/\1/' | uniq); do
		# linux-headers-arm64 Depends: linux-headers-RELEASE (= VERSION)
		headers=$(field "linux-headers-$flavour=$version" Depends |
			grep -oE 'linux-headers-[^ ,]+' | head -n 1)
		[ -n "$headers" ] || continue
		depends=$(field "$headers=$version" Depends)
		common=$(grep -oE 'linux-headers-[^ ,]+-common[^ ,]*' <<<"$depends" | head -n 1)
		kbuild=$(grep -oE 'linux-kbuild-[^ ,]+' <<<"$depends" | head -n 1)
		! is_whole "$headers" "$kbuild" "$version" || break
		echo "hydropon: Debian's kernel ${headers#linux-headers-} $version is not whole in the archive" >&2
		headers=
	done
	[ -n "${headers:-}" ] || return 1
	release=${headers#linux-headers-}
	dir=$cache/kernel-$name-$version-$key
	[ ! -e "$dir/complete" ] || return 0

	echo "hydropon: unpacking Debian's kernel $release into the cache" >&2
	rm -rf "$dir"
	unpack "$dir/root" $suite "$debian" "$headers=$version" "$common=$version" || return 1
	# The tools run here, whatever the kernel is for.
	unpack "$dir/root" $suite "$tools" "$kbuild=$(tools_version "$kbuild" "$version")" || return 1
	if [ "$debian" = arm64 ]; then
		unpack "$dir/root" $suite "$debian" "linux-image-$release=$version" || return 1
		ln -s "root/boot/vmlinuz-$release" "$dir/vmlinuz"
	fi
	[ -e "$dir/root/lib/modules" ] || ln -s usr/lib "$dir/root/lib"
	echo "include $dir/root/usr/src/$common/Makefile" >"$dir/root/usr/src/$headers/Makefile"
	mkdir "$dir/kernel"
	ln -s "../root/usr/src/$headers" "$dir/kernel/build"
	echo "$release" >"$dir/release"
	echo "$arch" >"$dir/arch"
	echo "$cross" >"$dir/cross"
	[ $suite = bookworm ] || touch "$dir/build-root"
	[ $arch != arm ] || make_modpost || return 1
	touch "$dir/complete"
}

# make_modpost: the one that comes with the tools of a 64-bit machine believes a pointer
# to be as long as its own, and refuses a module of a 32-bit kernel that has a device
# table. What the tools' own rules build for these headers knows better.
make_modpost() {
	local source work=$dir/modpost
	local build=(make -C "$dir/kernel/build" M="$work/scripts/mod" ARCH=$arch CROSS_COMPILE=$cross modules)
	source=$(tests/qemu/source.sh "${name%%-*}") || return 1
	mkdir -p "$work/include"
	cp -r "$source/tree/include/linux" "$work/include/"
	mkdir "$work/scripts"
	cp -r "$source/tree/scripts/mod" "$work/scripts/"
	# A module that it then checks is not wanted, nor is there one.
	[ ! -e "$dir/build-root" ] || build=(tests/qemu/build-root.sh "${build[@]}")
	"${build[@]}" >"$dir/log" 2>&1 || true
	if [ ! -x "$work/scripts/mod/modpost" ]; then
		tail -n 20 "$dir/log" >&2
		return 1
	fi
	mv "$work/scripts/mod/modpost" "$dir"/root/usr/lib/linux-kbuild-*/scripts/mod/modpost.real-lsb-32
	rm -rf "$work"
}

makers=(make_kernel)
[ $arch != arm ] || makers+=(make_modpost)
key=$(key "${makers[@]}")
current=$cache/kernel-$name-$key
if [ -n "$(find "$current" -maxdepth 0 -mtime -$fresh_days 2>/dev/null)" ] && [ -e "$current/complete" ]; then
	readlink -f "$current"
	exit
fi
lock kernel-"$name"
for index in "$debian" "$tools"; do
	(lock "apt-$suite-$index" && refresh $suite "$index")
done
if ! make_kernel; then
	for index in "$debian" "$tools"; do
		(lock "apt-$suite-$index" && refresh $suite "$index" now)
	done
	if ! make_kernel; then
		[ $suite-$debian = trixie-armhf ] || die "Debian's linux-headers-$flavour of $suite cannot be had"
		echo "hydropon: without Debian's linux-headers-$flavour, $name is made from the source" >&2
		dir=$cache/kernel-$name-source-$(sha256sum <tests/qemu/armhf-source.sh | cut -c1-12)
		[ -e "$dir/complete" ] || tests/qemu/armhf-source.sh "$name" "$dir"
	fi
fi
ln -sfn "$dir" "$current"
# What has not been the newest for a month.
find "$cache" -maxdepth 1 -type d -name "kernel-$name-[0-9s]*" ! -path "$dir" -mtime +30 -exec rm -rf {} +
echo "$dir"
