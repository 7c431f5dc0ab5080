#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The ends of a gateway, judged by what the simulated lines write on the console: nothing
# else survives them. See tests/qemu/guest/ends for the ways. KERNEL as for boot.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."

number=0
verdict() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then echo "ok $number $2"; else echo "not ok $number $2"; fi
}

kernel=${KERNEL:-6.1}
ways=${*:-reboot poweroff race-reboot race-poweroff panic panic-locked oops}
echo "# program $kernel/ends"
echo "1..$(($(wc -w <<<"$ways") * 2))"
mkdir -p build/check
for way in $ways; do
	console=build/check/$kernel-$way.console
	ended=1
	ICOUNT=1 TIMEOUT=900 LOGLEVEL=7 APPEND=rig.way=$way \
		tests/qemu/boot.sh ends >"$console" 2>&1 </dev/null || ended=0
	# Each line was away from safe; before the machine ended each went safe: the last thing
	# that is said of it. In the polite ways one of them had a write under way when the end
	# was asked for; a panic cannot write lines behind a bus.
	tr -d '\r' <"$console" | awk -v way=$way -v ended=$ended '
		function wanted(line) { return line == "gpio-soc 1" || line == "gpio-panel 1" }
		# Seconds since boot, in front of each line of the log.
		match($0, /^\[ *[0-9.]+\]/) { time = substr($0, 2, RLENGTH - 2) + 0 }
		/gateway ends now/ { ending = 1 }
		/Kernel panic/ { panicked++ }
		# Before it tells anybody, a panic tells its story and waits for the other CPUs.
		/Kernel panic/ { begin = time }
		/hydropon-sim: gpio-(soc|bus|panel) line [0-9]+ (0|1)$/ {
			line = $(NF - 3) " " $(NF - 1)
			last[line] = $NF
			if ($NF != wanted(line)) away[line] = 1
			if (ending && $NF != wanted(line)) late[line] = 1
			if (ending && $NF == wanted(line)) moved++
			# How long the command took to reach the kernel is not its affair.
			if (ending && line !~ /bus|panel 5/ && $NF == wanted(line)) {
				if (!begin) begin = time
				safe = time
			}
		}
		/reboot: (Restarting|Power down)|hydropon-sim: gpio-[a-z]+ ends/ { told = 1 }
		END {
			panics = way ~ /panic|oops/
			all = "gpio-soc 0,gpio-soc 1,gpio-soc 2,gpio-soc 3,gpio-soc 4"
			if (!panics) all = all ",gpio-bus 0"
			if (way !~ /^(reboot|poweroff)$/) all = all ",gpio-panel 1,gpio-panel 8"
			n = split(all, lines, ",")
			for (i = 1; i <= n; i++) {
				if (!away[lines[i]]) { print "# " lines[i] " was not away from safe"; bad = 1 }
				if (last[lines[i]] != wanted(lines[i])) { print "# " lines[i] " did not go safe at " way; bad = 1 }
			}
			if (way ~ /^(reboot|poweroff)$/ && !late["gpio-bus 0"]) { print "# no write to the bus was under way"; bad = 1 }
			if (panics && panicked != 1) { print "# " panicked + 0 " panics"; bad = 1 }
			if (panics && moved < n) { print "# only " moved + 0 " lines moved at the end"; bad = 1 }
			bound = panics ? 5000 : 10
			if (safe < begin || (safe - begin) * 1000 > bound) { print "# late at " way; bad = 1 }
			if (!panics && !told || !ended) { print "# the guest did not end by itself"; bad = 1 }
			if (!bad)
				printf "# hazard %s: %s: %s: %.3f ms, bound %.3f ms\n", panics ? "H4" : "H3", way,
					panics ? "safe, the wait for other CPUs included" : "from the first output of the SoC to the last",
					(safe - begin) * 1000, bound
			exit bad
		}' && ret=0 || ret=1
	verdict $ret "outputs_are_safe_at_$way"
	# A panic that was asked for is told of; nothing else is.
	case $way in
	panic | panic-locked) allowed='sysrq: Trigger a crash|Kernel panic - not syncing: sysrq triggered crash|Call trace' ;;
	oops) allowed='Kernel panic - not syncing: Oops: Fatal exception in interrupt|Internal error: Oops|Unable to handle kernel NULL pointer|Call trace' ;;
	*) allowed='^$' ;;
	esac
	! tr -d '\r' <"$console" | grep -aE 'WARNING:|BUG:|Oops|Call trace|Kernel panic' |
		grep -vE "$allowed|Kernel command line" && ret=0 || ret=1
	verdict $ret "the_log_of_${way}_tells_nothing_else"
done
