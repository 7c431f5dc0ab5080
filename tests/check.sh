#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make check: every test, summed up in the last line.
#   check.sh [unit|install|guest]...	only these parts
set -euo pipefail
cd "$(dirname "$0")/.."
out=build/check
rm -rf $out
mkdir -p $out
parts=${*:-unit decide install style bindings guest}
# Every kernel there is, and those that the guest's tests run on.
kernels=$(for version in 6.1 6.12; do printf "$version%s " "" -rt -armhf -armhf-rt -amd64 -amd64-rt; done)6.12-16k
booted="6.1 6.12 6.12-rt 6.12-16k"
start=$(date +%s)

say() {
	echo "hydropon: [$(($(date +%s) - start)) s] $*"
}

# A part that could not even be built is a failed test with a name.
broken() {
	printf '# program %s\n1..1\nnot ok 1 %s # %s\n' "$1" "$1" "$2" >$out/"${1//\//-}".ktap
	sed 's/^/    /' "$3" | tail -n 25
}

# unit FLAVOUR MAKE-ARGUMENT...: builds and runs the unit tests in one way
unit() {
	local flavour=$1 folder=build/unit-$1
	shift
	say "unit tests, $flavour"
	if ! make -s -j"$(nproc)" O="$folder" "$@" programs unit-tests >$out/build-"$flavour".log 2>&1; then
		broken "unit/$flavour" "does not build" $out/build-"$flavour".log
		return
	fi
	# shellcheck disable=SC2016
	find tests/unit -name '*.c' -printf '%f\n' | sort | sed 's/\.c$//' |
		xargs -P "$(nproc)" -I{} sh -c \
			'{ echo "# program '"$flavour"'/{}"; '"$folder"'/tests/unit/{} 2>&1 ||
			   echo "# exit $?"; } >'$out'/'"$flavour"'-{}.ktap'
}

# judge PROGRAM CONSOLE: what a guest printed, in KTAP. The verdict is its last word: without
# it nothing above it counts.
judge() {
	tr -d '\r' <"$2" | grep -aE '^(# |1\.\.|ok |not ok )' | sed "s,^# program ,&${1%%/*}/," || true
	printf '# program %s\n1..1\n' "$1"
	if grep -aq '^# guest verdict: clean' "$2"; then
		echo "ok 1 the kernel's log is clean and the modules unload"
	else
		echo "not ok 1 the kernel's log is clean and the modules unload"
		tail -n 60 "$2" >&2
	fi
}

# boot KERNEL: the guest's tests on that kernel. Those that race have two processors, which
# run side by side, and a time that nobody judges.
boot() {
	local kernel=$1 mode icount console
	for mode in check bad parallel; do
		console=$out/$kernel-$mode.console
		icount=1
		[ $mode != parallel ] || icount=
		ICOUNT=$icount TIMEOUT=1800 KERNEL=$kernel tests/qemu/boot.sh $mode >"$console" 2>&1 </dev/null || true
		judge "$kernel/verdict-$mode" "$console" >"$out/$kernel-$mode.ktap"
	done
	KERNEL=$kernel tests/qemu/ends.sh >"$out/$kernel-ends.ktap" 2>&1 || true
	# What was measured of the hazard list: each row, each within its bound.
	if cat "$out/$kernel"-{check,ends}.ktap | awk -f tests/hazards.awk >"$out/$kernel-hazards.txt"; then
		printf '# program %s/hazards\n1..1\nok 1 the list of hazards\n' "$kernel"
	else
		printf '# program %s/hazards\n1..1\nnot ok 1 the list of hazards\n' "$kernel"
	fi >"$out/$kernel-hazards.ktap"
	say "kernel $kernel: done"
}

# guest KERNEL...: builds the virtual gateway with each, and boots as many at a time as
# there are processors: a guest's clock counts its instructions, however slow they are
guest() {
	local kernel running=0
	for kernel; do
		say "building the virtual gateway with kernel $kernel"
		if ! tests/qemu/build.sh "$kernel" >"$out/$kernel-build.log" 2>&1; then
			broken "$kernel/build" "the virtual gateway does not build" "$out/$kernel-build.log"
			continue
		fi
		[ $running -lt "$(nproc)" ] || { wait -n; running=$((running - 1)); }
		say "kernel $kernel: the guest's tests, reboot, power-off and panic with outputs on"
		boot "$kernel" &
		running=$((running + 1))
	done
	wait
}

# modules KERNEL...: builds the modules for each
modules() {
	local kernel number=0
	printf '# program modules\n1..%d\n' $# >$out/modules.ktap
	for kernel; do
		number=$((number + 1))
		say "building the modules for kernel $kernel"
		if tests/qemu/modules.sh "$kernel" >"$out/$kernel-modules.log" 2>&1; then
			echo "ok $number they build for $kernel without a warning"
		else
			sed 's/^/# /' "$out/$kernel-modules.log" | tail -n 25
			echo "not ok $number they build for $kernel without a warning"
		fi >>$out/modules.ktap
	done
}

tests/qemu/tools.sh
for part in $parts; do
	case $part in
	unit)
		unit gcc CC=gcc
		unit clang CC=clang
		unit address CC=gcc SANITIZE=address,undefined
		unit thread CC=clang SANITIZE=thread
		;;
	decide)
		say "the guard's decisions, broken in every small way"
		# those that make a difference; check-decide looks at the others as well
		{ tests/mutate/mutate.py --ktap --sample 100000 2>&1 || true; } >$out/decide.ktap
		;;
	install)
		say "installation"
		{ echo "# program install"; tests/install/files.sh 2>&1 || true; } >$out/install.ktap
		;;
	style)
		say "style"
		tests/style.sh >$out/style.ktap 2>&1 || true
		;;
	bindings)
		say "device-tree binding and overlays"
		{ echo "# program bindings"; tests/bindings/check.py || true; } >$out/bindings.ktap
		;;
	guest)
		guest 6.1 6.12
		;;
	hazards)
		# The programs that measure something of the list.
		only=$(cd tests && grep -lE '\<hazard(_count|_share)?\(' kmod/*.c fault/*.c | sed 's,.*/,,; s,\.c$,,' | paste -sd,)
		APPEND=rig.only=$only guest 6.1
		cat $out/6.1-hazards.txt || true
		;;
	kernels)
		# shellcheck disable=SC2086
		modules $kernels
		# shellcheck disable=SC2086
		guest $booted
		;;
	*)
		echo "check.sh: no part \"$part\"; there are unit, decide, install, style, bindings, guest, hazards and kernels" >&2
		exit 2
		;;
	esac
done

say "done; every line is in $out"
grep -ahE '^(# tests/|# style:|# log:|# late|# safe|# slow|# shed|# doser|# hydropond has|# booted)' $out/*.ktap | sort -u || true
cat $out/*.ktap | awk -f tests/merge.awk
