/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps what a store's URL holds in confidence, user, password and query, out of what
 * people read.
 */
#ifndef HYDROPON_SECRET_H
#define HYDROPON_SECRET_H

#include <stddef.h>

/* @url without user, password and query. */
void secret_public_url(const char *url, char *out, size_t size);
/*
 * Puts *** in place of whatever @url holds in confidence in @text, of @size bytes, which
 * a server may have cut or echoed. Empties it where a secret may be written in more ways
 * than can be looked for.
 */
void secret_hide(const char *url, char *text, size_t size);
/* The same of a password, and what HTTP makes of it and @user; without a user, of a token. */
void secret_hide_login(const char *user, const char *secret, char *text, size_t size);

#endif
