/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All stores of a configuration, and the loop's body that drives them. Writes
 * <run_dir>/forward/forward.json, which hydropond's status shows.
 */
#ifndef HYDROPON_FORWARD_H
#define HYDROPON_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "forward/store.h"

/* How often the committed mark is looked at, and so the longest useful wait. */
#define FORWARD_POLL_MS 200

struct forward;

/* @conf must outlive it. NULL after an error that was logged. */
struct forward *forward_new(const struct conf *conf);
/* The same for the spool in the folder @dir, which is another gateway's. */
struct forward *forward_new_of(const struct conf *conf, const char *dir);
/* Breaks off what is under way. */
void forward_free(struct forward *forward);

/* Does what is due. While @may_send is false, only ends what is under way. */
void forward_turn(struct forward *forward, bool may_send, uint64_t now_ns);
/* Waits for the network, for @fd to become readable (-1: none), or @timeout_ms. */
void forward_wait(struct forward *forward, int fd, uint32_t timeout_ms);
/* Whether a request is under way. */
bool forward_is_busy(const struct forward *forward);

size_t forward_stores(const struct forward *forward);
const struct store *forward_store(const struct forward *forward, size_t index);

#endif
