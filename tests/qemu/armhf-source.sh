#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# armhf-source.sh NAME FOLDER: makes kernel.sh's folder of an armhf kernel without the
# headers package of that kernel, which not every mirror has:
#	from	Debian's source and the headers that are common to all architectures
#	as	Debian's 6.1 of the same flavour is configured, its new options at their defaults
#	exports	whatever that source or 6.1 exports: what is not configured is no error here
# The build root's compiler does it, whatever the version.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/qemu/debian.sh

name=$1 dir=$2
series=${name%%-*}
flavour=${name#"$series"}
common=common
[[ $flavour != *-rt ]] || common=common-rt
like=$(tests/qemu/kernel.sh "6.1$flavour")
tools=$(dpkg --print-architecture)
source=$(tests/qemu/source.sh "$series")

rm -rf "$dir"
mkdir -p "$dir/kernel"
tree=$dir/kernel/build
tar -xJf "$source/linux.tar.xz" -C "$dir/kernel"
mv "$dir/kernel/linux-source-$series" "$tree"

# The rt flavour's headers are patched, and so is what lets it be configured.
version=$(cat "$source/version")
headers=$(apt_in trixie "$tools" apt-cache search --names-only "^linux-headers-${version%-*}.*-$common\$" | cut -d' ' -f1)
unpack "$dir/root" trixie "$tools" "$headers=$version"
cp -a "$dir/root/usr/src/$headers"/{include,arch} "$tree/"
rm -rf "$dir/root"
[ $common = common ] || sed -i 's/^config ARM$/&\n\tselect ARCH_SUPPORTS_RT/' "$tree/arch/arm/Kconfig"

cp "$like/kernel/build/.config" "$tree/.config"
"$tree/scripts/config" --file "$tree/.config" -d DEBUG_INFO_BTF -d GCC_PLUGINS \
	--set-str SYSTEM_TRUSTED_KEYS "" --set-str BUILD_SALT ""
for goal in olddefconfig modules_prepare; do
	if ! tests/qemu/build-root.sh make -C "$tree" ARCH=arm CROSS_COMPILE=arm-linux-gnueabihf- \
		-j"$(nproc)" $goal >>"$dir/log" 2>&1; then
		tail -n 20 "$dir/log" >&2
		die "Linux $series cannot be prepared for $name; the whole log is $dir/log"
	fi
done
if [ $common = common-rt ] && ! grep -qx CONFIG_PREEMPT_RT=y "$tree/.config"; then
	die "Linux $series was not configured as an rt kernel for $name"
fi
(
	cd "$tree"
	grep -rhoE --include='*.[chS]' '^[[:space:]]*EXPORT_[A-Z_]*SYMBOL[A-Z_]*\([^()]*\)' \
		arch/arm block crypto drivers fs init io_uring ipc kernel lib mm net security sound
) | awk -F'[(), \t]+' '{
	sub(/^[ \t]+/, "")
	if (!seen[$2]++)
		printf "0x00000000\t%s\tvmlinux\tEXPORT_SYMBOL%s\t%s\n", $2, /_GPL\(/ ? "_GPL" : "", /_NS/ ? $3 : ""
}' >"$dir/exports"
awk -F'\t' '!seen[$2]++' "$dir/exports" "$like/kernel/build/Module.symvers" >"$tree/Module.symvers"
rm "$dir/exports"

# What modules are not built from.
(
	cd "$tree"
	rm -rf Documentation block certs crypto drivers fs init io_uring ipc kernel lib mm net rust samples \
		security sound tools usr virt
	find arch -mindepth 1 -maxdepth 1 ! -name arm -exec rm -rf {} +
	find . -name '*.o' ! -path './scripts/*' -delete
)
cp "$tree/include/config/kernel.release" "$dir/release"
echo arm >"$dir/arch"
echo arm-linux-gnueabihf- >"$dir/cross"
touch "$dir/build-root" "$dir/complete"
