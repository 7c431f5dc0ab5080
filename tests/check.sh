#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make check: every test, summed up in the last line.
#   check.sh [unit|install|guest]...	only these parts
set -euo pipefail
cd "$(dirname "$0")/.."
out=build/check
rm -rf $out
mkdir -p $out
parts=${*:-unit install guest}
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

guest() {
	say "building the virtual gateway"
	if ! tests/qemu/build.sh >$out/guest-build.log 2>&1; then
		broken guest/build "the virtual gateway does not build" $out/guest-build.log
		return
	fi
	say "tests on the virtual gateway"
	ICOUNT=1 TIMEOUT=900 tests/qemu/boot.sh check >$out/guest.console 2>&1 </dev/null || true
	# The verdict is the last word: without it nothing above it counts.
	{
		tr -d '\r' <$out/guest.console | grep -aE '^(# |1\.\.|ok |not ok )' || true
		printf '# program guest/verdict\n1..1\n'
		if grep -aq '^# guest verdict: clean' $out/guest.console; then
			echo "ok 1 the kernel's log is clean and the modules unload"
		else
			echo "not ok 1 the kernel's log is clean and the modules unload"
			tail -n 60 $out/guest.console >&2
		fi
	} >$out/guest.ktap
	say "reboot and power-off with outputs on"
	tests/qemu/ends.sh >$out/guest-ends.ktap 2>&1 || true
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
	install)
		say "installation"
		{ echo "# program install"; tests/install/files.sh 2>&1 || true; } >$out/install.ktap
		;;
	guest)
		guest
		;;
	*)
		echo "check.sh: no part \"$part\"; there are unit, install and guest" >&2
		exit 2
		;;
	esac
done

say "done; every line is in $out"
grep -ahE '^(# tests/|# log:|# late|# safe|# slow|# shed|# doser|# hydropond has|# booted)' $out/*.ktap | sort -u || true
cat $out/*.ktap | awk -f tests/merge.awk
