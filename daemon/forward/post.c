// SPDX-License-Identifier: GPL-2.0-only
#include "forward/post.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "forward/endpoint.h"
#include "forward/secret.h"

/* SYN, FIN and their answers; and a handshake of TLS 1.3 with a chain of certificates. */
#define CONNECT_BYTES 300
#define CONNECT_TLS_BYTES 6000
#define CONNECT_TIMEOUT_MS 5000
/* An answer that goes on beyond that has no end, or is not of a store: it only costs data. */
#define BODY_SEEN_MAX (1u << 20)

struct post {
	const struct conf_store *conf;
	CURLM *multi;
	CURL *easy;			/* with all options; each request is by a copy of it: */
	CURL *running;			/* NULL: none is under way */
	struct curl_slist *headers;
	bool has_whole_head;		/* of the answer, with the empty line at its end */
	size_t body_size;		/* of the answer, as far as it was kept */
	size_t body_seen;		/* and as far as it came */
	char body[POST_BODY_MAX];
	void (*finished)(void *owner, CURLcode code, uint64_t now_ns);
	void *owner;
	char secret[CREDENTIAL_MAX];	/* token or password */
	int64_t expires_s;
	uint64_t bytes;			/* of the request that finished last */
};

/* Keeps the beginning; the rest is read and forgotten, up to where no store goes. */
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
	post->body_seen += size * one;
	return post->body_seen > BODY_SEEN_MAX ? 0 : size * one;
}

static size_t on_head(char *line, size_t one, size_t size, void *data)
{
	struct post *post = data;

	if (size >= 5 && !memcmp(line, "HTTP/", 5))
		post->has_whole_head = false;	/* of another answer, after a 100 */
	else if (size <= 2 && (*line == '\r' || *line == '\n'))
		post->has_whole_head = true;
	return size * one;
}

#define SET(option, value) (curl_easy_setopt(easy, CURLOPT_##option, value) == CURLE_OK)

static bool set_tls(struct post *post)
{
	const struct conf_store *conf = post->conf;
	CURL *easy = post->easy;

	/* Verified is the default of libcurl; nothing here can turn that off. */
	return SET(CERTINFO, 1L) && (!*conf->ca_file || SET(CAINFO, conf->ca_file)) &&
	       (!*conf->certificate_file || (SET(SSLCERT, conf->certificate_file) &&
					     SET(SSLKEY, conf->key_file))) &&
	       (!*conf->proxy || SET(PROXY, conf->proxy));
}

static bool set_options(struct post *post, const char *url)
{
	long timeout = (long)post->conf->timeout_ms;
	long connect_timeout = timeout < CONNECT_TIMEOUT_MS ? timeout : CONNECT_TIMEOUT_MS;
	CURL *easy = post->easy;

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
	       SET(PRIVATE, post) &&
	       set_tls(post);
}

static bool set_headers(struct post *post, const char *authorization)
{
	static const char *const headers[] = {
		"Content-Type: text/plain; charset=utf-8", "Content-Encoding: gzip",
	};
	struct curl_slist *list = NULL, *more;

	for (size_t i = 0; i <= sizeof(headers) / sizeof(*headers); i++) {
		const char *header = i ? headers[i - 1] : authorization;

		if (!header)
			continue;
		more = curl_slist_append(list, header);
		if (!more) {
			curl_slist_free_all(list);
			return false;
		}
		list = more;
	}
	if (curl_easy_setopt(post->easy, CURLOPT_HTTPHEADER, list) != CURLE_OK) {
		curl_slist_free_all(list);
		return false;
	}
	curl_slist_free_all(post->headers);
	post->headers = list;
	return true;
}

struct post *post_new(CURLM *multi, const struct conf_store *conf, const char *url,
		      void (*finished)(void *owner, CURLcode code, uint64_t now_ns), void *owner)
{
	struct post *post = calloc(1, sizeof(*post));

	if (!post)
		return NULL;
	post->conf = conf;
	post->multi = multi;
	post->finished = finished;
	post->owner = owner;
	post->easy = curl_easy_init();
	if (post->easy && set_headers(post, NULL) && set_options(post, url))
		return post;
	post_free(post);
	return NULL;
}

const char *post_authorize(struct post *post)
{
	static const char no_memory[] = "out of memory";
	const struct conf_store *conf = post->conf;
	char header[CREDENTIAL_MAX + 32];
	const char *wrong;
	CURL *easy = post->easy;

	if (!*conf->token_file && !*conf->user)
		return NULL;
	wrong = credential_read(*conf->user ? conf->password_file : conf->token_file, post->secret);
	if (wrong)
		return wrong;
	if (*conf->user)
		return SET(HTTPAUTH, CURLAUTH_BASIC) && SET(USERNAME, conf->user) &&
		       SET(PASSWORD, post->secret) ? NULL : no_memory;
	endpoint_authorization(conf, post->secret, header, sizeof(header));
	return set_headers(post, header) ? NULL : no_memory;
}

void post_hide(const struct post *post, char *text, size_t size)
{
	if (*post->secret)
		secret_hide_login(post->conf->user, post->secret, text, size);
	secret_hide(post->conf->url, text, size);
}

static void leave_multi(struct post *post)
{
	if (!post->running)
		return;
	curl_multi_remove_handle(post->multi, post->running);
	curl_easy_cleanup(post->running);
	post->running = NULL;
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

static int start(struct post *post, CURL *easy)
{
	post->has_whole_head = false;
	post->body_size = 0;
	post->body_seen = 0;
	post->body[0] = 0;
	if (curl_multi_add_handle(post->multi, easy)) {
		curl_easy_cleanup(easy);
		return -EIO;
	}
	post->running = easy;
	return 0;
}

/*
 * A handle that has read an answer keeps a pointer to its last header, and libcurl 7.88.1, that of
 * Debian 12, uses that, freed, when the next answer begins with a folded line: any server could make
 * it. A copy has none. Connections are the multi handle's, and are kept.
 */
static CURL *new_handle(const struct post *post)
{
	return curl_easy_duphandle(post->easy);
}

int post_start(struct post *post, const void *body, size_t size)
{
	CURL *easy = new_handle(post);

	if (easy && SET(POSTFIELDSIZE_LARGE, (curl_off_t)size) && SET(POSTFIELDS, body))
		return start(post, easy);
	curl_easy_cleanup(easy);
	return -EIO;
}

int post_ask(struct post *post, const char *url)
{
	CURL *easy = new_handle(post);

	if (easy && SET(URL, url) && SET(HTTPGET, 1L))
		return start(post, easy);
	curl_easy_cleanup(easy);
	return -EIO;
}

/* Only a new connection shows one: the first of the chain is the store's own. */
static void note_certificate(struct post *post)
{
	static const char key[] = "Expire date:";	/* or Date, by version */
	struct curl_certinfo *info = NULL;

	if (curl_easy_getinfo(post->running, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
	    info->num_of_certs < 1)
		return;
	for (struct curl_slist *line = info->certinfo[0]; line; line = line->next) {
		struct tm tm = { 0 };

		if (strncasecmp(line->data, key, strlen(key)))
			continue;
		/* In UTC, as GnuTLS has it through libcurl. */
		if (strptime(line->data + strlen(key), " %Y-%m-%d %H:%M:%S", &tm))
			post->expires_s = timegm(&tm);
	}
}

/* A request is told by its head alone, or with as much of its body as went out with that. */
static void note_bytes(struct post *post)
{
	curl_off_t up = 0, down = 0;
	long request = 0, head = 0, connections = 0;
	uint64_t bytes;

	curl_easy_getinfo(post->running, CURLINFO_SIZE_UPLOAD_T, &up);
	curl_easy_getinfo(post->running, CURLINFO_SIZE_DOWNLOAD_T, &down);
	curl_easy_getinfo(post->running, CURLINFO_REQUEST_SIZE, &request);
	curl_easy_getinfo(post->running, CURLINFO_HEADER_SIZE, &head);
	curl_easy_getinfo(post->running, CURLINFO_NUM_CONNECTS, &connections);
	bytes = (uint64_t)(request > up ? request : request + up) + (uint64_t)(down + head);
	bytes += bytes / 20;
	if (connections > 0)
		bytes += (uint64_t)connections * (strncasecmp(post->conf->url, "https:", 6) ?
						  CONNECT_BYTES : CONNECT_TLS_BYTES);
	post->bytes = bytes;
}

uint64_t post_bytes(const struct post *post)
{
	return post->bytes;
}

int64_t post_expires_s(const struct post *post)
{
	return post->expires_s;
}

void post_finish(struct post *post, CURLcode code, struct answer *answer)
{
	curl_off_t retry_after_s = 0;

	/* libcurl is content with a status line before the connection breaks. */
	if (code == CURLE_OK && !post->has_whole_head)
		code = CURLE_PARTIAL_FILE;
	*answer = (struct answer){ .code = code };
	snprintf(answer->body, sizeof(answer->body), "%.*s", ANSWER_BODY_MAX - 1, post->body);
	curl_easy_getinfo(post->running, CURLINFO_RESPONSE_CODE, &answer->status);
	curl_easy_getinfo(post->running, CURLINFO_RETRY_AFTER, &retry_after_s);
	if (retry_after_s > 0)
		answer->retry_after_s = (uint64_t)retry_after_s;
	note_certificate(post);
	note_bytes(post);
	leave_multi(post);
}

void post_done(CURL *easy, CURLcode code, uint64_t now_ns)
{
	char *found = NULL;
	struct post *post;

	if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &found) != CURLE_OK || !found)
		return;
	post = (struct post *)found;
	post->finished(post->owner, code, now_ns);
}

const char *post_body(const struct post *post)
{
	return post->body;
}
