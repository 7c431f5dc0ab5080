/* SPDX-License-Identifier: GPL-2.0-only */
/* Why an output is as it is: enum hydropon_cause as a word and as words. */
#ifndef HYDROPON_CAUSE_H
#define HYDROPON_CAUSE_H

#include <stdbool.h>
#include <stdint.h>

/* The word of the status document: "lease", "shed", ... Never NULL. */
const char *cause_name(uint32_t cause);
/* For people: "held by a lease", "mains power was lost", ... Never NULL. */
const char *cause_text(uint32_t cause);
/* The same from the word; the word itself if it is not known. */
const char *cause_text_of_name(const char *name);
/* It is stronger than a lease: while it lasts the kernel takes none. */
bool cause_is_stronger(uint32_t cause);
/* How urgent it is that somebody knows: LOG_WARNING or LOG_NOTICE of syslog.h. */
int cause_priority(uint32_t cause);

#endif
