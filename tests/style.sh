#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's own checkpatch over what goes into a kernel, file by file.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts=$(tests/qemu/source.sh 6.12)/tree/scripts
files=$(find kmod include -name '*.[ch]' ! -name '*.mod.c' | sort)

echo "# program style"
echo "1..$(wc -w <<<"$files")"
number=0 status=0
for file in $files; do
	number=$((number + 1))
	case $file in
	# One source for several kernels is what it is for.
	*/compat.h) ignored=LINUX_VERSION_CODE,CONSTANT_COMPARISON ;;
	# TRACE_EVENT() is laid out in a way of its own.
	*/trace.h) ignored=OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT ;;
	*) ignored= ;;
	esac
	said=$(perl "$scripts/checkpatch.pl" --strict --no-tree --no-summary --terse --show-types \
		${ignored:+--ignore $ignored} -f "$file" 2>&1) && ret=0 || ret=$?
	# Nothing said is the only good answer.
	if [ $ret = 0 ] && [ -z "$said" ]; then
		echo "ok $number $file"
	else
		status=1
		sed 's/^/# style: /' <<<"$said"
		echo "not ok $number $file"
	fi
done
exit $status
