/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting that Ctrl-C, a lost terminal or a service manager ends in order. */
#ifndef HYDROPON_SIGNALS_H
#define HYDROPON_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* From here on SIGINT, SIGTERM and SIGHUP only end a wait. */
void signals_catch(void);
/* Waits at most @ms. True: one of them has come. A resized terminal ends the wait early. */
bool signals_wait(uint64_t ms);

#endif
