/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The spool of another gateway, as on a card or a stick that was carried here, is delivered to the stores of
 * this one's configuration, by the same rules, under its own gateway and site. How far it is, is kept in
 * <state_dir>/cursors/import-ID, so that it goes on where it was broken off, and sends nothing twice.
 */
#ifndef HYDROPON_IMPORT_H
#define HYDROPON_IMPORT_H

#include "base/conf.h"

/* Until all is delivered, nothing more can be, or @signal_fd is readable. Tells how far it is on the
 * standard error. Returns the exit code: 0 if every store has all of it.
 */
int import(const struct conf *conf, const char *dir, int signal_fd);

#endif
