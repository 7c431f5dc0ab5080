#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Reboot, power-off and a killed machine's next boot, judged by what the simulated
# lines write on the console: nothing else survives the end of a guest.
set -euo pipefail
cd "$(dirname "$0")/../.."

number=0
verdict() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then echo "ok $number $2"; else echo "not ok $number $2"; fi
}

echo "# program guest/ends"
echo "1..4"
for way in reboot poweroff; do
	console=build/check/guest-$way.console
	mkdir -p build/check
	ICOUNT=1 TIMEOUT=120 LOGLEVEL=7 APPEND=rig.way=$way \
		tests/qemu/boot.sh ends >"$console" 2>&1 </dev/null || true
	# Each line was away from safe, one of them by a write that was still under way when
	# the end was asked for; before the machine ended each went safe: the last thing that
	# is said of it.
	tr -d '\r' <"$console" | awk -v way=$way '
		/gateway ends now/ { ending = 1 }
		/hydropon-sim: gpio-(soc|bus) line [0-9]+ (0|1)$/ {
			key = $(NF - 3) " " $(NF - 1)
			last[key] = $NF
			if ($NF == (key != "gpio-soc 1")) away[key] = 1
			if (ending && $NF == (key != "gpio-soc 1")) late[key] = 1
		}
		/reboot: (Restarting|Power down)/ { ended = 1 }
		END {
			split("gpio-soc 0,gpio-soc 1,gpio-soc 2,gpio-soc 3,gpio-soc 4,gpio-bus 0", lines, ",")
			for (i = 1; i <= 6; i++) {
				safe = lines[i] == "gpio-soc 1"
				if (!away[lines[i]]) { print "# " lines[i] " was not away from safe"; bad = 1 }
				if (last[lines[i]] != safe) { print "# " lines[i] " did not go safe at " way; bad = 1 }
			}
			if (!late["gpio-bus 0"]) { print "# no write to the bus was under way"; bad = 1 }
			if (!ended) { print "# the guest did not end by itself"; bad = 1 }
			exit bad
		}' && ret=0 || ret=1
	verdict $ret "outputs_are_safe_before_$way"
	! grep -aE 'WARNING:|BUG:|Oops|Call trace' "$console" && ret=0 || ret=1
	verdict $ret "the_log_of_${way}_is_clean"
done
