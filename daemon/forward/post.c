// SPDX-License-Identifier: GPL-2.0-only
#include "forward/post.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 5000

struct post {
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	bool is_running;
	bool has_whole_head;		/* of the answer, with the empty line at its end */
	size_t body_size;		/* of the answer, as far as it was kept */
	char body[ANSWER_BODY_MAX];
};

/* Keeps the beginning; the rest is read and forgotten, for as long as the timeout lets. */
static size_t on_body(char *bytes, size_t one, size_t size, void *data)
{
	struct post *post = data;
	size_t room = sizeof(post->body) - 1 - post->body_size;
	size_t n = size < room ? size : room;

	for (size_t i = 0; i < n; i++) {
		char c = bytes[i];

		post->body[post->body_size++] = c < ' ' || c > '~' ? ' ' : c;
	}
	post->body[post->body_size] = 0;
	return size * one;
}

static size_t on_head(char *line, size_t one, size_t size, void *data)
{
	struct post *post = data;

	if (size >= 5 && !memcmp(line, "HTTP/", 5))
		post->has_whole_head = false;	/* of another answer, after a 100 */
	else if (*line == '\r' || *line == '\n')
		post->has_whole_head = true;
	return size * one;
}

static bool set_options(struct post *post, const char *url, uint32_t timeout_ms, void *owner)
{
	long timeout = (long)timeout_ms;
	long connect_timeout = timeout < CONNECT_TIMEOUT_MS ? timeout : CONNECT_TIMEOUT_MS;
	CURL *easy = post->easy;

#define SET(option, value) (curl_easy_setopt(easy, CURLOPT_##option, value) == CURLE_OK)
	return SET(PROTOCOLS_STR, "http,https") &&
	       SET(URL, url) &&
	       SET(FOLLOWLOCATION, 0L) &&
	       SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
	       SET(HTTPHEADER, post->headers) &&
	       SET(USERAGENT, "hydropon-forward/" HYDROPON_VERSION) &&
	       SET(TIMEOUT_MS, timeout) &&
	       SET(CONNECTTIMEOUT_MS, connect_timeout) &&
	       SET(NOSIGNAL, 1L) &&
	       /* A name server that does not answer must not hold up the other stores. */
	       SET(QUICK_EXIT, 1L) &&
	       SET(HEADERFUNCTION, on_head) &&
	       SET(HEADERDATA, post) &&
	       SET(WRITEFUNCTION, on_body) &&
	       SET(WRITEDATA, post) &&
	       SET(PRIVATE, owner);
#undef SET
}

struct post *post_new(CURLM *multi, const char *url, uint32_t timeout_ms, void *owner)
{
	static const char *const headers[] = {
		"Content-Type: text/plain; charset=utf-8", "Content-Encoding: gzip",
	};
	struct post *post = calloc(1, sizeof(*post));

	if (!post)
		return NULL;
	post->multi = multi;
	post->easy = curl_easy_init();
	if (!post->easy)
		goto err_free;
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		struct curl_slist *list = curl_slist_append(post->headers, headers[i]);

		if (!list)
			goto err_free;
		post->headers = list;
	}
	if (set_options(post, url, timeout_ms, owner))
		return post;

err_free:
	post_free(post);
	return NULL;
}

static void leave_multi(struct post *post)
{
	if (post->is_running)
		curl_multi_remove_handle(post->multi, post->easy);
	post->is_running = false;
}

void post_free(struct post *post)
{
	if (!post)
		return;
	leave_multi(post);
	curl_easy_cleanup(post->easy);
	curl_slist_free_all(post->headers);
	free(post);
}

int post_start(struct post *post, const void *body, size_t size)
{
	post->has_whole_head = false;
	post->body_size = 0;
	post->body[0] = 0;
	if (curl_easy_setopt(post->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size) ||
	    curl_easy_setopt(post->easy, CURLOPT_POSTFIELDS, body) ||
	    curl_multi_add_handle(post->multi, post->easy))
		return -EIO;
	post->is_running = true;
	return 0;
}

void post_finish(struct post *post, CURLcode code, struct answer *answer)
{
	curl_off_t retry_after_s = 0;

	/* libcurl is content with a status line before the connection breaks. */
	if (code == CURLE_OK && !post->has_whole_head)
		code = CURLE_PARTIAL_FILE;
	*answer = (struct answer){ .code = code };
	memcpy(answer->body, post->body, sizeof(answer->body));
	curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	curl_easy_getinfo(post->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
	if (retry_after_s > 0)
		answer->retry_after_s = (uint64_t)retry_after_s;
	leave_multi(post);
}

void *post_owner(CURL *easy)
{
	char *owner = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
	return owner;
}
