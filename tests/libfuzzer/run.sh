#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh SECONDS [NAME...]: each fuzzer for so long, from its corpus on, as KTAP. What it finds is
# left in build/fuzz/found.
set -uo pipefail
cd "$(dirname "$0")/../.."
seconds=$1
shift
out=build/fuzz
mkdir -p $out/found
names=${*:-$(cd tests/libfuzzer && ls ./*.c | sed 's,\./,,; s/\.c$//')}
printf '# program fuzz\n1..%d\n' "$(wc -w <<<"$names")"
if ! make -s -j"$(nproc)" O=$out CC=clang SANITIZE=fuzzer-no-link,address,undefined fuzzers >$out/build.log 2>&1; then
	sed 's/^/# /' $out/build.log | tail -n 25
	echo "not ok 1 the fuzzers do not build"
	exit 1
fi

# one NAME: its log, and its verdict in NAME.result
one() {
	local name=$1 work dictionary=
	work=$(mktemp -d)
	[ ! -e "tests/libfuzzer/$name.dict" ] || dictionary=-dict=tests/libfuzzer/$name.dict
	# shellcheck disable=SC2086
	UBSAN_OPTIONS=halt_on_error=1 $out/tests/libfuzzer/"$name" -max_total_time="$seconds" -max_len=1024 -timeout=20 \
		-rss_limit_mb=2048 -artifact_prefix=$out/found/"$name"- $dictionary \
		"$work" tests/libfuzzer/corpus/"$name" >$out/"$name".log 2>&1
	echo $? >$out/"$name".result
	rm -rf "$work"
}

for name in $names; do
	one "$name" &
done
wait
number=0 status=0
for name in $names; do
	number=$((number + 1))
	echo "# $name: $(grep -a '^Done ' $out/"$name".log || tail -n 1 $out/"$name".log)"
	if [ "$(cat $out/"$name".result)" = 0 ]; then
		echo "ok $number $name"
	else
		grep -aE 'ERROR|runtime error|SUMMARY|^    #' $out/"$name".log | head -n 20 | sed 's/^/# /'
		echo "not ok $number $name # what it was given is in $out/found"
		status=1
	fi
done
exit $status
