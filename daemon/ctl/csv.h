/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYDROPON_CTL_CSV_H
#define HYDROPON_CTL_CSV_H

/* A field as RFC 4180 quotes it, cleaned, and the comma behind it, to standard output. */
void csv_put_text(const char *text);

#endif
