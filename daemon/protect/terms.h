/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says of an output beside its cause, as the words of the status document. */
#ifndef HYDROPON_TERMS_H
#define HYDROPON_TERMS_H

#include <stddef.h>
#include <stdint.h>

#define TERMS_MAX 32

/* "welded", "not-closing", "switch", "switch-storm", "power-storm". Never NULL. */
const char *fault_name(unsigned int fault);
/* enum hydropon_manual: "auto", "on", "off". Never NULL. */
const char *manual_name(unsigned int manual);
/* The words of the bits of hydropon_output_info.faults; returns how many. */
size_t fault_names(uint32_t faults, const char *names[TERMS_MAX]);
/* The same of trips and latches: "trip-off", "trip-on", "trip-safe", the same with
 * "-unless-held" where a switch held at ON passes it, "welded", "budget". */
size_t latch_names(uint32_t bits, const char *names[TERMS_MAX]);

#endif
