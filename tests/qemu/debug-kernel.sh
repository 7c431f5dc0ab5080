#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# debug-kernel.sh: prints the folder of the kernel that checks itself, as kernel.sh does of
# others, and builds it of Debian's source of 6.12 if it is not in the cache. debug.config
# says what is in it: all that Debian's kernel has as a module is built in.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/qemu/debian.sh

fragment=$PWD/tests/qemu/debug.config
cross=aarch64-linux-gnu-

# build TREE TARGET...: the tree is its own output folder: what modules need of it is then
# one copy.
build() {
	make -C "$1" -j"$(nproc)" ARCH=arm64 CROSS_COMPILE=$cross KBUILD_BUILD_TIMESTAMP=@0 \
		KBUILD_BUILD_USER=hydropon KBUILD_BUILD_HOST=rig "${@:2}" >>"$dir/log" 2>&1 && return
	tail -n 20 "$dir/log" >&2
	die "the debug kernel does not build; see $dir/log"
}

make_kernel() {
	local tree=$dir/tree release vanished
	mkdir -p "$tree"
	tar -xJf "$source/linux.tar.xz" -C "$tree" --strip-components=1
	build "$tree" KCONFIG_ALLCONFIG="$fragment" allnoconfig
	build "$tree" olddefconfig
	vanished=$(grep -E '^(# )?CONFIG_' "$fragment" | grep -vxFf "$tree/.config" | tr '\n' ' ' || true)
	[ -z "$vanished" ] ||
		die "debug.config asks for what this source does not give, look at the dependencies of: $vanished"
	build "$tree" Image modules

	release=$(cat "$tree/include/config/kernel.release")
	cp "$tree/arch/arm64/boot/Image" "$dir/vmlinuz"
	mkdir -p "$dir/root/lib/modules/$release" "$dir/kernel/build"
	cp "$tree"/modules.{order,builtin,builtin.modinfo} "$dir/root/lib/modules/$release/"
	(
		cd "$tree"
		{
			printf '%s\0' .config Makefile Module.symvers arch/arm64/Makefile
			find include scripts arch/arm64/include \( -type f -o -type l \) ! -name '*.o' -print0
		} | cpio --quiet -0 -pdm "$dir/kernel/build"
	)
	echo "$release" >"$dir/release"
	echo arm64 >"$dir/arch"
	echo $cross >"$dir/cross"
	rm -rf "$tree"
	touch "$dir/complete"
}

source=$(tests/qemu/source.sh 6.12)
dir=$cache/debug-$(cat "$source/version")-$(key build make_kernel "$(cat "$fragment")" \
	"$(${cross}gcc -dumpfullversion)")
[ -e "$dir/complete" ] || lock debug
if [ ! -e "$dir/complete" ]; then
	tests/qemu/tools.sh bc bison flex >&2
	start=$(date +%s)
	echo "hydropon: building the debug kernel into the cache; this takes some minutes" >&2
	rm -rf "$dir"
	mkdir -p "$dir"
	make_kernel
	echo "hydropon: the debug kernel took $(($(date +%s) - start)) s" >&2
fi
echo "$dir"
