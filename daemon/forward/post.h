/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The HTTP connection to one store: one POST of gzip at a time, within a curl multi
 * handle that the caller drives. No redirects, nothing but http and https.
 */
#ifndef HYDROPON_POST_H
#define HYDROPON_POST_H

#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/conf.h"
#include "forward/answer.h"

enum { POST_BODY_MAX = 1024 };

struct post;

/* @conf: the store, and @url where it wants its lines. @finished is called, with @owner, when a
 * request has ended: it is to call post_finish(). NULL: out of memory, or no such URL.
 */
struct post *post_new(CURLM *multi, const struct conf_store *conf, const char *url,
		      void (*finished)(void *owner, CURLcode code, uint64_t now_ns), void *owner);
/*
 * Reads who sends, from the files of the store's configuration, for the requests that follow.
 * Returns NULL, or a sentence with what to do.
 */
const char *post_authorize(struct post *post);
/* Takes what it has read out of a text that a server may have echoed. */
void post_hide(const struct post *post, char *text, size_t size);
/* Breaks off a request that is under way. */
void post_free(struct post *post);

/* @body must stay as it is until the request is finished. 0 or -EIO. */
int post_start(struct post *post, const void *body, size_t size);
/* Asks @url by GET instead. */
int post_ask(struct post *post, const char *url);
/* To be called when curl_multi_info_read() tells that @code ended a request of any post. */
void post_done(CURL *easy, CURLcode code, uint64_t now_ns);
void post_finish(struct post *post, CURLcode code, struct answer *answer);
/* What the request that finished last has carried over the line, both ways: what HTTP counts, and what
 * packets (a twentieth) and the opening of a connection add, which nothing tells.
 */
uint64_t post_bytes(const struct post *post);
/* When the certificate that the store showed last expires, in seconds since 1970; 0: none was shown,
 * or it does not say.
 */
int64_t post_expires_s(const struct post *post);
/* The newest answer's body, printable ASCII only, or the beginning of it: POST_BODY_MAX. */
const char *post_body(const struct post *post);

#endif
