#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh STATES SEED: the journal at so many power cuts, at every flipped bit of a small one, and
# whether all this would find the faults that it is there for.
set -euo pipefail
cd "$(dirname "$0")/../.."
states=$1 seed=$2
out=build/crash
mkdir -p $out
tests/qemu/tools.sh
make -s -j"$(nproc)" O=$out/programs CC=gcc unit-tests
journal=$out/programs/tests/unit/journal
echo "hydropon: $states states, seed $seed; every line is in $out"

# run NAME TEST...: these tests of the journal
run() {
	local name=$1
	shift
	{ echo "# program crash/$name"; HYDROPON_STATES=$((states / 2)) HYDROPON_SEED=$seed HYDROPON_FLIP_STEP=1 \
		$journal "$@" 2>$out/"$name".log || echo "# exit $?"; } >$out/"$name".ktap
}

run cuts journal_loses_and_invents_nothing_at_any_cut &
run faults journal_loses_and_invents_nothing_while_the_disk_fails &
wait
run damage journal_tells_of_every_bit_that_is_flipped_or_does_not_need_it journal_opens_whatever_is_cut_off &
tests/crash/bugs.py >$out/bugs.ktap || true
wait
grep -hE '^# ([0-9]+ (states|bits)|tests/|[a-z_]+: )' $out/*.ktap || true
cat $out/*.ktap | awk -f tests/merge.awk
