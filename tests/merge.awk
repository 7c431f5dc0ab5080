# SPDX-License-Identifier: GPL-2.0-only
# Sums KTAP from many runs. A planned test without a result has failed, and so has a
# program that never said its plan.
function close_plan() {
	if (planned > results) {
		failed += planned - results
		printf "# %s: %d tests gave no result\n", program, planned - results
	}
	planned = results = 0
}
{ sub(/\r$/, "") }
/^# program / { close_plan(); program = $3; programs[program] = 0 }
/^1\.\.[0-9]+$/ { planned = substr($0, 4) + 0; programs[program] = 1 }
/^ok [0-9]+ .*# SKIP/ { skipped++; results++; next }
/^ok [0-9]+ / { passed++; results++; next }
/^not ok [0-9]+ / { failed++; results++; print "# failed: " program ": " $0 }
END {
	close_plan()
	for (program in programs)
		if (!programs[program]) {
			failed++
			print "# " program ": did not run"
		}
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit failed || !passed
}
