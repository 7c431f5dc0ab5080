#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make check: every test, summed up in the last line.
#   check.sh PART...	only these parts
set -euo pipefail
cd "$(dirname "$0")/.."
parts=${*:-unit judge decide fuzz install style bindings guest power stores}
out=build/check
[ "$parts" != debug ] || out=build/check-debug
rm -rf $out
mkdir -p $out
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
	# The crash points of the journal: in one way many of them, in the others some, and few
	# where threads are watched that it has none of.
	case $flavour in
	gcc) export HYDROPON_STATES=5000 HYDROPON_FLIP_STEP=499 ;;
	thread) export HYDROPON_STATES=100 HYDROPON_FLIP_STEP=7919 ;;
	esac
	# shellcheck disable=SC2016
	find tests/unit -name '*.c' -printf '%f\n' | sort | sed 's/\.c$//' |
		xargs -P "$(nproc)" -I{} sh -c \
			'{ echo "# program '"$flavour"'/{}"; '"$folder"'/tests/unit/{} 2>&1 ||
			   echo "# exit $?"; } >'$out'/'"$flavour"'-{}.ktap'
	unset HYDROPON_STATES HYDROPON_FLIP_STEP
}

# judge_slice: a part of what check-judge does
judge_slice() {
	local programs=build/unit-gcc/tests
	if ! make -s -j"$(nproc)" O=build/unit-gcc CC=gcc $programs/judge-campaign \
		$programs/judge-recording >$out/build-judge.log 2>&1; then
		broken judge/build "does not build" $out/build-judge.log
		return
	fi
	{ echo "# program judge/campaign"; $programs/judge-campaign 120 1 2>&1 || echo "# exit $?"; } \
		>$out/judge-campaign.ktap
	{ echo "# program judge/recording"; $programs/judge-recording ../shared/data/*.csv 2>&1 ||
		echo "# exit $?"; } >$out/judge-recording.ktap
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

# beside COMMAND...: runs it beside others, as many at a time as there are processors: a
# guest's clock counts its instructions, however slow they are
running=0
beside() {
	[ $running -lt "$(nproc)" ] || { wait -n || true; running=$((running - 1)); }
	"$@" &
	running=$((running + 1))
}
all_done() {
	wait
	running=0
}

# tests_in KERNEL MODE [WORD...]: boots that kernel for the tests of that mode, with these
# words in its command line. Those that race have two processors, which run side by side, and
# a time that nobody judges.
tests_in() {
	local kernel=$1 mode=$2 name=$1-$2${3:+-${3//[^a-z0-9]/-}} icount=1
	[ "$mode" != parallel ] || icount=
	KERNEL=$kernel ICOUNT=$icount APPEND="${*:3} ${APPEND:-}" TIMEOUT=${TIMEOUT:-1800} \
		tests/qemu/boot.sh "$mode" >"$out/$name.console" 2>&1 </dev/null || true
	judge "$kernel/verdict-${name#"$kernel"-}" "$out/$name.console" >"$out/$name.ktap"
}

# ends KERNEL [WAY...]: how a guest ends
ends() {
	KERNEL=$1 tests/qemu/ends.sh "${@:2}" >"$out/$1-ends${2:+-$2}.ktap" 2>&1 || true
}

# boot KERNEL: all of it
boot() {
	local kernel=$1 mode
	for mode in check bad parallel; do
		tests_in "$kernel" $mode
	done
	ends "$kernel"
	# What was measured of the hazard list: each row, each within its bound.
	if cat "$out/$kernel"-{check,ends}.ktap | awk -f tests/hazards.awk >"$out/$kernel-hazards.txt"; then
		printf '# program %s/hazards\n1..1\nok 1 the list of hazards\n' "$kernel"
	else
		printf '# program %s/hazards\n1..1\nnot ok 1 the list of hazards\n' "$kernel"
	fi >"$out/$kernel-hazards.ktap"
	say "kernel $kernel: done"
}

# build_guest KERNEL: false if there is nothing to boot
build_guest() {
	say "building the virtual gateway with kernel $1"
	tests/qemu/build.sh "$1" >"$out/$1-build.log" 2>&1 && return
	broken "$1/build" "the virtual gateway does not build" "$out/$1-build.log"
	return 1
}

# guest KERNEL...: builds the virtual gateway with each, and boots it
guest() {
	local kernel
	for kernel; do
		build_guest "$kernel" || continue
		say "kernel $kernel: the guest's tests, reboot, power-off and panic with outputs on"
		beside boot "$kernel"
	done
	all_done
}

# found FAULT WORDS: whether the debug kernel finds a fault that was planted
found() {
	local console=$out/debug-plant-$1.console
	KERNEL=debug ICOUNT=1 TIMEOUT=600 APPEND=rig.plant=$1 tests/qemu/boot.sh plant >"$console" 2>&1 </dev/null || true
	{
		printf '# program debug/plant-%s\n1..1\n' "$1"
		if grep -aq "^# planted: $1" "$console" && grep -aqE "$2" "$console" &&
			! grep -aq '^# guest verdict: clean' "$console"; then
			echo "ok 1 the fault is found"
		else
			echo "not ok 1 the fault is found"
			tail -n 60 "$console" >&2
		fi
	} >"$out/debug-plant-$1.ktap"
}

# deal N WORD...: the words on N lines, dealt like cards, with commas
deal() {
	local n=$1
	shift
	printf '%s\n' "$@" | awk -v n="$n" '{ hand[NR % n] = hand[NR % n] "," $1 }
		END { for (i = 1; i <= n; i++) if (i % n in hand) print substr(hand[i % n], 2) }'
}

# debug: all of it on the kernel that checks itself, and what only that one can do. SLICE=1
# leaves out most of the fuzzing, the lack of memory where it is tried some hundred times, and
# the faults that are planted.
debug() {
	local programs fault words way slice=${SLICE:-}
	build_guest debug || return 0

	say "debug kernel: allocations that fail"
	TIMEOUT=7200 beside tests_in debug check rig.only=allocations \
		"${slice:+rig.tests=an_output_whose_probe_lacks_memory,a_sampler_whose_probe_lacks_memory,a_pulse_input_whose_probe_lacks_memory,an_open_that_lacks_memory}"
	say "debug kernel: the guest's tests"
	# shellcheck disable=SC2046
	for programs in $(deal 3 $(cat build/userland/initramfs/tests/list)); do
		beside tests_in debug check "rig.only=$programs"
	done
	beside tests_in debug bad
	say "debug kernel: reboot, power-off and panic with outputs on"
	for way in reboot poweroff race-reboot race-poweroff panic panic-locked oops; do
		beside ends debug $way
	done
	say "debug kernel: fuzzing, and devices that come and go"
	beside tests_in debug parallel rig.only=device "rig.ops=$([ "$slice" ] && echo 10000 || echo 100000)"
	beside tests_in debug parallel rig.only=races "rig.ops=$([ "$slice" ] && echo 40 || echo 2000)"
	[ -z "$slice" ] || { all_done; return; }
	say "debug kernel: faults that it must find"
	while read -r fault words; do
		beside found "$fault" "$words"
	done <<-END
		use_after_free KASAN: .*use-after-free
		past_the_end UBSAN: array-index-out-of-bounds
		leak memory was lost by then
		sleep_under_raw_lock BUG: sleeping function called from invalid context
		lock_under_raw_lock BUG: Invalid wait context
		locks_inverted possible circular locking dependency
		free_armed_timer ODEBUG: free active
	END
	all_done
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
	judge)
		say "the judgement, on tanks with faults and on recordings"
		judge_slice
		;;
	decide)
		say "the guard's decisions, broken in every small way"
		# those that make a difference; check-decide looks at the others as well
		{ tests/mutate/mutate.py --ktap --sample 100000 2>&1 || true; } >$out/decide.ktap
		;;
	fuzz)
		say "what is read from disk and network, whatever it is"
		tests/libfuzzer/run.sh "${SECONDS_EACH:-20}" >$out/fuzz.ktap 2>&1 || true
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
	power)
		say "power cuts under a real file system"
		if tests/qemu/build.sh >$out/build-power.log 2>&1; then
			tests/power/run.py --states 60 --f2fs-states 10 >$out/power-cut.ktap 2>&1 || true
			tests/power/blackouts.py --cuts 2 >$out/blackouts.ktap 2>&1 || true
			tests/power/clock.py >$out/clock.ktap 2>&1 || true
		else
			broken power/build "the virtual gateway does not build" $out/build-power.log
		fi
		;;
	stores)
		say "real stores through a bad day"
		tests/qemu/tools.sh influxdb openssl
		tests/stores/run.py >$out/stores.ktap 2>&1 || true
		;;
	hazards)
		# The programs that measure something of the list.
		only=$(cd tests && grep -lE '\<hazard(_count|_share)?\(' kmod/*.c fault/*.c | sed 's,.*/,,; s,\.c$,,' | paste -sd,)
		APPEND=rig.only=$only guest 6.1
		cat $out/6.1-hazards.txt || true
		;;
	debug)
		debug
		;;
	kernels)
		# shellcheck disable=SC2086
		modules $kernels
		# shellcheck disable=SC2086
		guest $booted
		;;
	*)
		echo "check.sh: no part \"$part\"; there are unit, judge, decide, fuzz, install, style, bindings, guest, power, stores, hazards, kernels and debug" >&2
		exit 2
		;;
	esac
done

say "done; every line is in $out"
grep -ahE '^(# tests/|# judge:|# style:|# log:|# late|# safe|# slow|# shed|# doser|# hydropond has|# booted)' $out/*.ktap | sort -u || true
cat $out/*.ktap | awk -f tests/merge.awk
