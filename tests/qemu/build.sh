#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds all that the virtual gateway boots into build/guest:
#	vmlinuz  virt.dtb  initramfs.cpio
set -euo pipefail
cd "$(dirname "$0")/../.."

cross=aarch64-linux-gnu-
cache=$(tests/qemu/guest-root.sh)
root=$cache/root
release=$(cat "$cache/release")
out=build/guest
mkdir -p $out

# --- programs and tests
make -s -j"$(nproc)" CROSS_COMPILE=$cross SYSROOT="$root" O=$out/programs programs guest-tests

# --- modules: a copy of the sources, so that each kernel has a build of its own
modules=$out/modules
mkdir -p $modules
find Kbuild kmod include \( -name '*.[ch]' -o -name Kbuild \) -exec \
	cp -u --parents --preserve=timestamps -t $modules {} +
mkdir -p $modules/sim
cp -u --preserve=timestamps tests/sim/*.[ch] tests/sim/Kbuild $modules/sim/
grep -q sim/ $modules/Kbuild || echo 'obj-m += sim/' >>$modules/Kbuild
if ! make -C "$cache/kernel/build" M="$PWD/$modules" ARCH=arm64 CROSS_COMPILE=$cross \
	W=1 C=1 modules >$out/modules.log 2>&1; then
	tail -n 40 $out/modules.log >&2
	exit 1
fi
if grep -E 'warning:|WARNING:' $out/modules.log >&2; then
	echo "hydropon: the modules build with warnings" >&2
	exit 1
fi

# --- device tree: what QEMU makes, and the gateway's overlay
machine=$(tests/qemu/machine.sh)
if [ ! -e $out/virt.dtb ] || [ tests/sim/virt.dtso -nt $out/virt.dtb ] ||
	[ tests/qemu/machine.sh -nt $out/virt.dtb ]; then
	# shellcheck disable=SC2086
	qemu-system-aarch64 $machine -machine dumpdtb=$out/base.dtb 2>/dev/null
	dtc -q -@ -I dts -O dtb -o $out/overlay.dtbo tests/sim/virt.dtso
	fdtoverlay -i $out/base.dtb -o $out/virt.dtb $out/overlay.dtbo
fi

# --- initramfs
rm -rf $out/initramfs
tree=$out/initramfs
mkdir -p $tree/{proc,sys,dev,run,tmp,mnt,bin,usr/bin,usr/sbin,usr/lib/modules,etc/udev,var/lib}
ln -s usr/lib $tree/lib
ln -s bin $tree/sbin
mkdir -p $tree/usr/lib/aarch64-linux-gnu

cp "$root/bin/busybox" $tree/bin/busybox
ln -s busybox $tree/bin/sh
cp "$root/bin/udevadm" $tree/bin/udevadm
mkdir -p $tree/usr/lib/systemd $tree/usr/lib/udev/rules.d
ln -s /bin/udevadm $tree/usr/lib/systemd/systemd-udevd
cp "$root"/usr/lib/udev/rules.d/{50-udev-default,80-drivers}.rules $tree/usr/lib/udev/rules.d/ 2>/dev/null ||
	cp "$root"/lib/udev/rules.d/{50-udev-default,80-drivers}.rules $tree/usr/lib/udev/rules.d/

make -s CROSS_COMPILE=$cross SYSROOT="$root" O=$out/programs DESTDIR="$PWD/$tree" install-files
mkdir -p $tree/tests
cp $out/programs/tests/{kmod,fault}/* $out/programs/tests/{tank,simctl,racer} $tree/tests/
cp tests/qemu/guest/* $tree/tests/
ln -s tests/init $tree/init
(cd $out/programs/tests && ls kmod/* fault/* | sed 's,.*/,,') >$tree/tests/list
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
needed() {
	${cross}readelf -d "$@" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u
}
libraries=$tree/usr/lib/aarch64-linux-gnu
cp "$root/lib/ld-linux-aarch64.so.1" $libraries/ld-linux-aarch64.so.1 2>/dev/null ||
	cp "$root/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1" $libraries/
ln -sf aarch64-linux-gnu/ld-linux-aarch64.so.1 $tree/usr/lib/ld-linux-aarch64.so.1
queue=$(needed $tree/bin/udevadm $tree/usr/bin/hydropon* $tree/usr/sbin/hydropon* $tree/tests/* || true)
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

# kernel modules: ours, the chips' drivers, network and disk, and what these need
from=$root/lib/modules/$release
to=$tree/usr/lib/modules/$release
mkdir -p "$to/extra"
cp "$from"/modules.{order,builtin,builtin.modinfo} "$to/"
copy_module() {
	local line
	line=$(grep -E "/${1//[-_]/[-_]}\.ko(\.xz)?:" "$from/modules.dep") ||
		{ grep -qE "/${1//[-_]/[-_]}\.ko" "$from/modules.builtin" && return; echo "hydropon: no module $1" >&2; exit 1; }
	for file in ${line//:/}; do
		mkdir -p "$to/$(dirname "$file")"
		cp -u "$from/$file" "$to/$file"
	done
}
[ -e "$from/modules.dep" ] || depmod -b "$root" "$release"
for module in ti-ads1015 bh1750 virtio_net virtio_blk virtio_pci virtio_console ext4 crc32c_generic; do
	copy_module $module
done
find $modules -name '*.ko' -exec cp {} "$to/extra/" \;
depmod -b "$PWD/$tree/usr" "$release" 2>/dev/null || depmod -b "$PWD/$tree" "$release"

(cd $tree && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >$out/initramfs.cpio.new
mv $out/initramfs.cpio.new $out/initramfs.cpio
cp -u "$root/boot/vmlinuz-$release" $out/vmlinuz
