/* SPDX-License-Identifier: GPL-2.0-only */
/* What records of the stream mean, as sentences in the log. @output: its name. */
#ifndef HYDROPON_TELL_H
#define HYDROPON_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/hydropon.h>

/* @line_changed: writes to its line began to fail or to succeed. */
void tell_output(const char *output, const struct hydropon_record *record, bool line_changed);
void tell_power(const struct hydropon_record *record);
void tell_trip(const char *output, const struct hydropon_record *record);
void tell_manual(const char *output, const struct hydropon_record *record);
/* @info: of the output, NULL for a fault of the gateway. */
void tell_fault(const struct hydropon_output_info *info, const struct hydropon_record *record);
/* @moved_ns: by how much wall time has jumped against BOOTTIME; 0: that is not known. */
void tell_clock(int64_t moved_ns);
/* An output is restored by @kept; @is_known: what it used of its budget is. */
void tell_restored(const struct hydropon_output_info *info, const struct hydropon_restore *kept,
		   bool is_known);

#endif
