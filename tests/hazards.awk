# SPDX-License-Identifier: GPL-2.0-only
# Makes a table of the notes that tests leave of the hazard list, from KTAP:
#	# hazard ROW: INJECTED: WHAT: 499.3 ms, bound 600.0 ms
#	# hazard ROW: INJECTED: WHAT: 99.8 %, at least 95.0 %
# It fails if a row of the list is missing, if one is beyond its bound, or if a test failed.
# -v rows="H3 H5": the list, if it is not the whole one.
BEGIN {
	if (!rows)
		rows = "H1 H2 H3 H4 H5 H10 H12 H13 H14 H15 H17 H20 H21 H22 H24 H27 H33 H34 H35 H36"
	rows_n = split(rows, row_at, " ")
	for (i = 1; i <= rows_n; i++)
		listed[row_at[i]] = 1
}

{ sub(/\r$/, "") }

/^not ok / { print; failed++ }

/^# hazard / {
	if (split(substr($0, 10), part, ": ") != 4 || split(part[4], measure, ", ") != 2) {
		print "no note of a hazard: " $0
		failed++
		next
	}
	least = sub(/^at least /, "", measure[2])
	if (!least && !sub(/^bound /, "", measure[2])) {
		print "a note without a bound: " $0
		failed++
		next
	}
	if (!(part[1] in listed)) {
		print "not on the list: " $0
		failed++
		next
	}
	held = least ? measure[1] + 0 >= measure[2] + 0 : measure[1] + 0 <= measure[2] + 0
	beyond += !held
	measured++
	lines[part[1], ++n[part[1]]] = sprintf("%-4s  %-52s  %-38s  %14s  %-1s %13s  %s", part[1],
		part[2], part[3], measure[1], least ? ">" : "<", measure[2],
		held ? "held" : "BEYOND")
}

END {
	printf "%-4s  %-52s  %-38s  %14s  %-1s %13s  %s\n", "row", "injected", "what", "measured",
		" ", "bound", "verdict"
	for (i = 1; i <= rows_n; i++) {
		if (!n[row_at[i]]) {
			printf "%-4s  %s\n", row_at[i], "NOT MEASURED"
			missing++
		}
		for (j = 1; j <= n[row_at[i]]; j++)
			print lines[row_at[i], j]
	}
	printf "%d of %d rows, %d measurements, %d beyond their bound, %d tests failed\n",
		rows_n - missing, rows_n, measured, beyond, failed
	exit missing || beyond || failed
}
