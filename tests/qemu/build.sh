#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# build.sh [KERNEL]: builds all that the virtual gateway boots with that kernel (6.1;
# kernel.sh names the others, and debug is the one of debug-kernel.sh) into build/guest
# for 6.1, into build/guest-KERNEL for another:
#	vmlinuz  virt.dtb  bad.dtb  initramfs.cpio
# bad.dtb is virt.dtb with the wrong nodes of docs/bad-input.md. The programs and tests,
# in build/userland, are the same for each.
set -euo pipefail
cd "$(dirname "$0")/../.."
export KERNEL=${1:-${KERNEL:-6.1}}

cross=aarch64-linux-gnu-
root=$(tests/qemu/guest-root.sh)
out=$(tests/qemu/machine.sh --folder)
userland=build/userland
programs=$userland/programs
mkdir -p "$out" $userland

# --- programs and tests
make -s -j"$(nproc)" CROSS_COMPILE=$cross SYSROOT="$root" O=$programs programs guest-tests
tests=$(cd tests && ls kmod/*.c fault/*.c fuzz/*.c | sed 's/\.c$//')

# --- modules
kernel=$(tests/qemu/modules.sh "$KERNEL")
modules=build/modules-$KERNEL
release=$(cat "$kernel/release")

# --- device tree: what QEMU makes, and the gateway's overlay
machine=$(tests/qemu/machine.sh)
# merge BASE OVERLAY RESULT
merge() {
	dtc -q -@ -I dts -O dtb -o "$out/overlay.dtbo" "$2"
	fdtoverlay -i "$1" -o "$3" "$out/overlay.dtbo"
}
if [ ! -e "$out/bad.dtb" ] || [ -n "$(find tests/sim/*.dtso tests/sim/bad-tree.py docs/bad-input.md \
	tests/qemu/machine.sh -newer "$out/bad.dtb")" ]; then
	# shellcheck disable=SC2086
	qemu-system-aarch64 $machine -machine dumpdtb="$out/base.dtb" 2>/dev/null
	merge "$out/base.dtb" tests/sim/virt.dtso "$out/virt.dtb"
	tests/sim/bad-tree.py docs/bad-input.md >"$out/bad-nodes.dtso"
	merge "$out/virt.dtb" tests/sim/bad.dtso "$out/good.dtb"
	merge "$out/good.dtb" "$out/bad-nodes.dtso" "$out/bad.dtb"
fi

# pack FOLDER ARCHIVE
pack() {
	(cd "$1" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >"$2.new"
	mv "$2.new" "$2"
}

needed() {
	${cross}readelf -d "$@" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u
}

# --- initramfs: the half that does not depend on the kernel
make_userland() {
	local tree=$userland/initramfs libraries queue next id
	rm -rf $tree
	mkdir -p $tree/{proc,sys,dev,run,tmp,mnt,bin,usr/bin,usr/sbin,usr/lib/modules,etc/udev,var/lib}
	ln -s usr/lib $tree/lib
	ln -s bin $tree/sbin
	mkdir -p $tree/usr/lib/aarch64-linux-gnu

	cp "$root/bin/busybox" $tree/bin/busybox
	ln -s busybox $tree/bin/sh
	cp "$root/bin/udevadm" $tree/bin/udevadm
	cp "$root/usr/bin/cyclictest" $tree/usr/bin/cyclictest
	mkdir -p $tree/usr/lib/systemd $tree/usr/lib/udev/rules.d
	ln -s /bin/udevadm $tree/usr/lib/systemd/systemd-udevd
	cp "$root"/usr/lib/udev/rules.d/{50-udev-default,80-drivers}.rules $tree/usr/lib/udev/rules.d/ 2>/dev/null ||
		cp "$root"/lib/udev/rules.d/{50-udev-default,80-drivers}.rules $tree/usr/lib/udev/rules.d/

	make -s CROSS_COMPILE=$cross SYSROOT="$root" O=$programs DESTDIR="$PWD/$tree" install-files
	mkdir -p $tree/tests
	(cd $programs/tests && cp $tests tank simctl racer kernel-bench spool-cut "$OLDPWD/$tree/tests/")
	cp tests/qemu/guest/* docs/bad-input.md $tree/tests/
	ln -s tests/init $tree/init
	# What races is run with two processors at once, what is wrong in a tree of its own.
	# Only the debug kernel makes allocations fail: tests/check.sh names that test there.
	for test in $tests; do
		case $test in
		fault/allocations) ;;
		kmod/bad_tree) echo "${test##*/}" >>$tree/tests/list-bad ;;
		kmod/races | fuzz/*) echo "${test##*/}" >>$tree/tests/list-parallel ;;
		*) echo "${test##*/}" >>$tree/tests/list ;;
		esac
	done
	cp docs/examples/virtual-gateway.conf $tree/etc/hydropon/hydropon.conf
	for file in passwd group; do
		grep -E '^(root|daemon|nogroup|nobody|tty|disk|kmem|input|video|audio|lp|dialout|cdrom|tape|kvm|render|sgx):' \
			/etc/$file >$tree/etc/$file
	done
	# The users, as systemd-sysusers would make them.
	id=990
	grep '^u ' systemd/hydropon.sysusers.conf | while read -r _ name _; do
		echo "$name:x:$id:" >>$tree/etc/group
		echo "$name:x:$id:$id::/nonexistent:/bin/false" >>$tree/etc/passwd
		id=$((id + 1))
	done
	grep '^m ' systemd/hydropon.sysusers.conf | while read -r _ user group; do
		sed -i "s/^\($group:x:[0-9]*:\)$/\1$user/" $tree/etc/group
	done

	# libraries that the programs need, and those that these need
	libraries=$tree/usr/lib/aarch64-linux-gnu
	cp "$root/lib/ld-linux-aarch64.so.1" $libraries/ld-linux-aarch64.so.1 2>/dev/null ||
		cp "$root/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1" $libraries/
	ln -sf aarch64-linux-gnu/ld-linux-aarch64.so.1 $tree/usr/lib/ld-linux-aarch64.so.1
	queue=$(needed $tree/bin/udevadm $tree/usr/bin/cyclictest $tree/usr/bin/hydropon* $tree/usr/sbin/hydropon* $tree/tests/* || true)
	while [ -n "$queue" ]; do
		next=
		for library in $queue; do
			[ -e "$libraries/$library" ] && continue
			for folder in usr/lib lib; do
				if [ -e "$root/$folder/aarch64-linux-gnu/$library" ]; then
					cp -L "$root/$folder/aarch64-linux-gnu/$library" $libraries/
					break
				fi
			done
			[ -e "$libraries/$library" ] || { echo "hydropon: $library is nowhere in $root" >&2; exit 1; }
			next+=" $(needed $libraries/"$library")"
		done
		queue=$next
	done
	pack $tree $userland/initramfs.cpio
}
# A file that went makes its folder newer.
# shellcheck disable=SC2046
if [ ! -e $userland/initramfs.cpio ] ||
	[ -n "$(find tests/qemu/build.sh tests/qemu/guest docs systemd udev Makefile "$root" -maxdepth 3 \
		-newer $userland/initramfs.cpio -print -quit)" ] ||
	[ -n "$(find $programs $programs/tests -maxdepth 2 ! -path '*/obj/*' -newer $userland/initramfs.cpio -print -quit)" ]; then
	make_userland
fi

# --- and the modules: ours, the chips' drivers, network and disk, and what these need
tree=$out/modules
from=$kernel/root/lib/modules/$release
to=$tree/usr/lib/modules/$release
copy_module() {
	local line
	line=$(grep -E "/${1//[-_]/[-_]}\.ko(\.xz)?:" "$from/modules.dep") || {
		grep -qE "/${1//[-_]/[-_]}\.ko" "$from/modules.builtin" && return
		echo "hydropon: kernel $KERNEL has no module $1" >&2
		return 1
	}
	for file in ${line//:/}; do
		[ ! -e "$to/${file%.xz}" ] || continue
		mkdir -p "$to/$(dirname "$file")"
		case $file in
		*.xz) xz -dc "$from/$file" >"$to/${file%.xz}" ;;
		*) cp "$from/$file" "$to/$file" ;;
		esac
	done
}
if [ ! -e "$out/modules.cpio" ] || [ "$kernel" != "$(cat "$out/made-of" 2>/dev/null)" ] ||
	[ -n "$(find tests/qemu/build.sh "$modules/complete" -newer "$out/modules.cpio")" ]; then
	[ -e "$from/modules.dep" ] || depmod -b "$kernel/root" "$release"
	rm -rf "$tree"
	mkdir -p "$to/extra"
	cp "$from"/modules.{order,builtin,builtin.modinfo} "$to/"
	for module in ti-ads1015 bh1750 opt3001 mlx90614 virtio_net virtio_blk virtio_pci virtio_console ext4 crc32c_generic; do
		copy_module $module
	done
	# what make bench-kernel compares with (6.1 has no timer trigger), and another file system of power
	# cuts, which one kernel has
	for module in iio-trig-hrtimer industrialio-triggered-buffer kfifo_buf f2fs loop crc32_generic; do
		copy_module $module 2>/dev/null || true
	done
	find "$modules" -name '*.ko' -exec cp {} "$to/extra/" \;
	depmod -b "$tree/usr" "$release"
	pack "$tree" "$out/modules.cpio"
	echo "$kernel" >"$out/made-of"
fi

# The kernel unpacks one after the other.
if [ ! -e "$out/initramfs.cpio" ] ||
	[ -n "$(find $userland/initramfs.cpio "$out/modules.cpio" -newer "$out/initramfs.cpio")" ]; then
	cat $userland/initramfs.cpio "$out/modules.cpio" >"$out/initramfs.cpio.new"
	mv "$out/initramfs.cpio.new" "$out/initramfs.cpio"
fi
cmp -s "$kernel/vmlinuz" "$out/vmlinuz" || cp -L "$kernel/vmlinuz" "$out/vmlinuz"
